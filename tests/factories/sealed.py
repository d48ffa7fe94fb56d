"""What is sealed in a database, found by the names of its columns and not by the program's own means."""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.clock import now
from app.database import Base, SealedColumn, db, transaction
from app.hot_rows import insert_rows, new_row
from app.security.keys import KeyRing
from app.security.sealed import SealedBytes
from app.supporters.models import Supporter
from tests.factories.campaigns import store_campaign
from tests.factories.letters import write_and_confirm
from tests.factories.replies import share_reply

Place = tuple[str, str, uuid.UUID]
"""Table, column and row of a sealed value."""


def own_keys(environ: dict[str, str], folder: Path) -> dict[str, str]:
    """Return an environment with a key file of its own, which holds the keys that there were."""
    path = folder / "own" / "keys.json"
    path.parent.mkdir()
    shutil.copy(environ["REDRESS_KEYS_FILE"], path)
    return environ | {"REDRESS_KEYS_FILE": str(path)}


def store_all_kinds() -> None:
    """Store letters, and a value in each sealed column of each of their rows and of an answer."""
    write_and_confirm(store_campaign())
    share_reply()
    for mapper in Base.registry.mappers:
        parts = {name: part for name, part in vars(mapper.class_).items() if isinstance(part, SealedColumn)}
        if parts:
            with transaction() as session:
                _fill(session, mapper.class_, parts)


def _fill(session: Session, model: type[Base], parts: dict[str, SealedColumn]) -> None:
    rows = session.scalars(sa.select(model)).all()
    assert rows, f"no row of {model.__name__}: store one here, so that its sealed columns are tried"
    for row in rows:
        for name, part in parts.items():
            if getattr(row, part.column) is None:
                text = f"{name} of {row.id}"
                setattr(row, name, text.encode() if isinstance(part, SealedBytes) else text)


def store_supporters(count: int) -> None:
    """Store so many people, with everything that can be known of them."""
    names = ("email", "name", "title", "affiliation", "city", "region", "postal_code")
    with transaction() as session:
        for number in range(count):
            told = {name: f"{name} of {number}" for name in names}
            plain = {"email_index": number.to_bytes(32), "country": "FR", "language": "en"}
            insert_rows(session, new_row(Supporter, **told, **plain, created_at=now()))


def sealed_values() -> dict[Place, bytes]:
    """Return every sealed value, as it is stored."""
    found: dict[Place, bytes] = {}
    with db.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            names = [column.name for column in table.columns if column.name.endswith("_sealed")]
            for row in connection.execute(sa.select(table)).mappings() if names else ():
                found |= {(table.name, name, row["id"]): row[name] for name in names if row[name] is not None}
    return found


def opened(ring: KeyRing, values: dict[Place, bytes]) -> dict[Place, bytes]:
    """Open sealed values with nothing but these keys.

    Raises:
        KeysError: one cannot be opened.
    """
    return {
        (table, column, row): ring.open(sealed, f"{table}.{column}:{row.hex}".encode())
        for (table, column, row), sealed in values.items()
    }


def keys_used() -> Counter[int]:
    """Return how many values each key has sealed, by its number."""
    return Counter(int.from_bytes(sealed[:2], "big") for sealed in sealed_values().values())
