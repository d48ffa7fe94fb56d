"""Rows of hot paths: stored past the unit of work, by statements that are put together once.

SQLAlchemy's way costs several times what the database does. Whoever writes one row now and then takes
`database.transaction` and its session, and nothing of this.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import Session

from app.database import Base, SealedColumn, UtcDateTime

Row = TypeVar("Row", bound=Base)


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
            _hand_over(cursor, insertion.sql, insertion.rows)


def _hand_over(cursor: Any, sql: str, rows: Sequence[Any]) -> None:
    if len(rows) == 1:
        cursor.execute(sql, rows[0])
    else:
        cursor.executemany(sql, rows)


@contextlib.contextmanager
def driver_cursor(connection: Connection) -> Iterator[Any]:
    """Open a cursor of the driver's own, in a connection's transaction.

    Raises:
        DBAPIError: what SQLAlchemy makes of the driver's errors. One that came because the database is
            gone says so (`connection_invalidated`), and its connection is used no more.
    """
    errors, driver = connection.dialect.loaded_dbapi.Error, connection.connection
    with contextlib.closing(driver.cursor()) as cursor:
        try:
            yield cursor
        except errors as error:
            gone = connection.dialect.is_disconnect(error, driver, cursor)
            if gone:
                connection.invalidate(error)
            raise sa.exc.DBAPIError.instance(
                None, None, error, errors, connection_invalidated=gone
            ) from error


class Question:
    """A query that is put together once: that takes longer than asking it does.

    Args:
        query: with a `bindparam` for what is given each time. Of its answer the driver's own values are
            returned: for numbers, and for what is true or false.
    """

    def __init__(self, query: sa.Select[Any]) -> None:
        self._query = query

    def row(self, session: Session, **given: Any) -> Any:
        """Return the first row of the answer, as a tuple."""
        connection = session.connection()
        spelled = _spelled_out(self._query, connection.dialect)
        with driver_cursor(connection) as cursor:
            cursor.execute(spelled.sql, spelled.parameters(given))
            return cursor.fetchone()


class Change:
    """A change of rows that is put together once, and made for many of them at a time.

    Args:
        statement: with a `bindparam` for what is given each time; columns of new rows get no default.
    """

    def __init__(self, statement: sa.Insert | sa.Update) -> None:
        self._statement = statement

    def make(self, session: Session, given: Sequence[Mapping[str, Any]]) -> None:
        """Make it once for each of what is given, in that order."""
        if given:
            connection = session.connection()
            spelled = _spelled_out(self._statement, connection.dialect)
            rows = [spelled.parameters(one) for one in given]
            with driver_cursor(connection) as cursor:
                _hand_over(cursor, spelled.sql, rows)


class _SpelledOut:
    """A statement as a dialect has it.

    Args:
        statement: with a `bindparam` for what is given each time.
        dialect: the database's.
    """

    def __init__(self, statement: sa.Select[Any] | sa.Insert | sa.Update, dialect: Dialect) -> None:
        compiled = cast(Any, statement.compile(dialect=dialect))
        self.sql = str(compiled)
        self._named = compiled.positiontup is None
        names: Iterable[str] = compiled.binds if self._named else compiled.positiontup
        self._given = [(name, _converter(compiled.binds[name].type, dialect) or _same) for name in names]

    def parameters(self, given: Mapping[str, Any]) -> Any:
        """Return what the driver is given, as a tuple or by name, as the dialect has it."""
        if self._named:
            return {name: convert(given[name]) for name, convert in self._given}
        return tuple([convert(given[name]) for name, convert in self._given])  # no generator: it takes longer


_spelled_out = functools.cache(_SpelledOut)


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
