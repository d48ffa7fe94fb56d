"""Taking the rows out of a PostgreSQL database that is in use, and putting them into an empty one.

By the server's own COPY, over the connection that the site uses, in one snapshot; and not by pg_dump and
pg_restore, which are better kept than anything of ours. We tried: the pg_dump of the distribution (15)
refuses a newer server (18), our container has none, and each database of a hosting service wants another
one. And what pg_restore commits has letters in its queue and no stop, until a second command has set one:
in between a worker would send them. The tables' form, which is most of what pg_dump is good at, stands in
our numbered migrations, which are tested on both databases. So what is restored is built in a schema of
its own, which no worker looks at, by the migrations and by COPY; there it is settled, and from there it
moves into place in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, cast

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import URL, Connection, Engine

from app.backups.archive import BackupReader, BackupWriter
from app.backups.manifest import BackupError, Member, damaged

SCHEMA: Final = "redress_restoring"
VERSION: Final = "alembic_version"
"""Alembic's table: what stands in it stands in the manifest."""
_LOCK: Final = 0x52657374
"""Any number that nothing else in the database locks under."""
# As pg_dump says them: values are written so that each server reads the same.
_PLAINLY: Final = (
    "SET LOCAL client_encoding = 'UTF8'",
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL extra_float_digits = 3",
    "SET LOCAL statement_timeout = 0",
)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a connection that sees the database as it is at one instant; nobody waits for it."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        _speak_plainly(connection)
        yield connection


def _speak_plainly(connection: Connection) -> None:
    for statement in _PLAINLY:
        connection.exec_driver_sql(statement)


def copy_out(connection: Connection, backup: BackupWriter) -> dict[str, int]:
    """Write every table into a backup, and return how many rows each has."""
    cursor = _driver(connection).cursor()
    inspector = sa.inspect(connection)
    counts: dict[str, int] = {}
    for table in sorted(set(inspector.get_table_names()) - {VERSION}):
        columns = tuple(str(column["name"]) for column in inspector.get_columns(table))
        with (
            _refusals_told(),
            backup.member(f"{table}.copy", columns) as part,
            cursor.copy(_statement("COPY {} ({}) TO STDOUT", table, columns)) as rows,
        ):
            for block in rows:
                part.write(block)
        counts[table] = cursor.rowcount
    return counts


def copy_in(connection: Connection, backup: BackupReader) -> None:
    """Fill the tables of a database at the backup's edition. Part of the caller's transaction.

    Tables that the migrations do not make were somebody else's, and are left out.

    Raises:
        BackupError: the backup lacks a table, or has other columns or another count than it says.
    """
    _speak_plainly(connection)
    cursor = _driver(connection).cursor()
    inspector = sa.inspect(connection)
    in_order = [table for table, _keys in inspector.get_sorted_table_and_fkc_names() if table]
    tables = [table for table in in_order if table != VERSION]
    # What the migrations put there themselves is in the backup, as it became.
    listed = sql.SQL(", ").join(map(sql.Identifier, tables))
    cursor.execute(sql.SQL("TRUNCATE {}").format(listed))
    for table in tables:
        member = backup.manifest.member(f"{table}.copy")
        there = {str(column["name"]) for column in inspector.get_columns(table)}
        if member is None or set(member.columns) != there:
            raise damaged()
        _fill(cursor, table, member, backup.blocks(member))
        if cursor.rowcount != backup.manifest.counts[table]:
            raise damaged()


def _fill(cursor: psycopg.Cursor, table: str, member: Member, blocks: Iterable[bytes]) -> None:
    copy = _statement("COPY {} ({}) FROM STDIN", table, member.columns)
    with _refusals_told(), cursor.copy(copy) as rows:
        for block in blocks:
            rows.write(block)


def _statement(template: str, table: str, columns: Sequence[str]) -> sql.Composed:
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL(template).format(sql.Identifier(table), listed)


@contextmanager
def _refusals_told() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        # Its own words may quote a row.
        raise BackupError(f"The database refuses to copy its rows ({type(error).__name__}).") from None


def _driver(connection: Connection) -> psycopg.Connection:
    return cast(psycopg.Connection, connection.connection.driver_connection)


def is_empty(connection: Connection) -> bool:
    """Whether there is no table where the site would look for one."""
    return not sa.inspect(connection).get_table_names()


@dataclass(frozen=True)
class Aside:
    """A schema beside the one that the site uses.

    Attributes:
        url: leads to it.
        place: the schema that the site uses.
    """

    url: URL
    place: str


@contextmanager
def aside(engine: Engine, url: URL) -> Iterator[Aside]:
    """Make a schema for a database that is built beside another; nothing of it stays.

    Raises:
        BackupError: somebody else is building one there, or this account may not.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK))):
            raise BackupError("Another restore of this database is running. Nothing was changed.")
        try:
            drop = f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"
            connection.exec_driver_sql(drop)  # what a restore left that was killed
            _make_schema(connection)
            try:
                options = f"{url.query.get('options', '')} -c search_path={SCHEMA}".strip()
                place = connection.scalar(sa.select(sa.func.current_schema()))
                yield Aside(url.update_query_dict({"options": options}), str(place))
            finally:
                connection.exec_driver_sql(drop)
        finally:
            connection.scalar(sa.select(sa.func.pg_advisory_unlock(_LOCK)))


def _make_schema(connection: Connection) -> None:
    try:
        connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
    except sa.exc.ProgrammingError:
        raise BackupError(
            "This account may not make a schema in the database, which restoring takes: "
            "let it own the database, or GRANT CREATE on it. Nothing was changed."
        ) from None


def put_into_place(connection: Connection, place: str) -> bool:
    """Move what was built aside to where the site looks for it. Part of the caller's transaction.

    Returns:
        Whether that was done; False where there are tables by now.
    """
    inspector = sa.inspect(connection)
    if inspector.get_table_names(schema=place):
        return False
    preparer = connection.dialect.identifier_preparer
    for table in inspector.get_table_names(schema=SCHEMA):
        moved = f"{SCHEMA}.{preparer.quote(table)}"
        connection.exec_driver_sql(f"ALTER TABLE {moved} SET SCHEMA {preparer.quote(place)}")
    # Refused where anything is left in it.
    connection.exec_driver_sql(f"DROP SCHEMA {SCHEMA} RESTRICT")
    return True
