"""Reading the audit log: its entries with the names of those who acted (writing: `app.security.audit`)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from app.database import db
from app.organizers.accounts import names_of_actors
from app.organizers.audit_words import action_name
from app.security.audit import AuditEntry, actor_of


@dataclass(frozen=True)
class AuditLine:
    """An entry as a page shows it.

    Attributes:
        entry: the row.
        who: the organizer's address, or what acted in place of a person.
        what: what was done, in words.
        whom: the organizer whom it was done to, if it was another one.
    """

    entry: AuditEntry
    who: str
    what: str
    whom: str


def lines(*, before: int | None = None, about: uuid.UUID | None = None, limit: int = 50) -> list[AuditLine]:
    """Return entries, newest first.

    Args:
        before: only entries with a smaller number (the last one of the page before).
        about: only entries about this object.
        limit: how many at most.
    """
    query = sa.select(AuditEntry).order_by(AuditEntry.number.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.number < before)
    if about is not None:
        query = query.where(AuditEntry.object_id == about)
    names = names_of_actors()
    return [_line(entry, names) for entry in db.session.scalars(query)]


def _line(entry: AuditEntry, names: dict[str, str]) -> AuditLine:
    whom = ""
    if entry.object_kind == "organizer" and entry.object_id and actor_of(entry.object_id) != entry.actor:
        whom = names.get(actor_of(entry.object_id), "")
    return AuditLine(entry, names.get(entry.actor, entry.actor), action_name(entry.action), whom)
