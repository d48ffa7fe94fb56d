"""Sealing anew, under a newer key, what is stored, while everybody goes on working.

What a value opens to stays the same, and so does the place that it is bound to. Values are read and
sealed without a lock; each batch is stored in one short transaction, and only where a row still holds
what was read. So it can be stopped at any point and begun again.
"""

from __future__ import annotations

import functools
import itertools
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.database import Base, SealedColumn, db, transaction, write_back
from app.errors import RedressError
from app.security.keys import KeysError, current_keys, key_number, prefix
from app.security.sealed import bound_to, prefix_of

BATCH: Final = 100
"""Rows that are stored at once: letters have some ten thousand bytes, and writers should not wait."""
PASSES: Final = 20
"""So often the tables are gone through, at most: where an old copy of the key file is used, it never ends."""
BETWEEN: Final = 0.5
"""Seconds between two passes: what somebody had locked is free by then."""

SealedTable = tuple[sa.Table, tuple[str, ...]]


def sealed_tables() -> list[SealedTable]:
    """Return every table that has sealed columns, with their names.

    They are found by the models' descriptors, by which alone anything is sealed.

    Raises:
        RedressError: the database has a sealed column that no model of this program has.
    """
    found = []
    for mapper in Base.registry.mappers:
        parts = itertools.chain.from_iterable(vars(part).values() for part in mapper.class_.__mro__)
        names = sorted({part.column for part in parts if isinstance(part, SealedColumn)})
        if names:
            found.append((cast(sa.Table, mapper.local_table), tuple(names)))
    known = {(table.name, name) for table, names in found for name in names}
    for (_schema, table), columns in sa.inspect(db.engine).get_multi_columns().items():
        for column in columns:
            if column["name"].endswith("_sealed") and (table, column["name"]) not in known:
                raise RedressError(
                    f"The database has a sealed column that is not known here: {table}.{column['name']}. "
                    "Nothing was changed."
                )
    return sorted(found, key=lambda one: one[0].name)


def _older(column: sa.Column[Any], number: int) -> sa.ColumnElement[bool]:
    """Return the condition that a key older than this one has sealed a value."""
    return prefix_of(column) < prefix(number)


def count_older(number: int) -> int:
    """Return how many values keys older than this one have sealed. Every row is looked at."""
    db.session.rollback()  # as it is now, and not as somebody has read it before
    total = 0
    for table, names in sealed_tables():
        each = [sa.func.count(sa.case((_older(table.c[name], number), 1))) for name in names]
        total += sum(db.session.execute(sa.select(*each).select_from(table)).one())
    return total


def any_opens(number: int) -> bool:
    """Whether anything that older keys have sealed can be opened: what is damaged needs no key."""
    return any(
        _opened(table, row, name) is not None
        for table, names in sealed_tables()
        for page in _pages(table, names, number)
        for row in page
        for name in names
        if _is_older(row[name], number)
    )


@dataclass(frozen=True)
class Resealed:
    """What came of sealing anew.

    Args:
        rows: how many rows were stored.
        closed: how many values cannot be opened, by table and column; they are as they were.
        complete: whether nothing else was left under an older key when the tables were last gone through.
    """

    rows: int
    closed: Counter[str]
    complete: bool


def reseal(number: int, *, until: float, told: Callable[[int], None]) -> Resealed:
    """Seal anew what keys older than this one have sealed.

    Args:
        number: of the key that seals.
        until: an instant of `time.monotonic`: what is found before it is not the last. Other processes seal
            with an older key until they have seen that the key file changed.
        told: is told after each batch how many rows were stored.

    Returns:
        What came of it.
    """
    tables, rows, passes = sealed_tables(), 0, 0
    while True:
        early, one, passes = time.monotonic() < until, _Pass(), passes + 1
        for table, names in tables:
            for page in _pages(table, names, number):
                anew = _sealed_anew(table, page, names, number, one.closed)
                one.found += len(anew)
                rows += _store(table, anew)
                told(rows)
        if passes == PASSES or not (early or one.found):
            if rows:
                write_back()
            return Resealed(rows, one.closed, complete=not one.found)
        time.sleep(max(BETWEEN, until - time.monotonic()))


@dataclass
class _Pass:
    """What was found under older keys, going once through all tables: rows, and what cannot be opened."""

    found: int = 0
    closed: Counter[str] = field(default_factory=Counter)


