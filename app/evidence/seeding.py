"""Loading facts from `seeds/evidence/facts.yaml`: an upsert on the fact's key."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.database import transaction
from app.evidence.models import Fact
from app.yaml_files import read_yaml

FIELDS = [
    "register_id",
    "statement",
    "value",
    "value_text",
    "counted_by",
    "as_of",
    "confidence",
    "checked_on",
    "status",
    "note",
    "sources",
]
BY_LANGUAGE = frozenset({"statement", "value_text", "counted_by"})


def load_facts(path: Path) -> int:
    """Load the file in one transaction; facts that an organizer has edited stay as they are.

    Returns:
        How many facts the file holds.
    """
    facts = read_yaml(path) or []
    with transaction() as session:
        rows = {row.key: row for row in session.scalars(select(Fact))}
        for fact in facts:
            row = rows.get(fact["key"])
            if row is None:
                row = Fact(key=fact["key"])
                session.add(row)
            if row.edited_at is None:
                for name in FIELDS:
                    setattr(row, name, _value(name, fact.get(name)))
    return len(facts)


def _value(name: str, value: Any) -> Any:
    if name in BY_LANGUAGE:
        return value if isinstance(value, dict) else {"en": str(value)} if value else {}
    if name == "sources":
        return [
            {key: _text(part) for key, part in source.items() if part is not None} for source in value or ()
        ]
    if name in {"register_id", "value", "note"}:
        return "" if value is None else str(value).strip()
    if name == "status":
        return value or "current"
    return value


def _text(part: Any) -> str:
    return part.isoformat() if isinstance(part, date) else str(part)
