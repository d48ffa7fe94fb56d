"""The ground of everything that is stored: base class, types, and the one way to write.

Reading goes through `db.session`, which lives as long as the request. Writing goes through
`transaction()`, a session of its own that is one database transaction: it commits at the end of
the block or leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import itertools
import os
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import gettext as _
from flask_sqlalchemy_lite import SQLAlchemy
from flask_sqlalchemy_lite._extension import _close_async_sessions
from sqlalchemy.engine import URL, Connection, Dialect, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from app.errors import Unavailable

BUSY_SECONDS = 5.0
"""How long a writer waits for its turn before the person is told to try again."""


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An instant. Takes aware datetimes only and always gives back UTC, on both databases."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone is not an instant")
        value = value.astimezone(UTC)
        # SQLite keeps text and compares it as text: one zone for all, and no offset in it.
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SealedColumn:
    """A descriptor that keeps its value encrypted in another column of the same row (`security.sealed`)."""


Json = sa.JSON(none_as_null=True)


class Base(DeclarativeBase):
    """Every row has an `id` from the moment it is constructed, so that sealed columns can be bound to it."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        uuid.UUID: sa.Uuid(),
        list[str]: Json,
        dict[str, str]: Json,
        list[dict[str, str]]: Json,
    }

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, sort_order=-1)

    def __init__(self, **values: Any) -> None:
        self.id = values.pop("id", None) or uuid.uuid4()
        if unknown := values.keys() - _names_of(type(self)):
            raise TypeError(f"{type(self).__name__} has no “{min(unknown)}”")
        for name, value in values.items():
            setattr(self, name, value)


@functools.cache
def _names_of(model: type[Base]) -> frozenset[str]:
    return frozenset(dir(model))


Row = TypeVar("Row", bound=Base)

db = SQLAlchemy(
    # What a statement was given may be somebody's name: it has no place in an error's text.
    engine_options={"hide_parameters": True},
    session_options={"expire_on_commit": False},
)

_open: ContextVar[bool] = ContextVar("redress_transaction_open", default=False)


@contextlib.contextmanager
def transaction() -> Iterator[Session]:
    """Open the one write transaction of a service call.

    Yields:
        A session. It commits when the block ends and rolls back when the block raises.

    Raises:
        Unavailable: other writers held the database for longer than `BUSY_SECONDS`.
    """
    if _open.get():
        raise RuntimeError("a transaction is open already: hand its session down instead of opening another")
    db.session.rollback()  # what was read before may be stale after this, and SQLite cannot upgrade a reader
    token = _open.set(True)
    try:
        with _writers_turn(), db.sessionmaker() as session:
            session.connection(execution_options={"redress_write": True})
            yield session
            session.commit()
    finally:
        _open.reset(token)


def new_row(model: type[Row], **values: Any) -> Row:
    """Return a new row for `insert_rows`, and for nothing else: no session can hold it.

    It is made in a tenth of the time that the unit of work's own takes, with the same sealed columns.
    Keywords are those of the model. Its id begins with the time (`ordered_id`).

    Raises:
        TypeError: the model has no column or sealed column of that name.
    """
    plain, sealed, known = _plain(model)
    if not values.keys() <= known:
        raise TypeError(f"{model.__name__} has no “{min(values.keys() - known)}”")
    row: Row = plain()
    # Not by setattr, except where a column is sealed: these are all that is in such a row.
    row.__dict__["id"] = values.pop("id", None) or ordered_id()
    for name in sealed & values.keys():
        setattr(row, name, values.pop(name))
    row.__dict__.update(values)
    return row


def ordered_id() -> uuid.UUID:
    """Return an identifier that is greater than earlier ones (UUIDv7, RFC 9562 §5.7), for rows of hot paths.

    Rows that come together stand together in every index that begins with an identifier. 74 of its bits are
    random, as many as nobody guesses.
    """
    chance = int.from_bytes(os.urandom(10), "big")
    milliseconds = time.time_ns() // 1_000_000
    number = milliseconds << 80 | 0x7000 << 64 | 0x8000 << 48 | chance & ~(0xF000 << 64 | 0xC000 << 48)
    return uuid.UUID(int=number)


