"""Columns that are encrypted at rest: AES-256-GCM, bound to their table, column and row.

A plain SQLAlchemy type does not know the row that it stores, so a value could be moved from one
person's row to another's unnoticed. A descriptor knows it: the row's id is part of what the
value is authenticated with.
"""

from __future__ import annotations

import uuid
from typing import Any, overload

import sqlalchemy as sa

from app.database import SealedColumn
from app.security.keys import KEY_ID_BYTES, current_keys


def bound_to(table: str, column: str, row_id: uuid.UUID) -> bytes:
    """Return what a sealed value is authenticated with: the place that it belongs to."""
    return f"{table}.{column}:{row_id.hex}".encode()


def prefix_of(column: sa.Column[Any]) -> sa.ColumnElement[bytes]:
    """Return, for a query, what tells which key has sealed the values of a column (see `keys.prefix`)."""
    # Not the value itself: PostgreSQL would fetch all of a letter to look at its first two bytes.
    return sa.func.substr(column, 1, KEY_ID_BYTES, type_=sa.LargeBinary())


def _bound_to(row: Any, column: str) -> bytes:
    return bound_to(row.__tablename__, column, row.id)


class SealedBytes(SealedColumn):
    """Bytes that are stored encrypted in another column of the same row.

    Args:
        column: name of the `bytes` column that holds the sealed value.
    """

    def __init__(self, column: str) -> None:
        self.column = column

    @overload
    def __get__(self, row: None, owner: type) -> SealedBytes: ...
    @overload
    def __get__(self, row: object, owner: type) -> bytes | None: ...
    def __get__(self, row: object | None, owner: type) -> SealedBytes | bytes | None:
        if row is None:
            return self
        sealed = getattr(row, self.column)
        return None if sealed is None else current_keys().open(sealed, _bound_to(row, self.column))

    def __set__(self, row: object, value: bytes | None) -> None:
        sealed = None if value is None else current_keys().seal(value, _bound_to(row, self.column))
        setattr(row, self.column, sealed)


class SealedText(SealedColumn):
    """Text that is stored encrypted in another column of the same row; absent text reads as ''.

    Args:
        column: name of the `bytes` column that holds the sealed value.
    """

    def __init__(self, column: str) -> None:
        self.column = column

    @overload
    def __get__(self, row: None, owner: type) -> SealedText: ...
    @overload
    def __get__(self, row: object, owner: type) -> str: ...
    def __get__(self, row: object | None, owner: type) -> SealedText | str:
        if row is None:
            return self
        sealed = getattr(row, self.column)
        return "" if sealed is None else current_keys().open(sealed, _bound_to(row, self.column)).decode()

    def __set__(self, row: object, value: str) -> None:
        sealed = current_keys().seal(value.encode(), _bound_to(row, self.column)) if value else None
        setattr(row, self.column, sealed)
