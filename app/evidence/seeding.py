"""Loading what is known from `seeds/evidence/`: an upsert on each row's key.

A row that an organizer has edited stays as it is. `sources.yaml` holds sources by a short name, under which
the other files name them; a source may also be written out where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import transaction
from app.errors import RedressError
from app.evidence.models import ContentRule, Fact, Measure, Person, TimelineEvent
from app.yaml_files import read_yaml

Row = Fact | Person | Measure | TimelineEvent | ContentRule
Sources = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class _File:
    """How a file is read: its model, and its fields by kind. What is missing gets the kind's empty value."""

    model: type[Any]
    lines: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = ()  # type: ignore[assignment]

    def values(self, row: Mapping[str, Any], sources: Sources) -> dict[str, Any]:
        """Return a row's values as they are stored."""
        found: dict[str, Any] = {name: _line(row.get(name)) for name in self.lines}
        found |= {name: _texts(row.get(name)) for name in self.texts}
        found |= {name: row.get(name) for name in self.plain}
        found |= {name: row.get(name, value) for name, value in dict(self.defaults).items()}
        if hasattr(self.model, "sources"):
            found["sources"] = _sources(row, sources)
        return found


FILES: dict[str, _File] = {
    "facts": _File(
        Fact,
        lines=("topic", "register_id", "value", "note", "superseded_by"),
        texts=("statement", "value_text", "counted_by"),
        plain=("as_of", "confidence", "checked_on"),
        defaults={"status": "current"},
    ),
    "people": _File(
        Person,
        lines=("topic", "note"),
        texts=("name", "office"),
        plain=("detained_on", "agreed_on", "checked_on"),
        defaults={"aliases": []},
    ),
    "measures": _File(
        Measure,
        lines=("topic", "number", "jurisdiction", "session", "sponsor", "note"),
        texts=("chamber", "title"),
        plain=("status", "introduced_on", "lapses_on", "last_verified_on"),
    ),
    "timeline": _File(
        TimelineEvent,
        lines=("topic",),
        texts=("text",),
        plain=("day", "until", "checked_on"),
        defaults={"precision": "day", "confidence": "high", "campaign_action": False},
    ),
    "content_rules": _File(
        ContentRule,
        lines=("register_id", "level"),
        texts=("pattern", "unless", "reason", "replacement"),
    ),
}


def load_evidence(folder: Path, *, now: datetime) -> int:
    """Load every file that is there, in one transaction.

    Args:
        folder: with `facts.yaml`, `people.yaml`, … and `sources.yaml`.
        now: the instant from which what is not current may not be stated.

    Returns:
        How many rows the files hold.

    Raises:
        RedressError: a file cannot be read, or names a source that there is not.
    """
    files = {name: read_yaml(path) or [] for name in FILES if (path := folder / f"{name}.yaml").exists()}
    known = folder / "sources.yaml"
    sources: Sources = (read_yaml(known) or {}) if known.exists() else {}
    with transaction() as session:
        for name, rows in files.items():
            _load(session, name, rows, sources, now)
    return sum(map(len, files.values()))


def _load(session: Session, kind: str, rows: list[dict[str, Any]], sources: Sources, now: datetime) -> None:
    model = FILES[kind].model
    there: dict[str, Row] = {row.key: row for row in session.scalars(select(model))}
    for position, given in enumerate(rows):
        row = there.get(given["key"])
        if row is None:
            row = model(key=given["key"])
            session.add(row)
        if row.edited_at is not None:
            continue
        for name, value in row_values(kind, row, given, sources, position=position, now=now).items():
            if getattr(row, name) != value:
                setattr(row, name, value)


def row_values(
    kind: str, row: Row | None, given: Mapping[str, Any], sources: Sources, *, position: int, now: datetime
) -> dict[str, Any]:
    """Return what a row of a file says, as it is stored.

    Args:
        kind: which file, as `FILES` names it.
        row: the stored row; None if there is none yet.
        given: the row of the file.
        sources: by their short names.
        position: where it stands in its file.
        now: the instant from which what is not current may not be stated.
    """
    values = FILES[kind].values(given, sources)
    if kind == "people":
        values |= {"position": position, "history": _history(given, sources)}
        values["status"] = values["history"][-1]["status"]
        if row is None or row.status != values["status"]:  # type: ignore[union-attr]
            values["status_at"] = now
    elif kind == "facts":
        since = row.withdrawn_at if isinstance(row, Fact) else None
        values["withdrawn_at"] = None if values["status"] == "current" else since or now
    return values


def _history(given: Mapping[str, Any], sources: Sources) -> list[dict[str, Any]]:
    return [
        {
            "status": entry["status"],
            "day": _text(entry["day"]),
            "text": _texts(entry.get("text")),
            "confidence": entry["confidence"],
            "sources": _sources(entry, sources),
        }
        for entry in given["history"]
    ]


def _sources(row: Mapping[str, Any], known: Sources) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for source in row.get("sources") or ():
        if isinstance(source, dict):
            found.append({name: _text(part) for name, part in source.items() if part is not None})
        elif source in known:
            found += [
                {"ref": source, **{name: _text(part) for name, part in one.items()}} for one in known[source]
            ]
        else:
            raise RedressError(f"sources.yaml has no “{source}”, which “{row.get('key', '')}” names.")
    return found


def _texts(value: Any) -> dict[str, str]:
    return value if isinstance(value, dict) else {"en": str(value)} if value else {}


def _line(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _text(part: Any) -> str:
    return part.isoformat() if isinstance(part, date) else str(part)