@functools.cache
def _plain(model: type[Row]) -> tuple[type[Row], frozenset[str], frozenset[str]]:
    """Return a class with a model's table and sealed columns, of which the unit of work knows nothing.

    With it the names of its sealed columns, and all names that a row can be given.
    """
    own = {name: part for name, part in vars(model).items() if isinstance(part, SealedColumn)}
    table = cast(sa.Table, model.__table__)
    parts = {"__table__": table, "__tablename__": model.__tablename__}
    known = own.keys() | {column.key for column in table.columns}
    return type(f"New{model.__name__}", (), own | parts), frozenset(own), frozenset(known)


@dataclass(frozen=True)
class Insertion:
    """A statement of SQL with what it stores, made by `insertions`."""

    sql: str
    rows: list[Any]


def insert_rows(session: Session, *rows: Base) -> None:
    """Store new rows at once, in the order given: one statement for each run of one kind.

    For hot paths: a quarter of the time of the unit of work. The rows are not attached to the session.
    """
    execute(session, insertions(session.get_bind().dialect, *rows))


def insertions(dialect: Dialect, *rows: Base) -> list[Insertion]:
    """Return what `insert_rows` would execute, for whoever wants it ready before a transaction begins."""
    made = []
    for (model, names), alike in itertools.groupby(rows, key=_kind_of):
        insert = _insert(model, names, dialect)
        made.append(Insertion(insert.sql, [insert.parameters(row.__dict__) for row in alike]))
    return made


def execute(session: Session, insertions: Iterable[Insertion]) -> None:
    """Store the rows of statements that were made before."""
    # Past SQLAlchemy, which takes as long for a statement as SQLite does.
    with driver_cursor(session.connection()) as cursor:
        for insertion in insertions:
            if len(insertion.rows) == 1:
                cursor.execute(insertion.sql, insertion.rows[0])
            else:
                cursor.executemany(insertion.sql, insertion.rows)


@contextlib.contextmanager
def driver_cursor(connection: Connection) -> Iterator[Any]:
    """Open a cursor of the driver's own, in a connection's transaction.

    Raises:
        DBAPIError: what SQLAlchemy makes of the driver's errors.
    """
    errors = connection.dialect.loaded_dbapi.Error
    with contextlib.closing(connection.connection.cursor()) as cursor:
        try:
            yield cursor
        except errors as error:
            raise sa.exc.DBAPIError.instance(None, None, error, errors) from error


class Question:
    """A query that is put together once: that takes longer than asking it does.

    Args:
        query: with a `bindparam` for what is given each time. Of its answer the driver's own values are
            returned: for numbers, and for what is true or false.
    """

    def __init__(self, query: sa.Select[Any]) -> None:
        self._spelled_out = functools.cache(lambda dialect: _spelled_out(query, dialect))

    def row(self, session: Session, **given: Any) -> Any:
        """Return the first row of the answer, as a tuple."""
        connection = session.connection()
        sql, places, converters = self._spelled_out(connection.dialect)
        values = {name: convert(given[name]) for name, convert in converters.items()}
        with driver_cursor(connection) as cursor:
            cursor.execute(sql, values if places is None else [values[name] for name in places])
            return cursor.fetchone()


def _spelled_out(
    query: sa.Select[Any], dialect: Dialect
) -> tuple[str, Sequence[str] | None, dict[str, Callable[[Any], Any]]]:
    """Return a query as a dialect has it: SQL, the order of what is given, how each of it is converted."""
    compiled = cast(Any, query.compile(dialect=dialect))
    converters = {name: _converter(bound.type, dialect) or _same for name, bound in compiled.binds.items()}
    return str(compiled), compiled.positiontup, converters


def _kind_of(row: Base) -> tuple[type[Base], tuple[str, ...]]:
    # Names in the order in which they were given: rows that the same lines of code make are of one kind.
    return type(row), tuple(row.__dict__)