def _pages(table: sa.Table, names: Sequence[str], number: int) -> Iterator[Sequence[sa.RowMapping]]:
    """Yield the rows with a value under an older key, in the order of their ids."""
    columns = [table.c[name] for name in names]
    query = sa.select(table.c.id, *columns).where(sa.or_(*(_older(column, number) for column in columns)))
    last = None
    while True:
        db.session.rollback()  # as it is now
        further = query if last is None else query.where(table.c.id > last)
        page = db.session.execute(further.order_by(table.c.id).limit(BATCH)).mappings().all()
        if page:
            yield page
        if len(page) < BATCH:
            return
        last = page[-1]["id"]


@dataclass(frozen=True)
class _Anew:
    """A row's values under an older key, and what they are sealed as anew."""

    row: uuid.UUID
    before: Mapping[str, bytes]
    after: Mapping[str, bytes]


def _sealed_anew(
    table: sa.Table, page: Sequence[sa.RowMapping], names: Sequence[str], number: int, closed: Counter[str]
) -> list[_Anew]:
    made = []
    for row in page:
        before: dict[str, bytes] = {}
        after: dict[str, bytes] = {}
        for name in names:
            if not _is_older(row[name], number):
                continue
            plain = _opened(table, row, name)
            if plain is None:
                closed[f"{table.name}.{name}"] += 1
            else:
                before[name] = row[name]
                after[name] = current_keys().seal(plain, bound_to(table.name, name, row["id"]))
        if before:
            made.append(_Anew(row["id"], before, after))
    return made


def _is_older(sealed: bytes | None, number: int) -> bool:
    return sealed is not None and key_number(sealed) < number


def _opened(table: sa.Table, row: sa.RowMapping, name: str) -> bytes | None:
    try:
        return current_keys().open(row[name], bound_to(table.name, name, row["id"]))
    except KeysError:
        return None


def _store(table: sa.Table, anew: Sequence[_Anew]) -> int:
    if not anew:
        return 0
    with transaction() as session:
        free = _lock_free(session, table, [one.row for one in anew])
        by_names: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for one in anew:
            if one.row in free:
                before = {f"old_{name}": value for name, value in one.before.items()}
                after = {f"new_{name}": value for name, value in one.after.items()}
                by_names.setdefault(tuple(one.before), []).append({"row": one.row, **before, **after})
        connection = session.connection()
        return sum(connection.execute(_swap(table, names), rows).rowcount for names, rows in by_names.items())


def _lock_free(session: Session, table: sa.Table, rows: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Lock those that nobody else has locked: we would hold some, and wait for who may wait for them."""
    query = sa.select(table.c.id).where(table.c.id.in_(rows))
    return set(session.scalars(query.with_for_update(key_share=True, skip_locked=True)))


@functools.cache
def _swap(table: sa.Table, names: tuple[str, ...]) -> sa.Update:
    """Return the statement that stores a row's values where it still holds those that were read."""
    unchanged = [table.c[name] == sa.bindparam(f"old_{name}") for name in names]
    values: dict[str, sa.BindParameter[Any]] = {name: sa.bindparam(f"new_{name}") for name in names}
    return sa.update(table).where(table.c.id == sa.bindparam("row"), *unchanged).values(values)


@dataclass(frozen=True)
class Census:
    """Which keys have sealed how many values.

    Args:
        by_key: how many of those that were looked at, by number.
        whole: whether every row was looked at.
    """

    by_key: Counter[int]
    whole: bool


def census(most: int) -> Census:
    """Look which keys have sealed what is stored, at the first and the last rows of each table.

    Args:
        most: so many rows at each end of a table.
    """
    by_key, whole = Counter[int](), True
    for table, names in sealed_tables():
        query = sa.select(table.c.id, *(prefix_of(table.c[name]) for name in names)).limit(most)
        rows: dict[uuid.UUID, Sequence[bytes | None]] = {}
        for order in (table.c.id.asc(), table.c.id.desc()):
            for row_id, *prefixes in db.session.execute(query.order_by(order)):
                rows[row_id] = prefixes
        whole = whole and len(rows) < 2 * most
        by_key.update(key_number(one) for row in rows.values() for one in row if one is not None)
    return Census(by_key, whole)
