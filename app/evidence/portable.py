"""Facts, case files and measures as they are handed from one installation to another, with a campaign.

What the other side knows already stays as it is; where it differs, that is told. Whether family or counsel
agreed to a name is for each group to find out: it is not handed on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import RedressError
from app.evidence.models import Fact, Measure, Person
from app.evidence.seeding import FILES, row_values

KINDS: Mapping[str, Any] = {"facts": Fact, "people": Person, "measures": Measure}
_NAMED = {"fact": "facts", "person": "people", "measure": "measures"}
_NEVER = frozenset({"agreed_on"})


@dataclass
class Taken:
    """What became of a folder's evidence: keys that are new, and keys that are known as something else."""

    new: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)


def written(session: Session, names: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """Return what names such as `fact.held_count` stand for, in the form of `seeds/evidence/`.

    A fact that was superseded brings the one that took its place.
    """
    wanted = {
        kind: {name.partition(".")[2] for name in names if _NAMED[name.partition(".")[0]] == kind}
        for kind in KINDS
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for kind, keys in wanted.items():
        rows = {row.key: row for row in session.scalars(select(KINDS[kind]))}
        todo = sorted(keys & rows.keys())
        for key in todo:
            later = getattr(rows[key], "superseded_by", "")
            if later in rows and later not in todo:
                todo.append(later)
        if todo:
            found[kind] = [_row(kind, rows[key]) for key in todo]
    return found


def take(session: Session, evidence: Mapping[str, Any], *, now: datetime) -> Taken:
    """Store what is not known here yet, in the caller's transaction.

    Args:
        session: that may write.
        evidence: rows by kind, as `written` returns them.
        now: the present instant.

    Raises:
        RedressError: it is not in that form.
    """
    taken = Taken()
    for kind, rows in evidence.items():
        if kind not in KINDS or not isinstance(rows, list) or not all(_is_row(row) for row in rows):
            raise RedressError("evidence.yaml holds facts, people and measures: lists of rows with a key.")
        known = {row.key: row for row in session.scalars(select(KINDS[kind]))}
        for position, given in enumerate(rows):
            row = known.get(given["key"])
            values = _values(kind, row, given, position, now)
            if row is None:
                session.add(KINDS[kind](key=given["key"], **values))
                taken.new.append(given["key"])
            elif _row(kind, row) != {name: part for name, part in given.items() if name not in _NEVER}:
                taken.different.append(given["key"])
    try:
        session.flush()
    except IntegrityError:
        raise RedressError(
            "evidence.yaml: a row is not whole, or says something that there is not."
        ) from None
    return taken


def _values(kind: str, row: Any, given: Mapping[str, Any], position: int, now: datetime) -> dict[str, Any]:
    try:
        return row_values(kind, row, given, {}, position=position, now=now)
    except (KeyError, TypeError, AttributeError) as error:
        raise RedressError(f"evidence.yaml: {given['key']} is not whole ({error}).") from None


def _is_row(row: object) -> bool:
    return isinstance(row, Mapping) and isinstance(row.get("key"), str)


def _row(kind: str, row: Any) -> dict[str, Any]:
    file = FILES[kind]
    names = [*file.lines, *file.texts, *file.plain, *dict(file.defaults)]
    values = {name: getattr(row, name) for name in names if name not in _NEVER}
    if isinstance(row, Person):
        values["history"] = row.history
    return {
        "key": row.key,
        **{name: value for name, value in values.items() if value not in (None, "", {}, [])},
        "sources": row.sources,
    }
