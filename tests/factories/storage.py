"""What a database holds, all of it: to show that something changed nothing, or left nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.database import Base, SealedColumn, db

Content = dict[str, list[tuple[Any, ...]]]


def everything(*, but: str = "") -> Content:
    """Return every row of every table (`but` one), by table, in an order of their own."""
    with db.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in Base.metadata.sorted_tables
            if table.name != but
        }


def counts() -> dict[str, int]:
    """Return how many rows each table has that has any."""
    return {name: len(rows) for name, rows in everything().items() if rows}


def raw_bytes() -> bytes:
    """Return what lies on the disk of an SQLite database: the file, its journal, and what is beside it."""
    path = Path(str(db.engine.url.database))
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def decrypted() -> dict[str, list[Any]]:
    """Return every value that is encrypted at rest, opened, by column and row."""
    found: dict[str, list[Any]] = {}
    for mapper in Base.registry.mappers:
        for name, part in vars(mapper.class_).items():
            if isinstance(part, SealedColumn):
                rows = db.session.scalars(sa.select(mapper.class_).order_by(mapper.class_.id))
                found[f"{mapper.class_.__name__}.{name}"] = [(row.id, getattr(row, name)) for row in rows]
    return found


def readable() -> str:
    """Return all that whoever has the keys can read: every column as it is, and every sealed one opened."""
    db.session.rollback()
    return repr((everything(), decrypted()))
