"""The encrypted values of a database of whatever edition: the keys that they need, and whether they open."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.backups.manifest import BackupError
from app.security.keys import KeyRing, KeysError, key_number, prefix
from app.security.sealed import bound_to, prefix_of

ENDING: Final = "_sealed"
"""Of the name of every column that `security.sealed` writes."""
TRIED: Final = 20
"""Values of each column and key that are opened, to know that they can be."""


def keys_needed(connection: Connection) -> set[int]:
    """Return the numbers of the keys that the values of a database were sealed with."""
    return {number for _column, number in _columns_and_keys(connection)}


def check_opens(connection: Connection, ring: KeyRing) -> int:
    """Open some values of every column, with every key that was used there.

    Returns:
        How many were opened.

    Raises:
        BackupError: one cannot be opened.
    """
    opened = 0
    for column, number in _columns_and_keys(connection):
        rows = connection.execute(
            sa.select(column.table.c.id, column).where(prefix_of(column) == prefix(number)).limit(TRIED)
        )
        for row_id, value in rows:
            place = bound_to(column.table.name, column.name, uuid.UUID(str(row_id)))
            try:
                ring.open(bytes(value), place)
            except KeysError as error:
                raise BackupError(
                    f"Values that are encrypted in it cannot be opened. {error.sentence} Nothing was changed."
                ) from None
            opened += 1
    return opened


def _columns_and_keys(connection: Connection) -> Iterator[tuple[sa.Column[Any], int]]:
    for name in sa.inspect(connection).get_table_names():
        table = sa.Table(name, sa.MetaData(), autoload_with=connection, resolve_fks=False)
        for column in table.columns:
            if column.name.endswith(ENDING):
                used = sa.select(prefix_of(column)).where(column.is_not(None)).distinct()
                for value in connection.scalars(used):
                    yield column, key_number(bytes(value))