class _Insert:
    """An insert of one kind of row, put together once: that takes longer than executing it does.

    Args:
        model: into whose table.
        names: what its rows have; columns that are not among them get their defaults.
        dialect: the database's.
    """

    def __init__(self, model: type[Base], names: Collection[str], dialect: Dialect) -> None:
        columns = cast(sa.Table, model.__table__).columns
        given = [column for column in columns if column.key in names]
        others = [column for column in columns if column.key not in names and column.default is not None]
        keys = [column.key for column in (*given, *others)]
        compiled = sa.insert(cast(sa.Table, model.__table__)).compile(dialect=dialect, column_keys=keys)
        self.sql = str(compiled)
        self._places = compiled.positiontup
        self._given = [(column.key, _converter(column.type, dialect)) for column in given]
        self._made: list[tuple[str, Callable[[Any], Any], Callable[[], Any]]] = []
        self._fixed: dict[str, Any] = {}
        for column in others:
            default, convert = cast(Any, column.default), _converter(column.type, dialect) or _same
            if default.is_callable:  # SQLAlchemy hands it an execution context, which none of ours looks at
                self._made.append((column.key, convert, functools.partial(default.arg, None)))
            else:
                self._fixed[column.key] = convert(default.arg)

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return what the driver is given for a row, as a tuple or by name, as the dialect has it."""
        stored = self._fixed | {
            name: values[name] if convert is None else convert(values[name]) for name, convert in self._given
        }
        for name, convert, make in self._made:
            stored[name] = convert(make())
        return stored if self._places is None else tuple(map(stored.__getitem__, self._places))


def _converter(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(kind, UtcDateTime):
        return _instant_converter(dialect)
    return kind.dialect_impl(dialect).bind_processor(dialect)


@functools.cache
def _instant_converter(dialect: Dialect) -> Callable[[Any], Any]:
    # What is stored together bears the same instants: each is spelled out once.
    convert = UtcDateTime().dialect_impl(dialect).bind_processor(dialect)
    return functools.lru_cache(maxsize=64)(convert or _same)


def _same(value: Any) -> Any:
    return value


_insert = functools.cache(_Insert)


@contextlib.contextmanager
def _writers_turn() -> Iterator[None]:
    lock: WriterLock | None = current_app.extensions.get("redress_writer_lock")
    if lock is None:
        yield
        return
    with lock.held():
        yield


class WriterLock:
    """Queues SQLite's writers, over threads and processes.

    SQLite's own busy handler polls and starves one of two steady writers; a lock that is taken
    before `BEGIN IMMEDIATE` lets each have its turn (see dependencies.md). A second file is the
    queue's door: whoever is next stands in it, so that a writer who has just finished cannot slip
    in again before those who wait.

    Args:
        path: the lock file, beside the database.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.threads = threading.Lock()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        deadline = time.monotonic() + BUSY_SECONDS
        if not self.threads.acquire(timeout=BUSY_SECONDS):
            raise _busy()
        try:
            with self.path.open("ab") as file:
                with self.path.with_name(self.path.name + ".next").open("ab") as door:
                    self._take(door.fileno(), deadline)
                    self._take(file.fileno(), deadline)
                yield
        finally:
            self.threads.release()

    def _take(self, descriptor: int, deadline: float) -> None:
        # The kernel lets go of the lock when the process dies, whatever it died of.
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise _busy() from None
                time.sleep(0.0005)


def _busy() -> Unavailable:
    return Unavailable(
        _("The site is very busy at the moment. Nothing was lost; please try again in a minute.")
    )


def init_database(app: Flask, url: str) -> None:
    """Connect an application to its database.

    Args:
        app: the application.
        url: a SQLAlchemy URL of SQLite or PostgreSQL (psycopg).
    """
    address = make_url(url)
    app.config["SQLALCHEMY_ENGINES"] = {"default": _engine_options(address)}
    db.init_app(app)
    # It also closes asynchronous sessions; there are none, and looking for them starts a thread each time.
    app.teardown_appcontext_funcs.remove(_close_async_sessions)
    if address.get_backend_name() == "sqlite":
        path = Path(address.database or "redress.sqlite")
        path.parent.mkdir(parents=True, exist_ok=True)
        app.extensions["redress_writer_lock"] = WriterLock(path.with_name(path.name + ".writers"))
        with app.app_context():
            sa.event.listen(db.engine, "connect", _prepare_sqlite)
            sa.event.listen(db.engine, "begin", _begin_sqlite)


def _engine_options(address: URL) -> dict[str, Any]:
    options: dict[str, Any] = {"url": address}
    if address.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": BUSY_SECONDS}
    else:
        # Who waits for a row that somebody else holds gets the same answer as SQLite's writers do.
        given = address.query.get("options", "")
        patience = f"{given} -c lock_timeout={int(BUSY_SECONDS * 1000)}".strip()
        connect = {"connect_timeout": 5, "options": patience}
        # A server can be restarted under us; a file cannot, and asking costs as much as a small query.
        options |= {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20, "connect_args": connect}
    return options


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: _begin_sqlite says which kind is wanted.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer that begins as a reader can be refused midway (SQLITE_BUSY_SNAPSHOT): begin as what it is.
    write = connection.get_execution_options().get("redress_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
