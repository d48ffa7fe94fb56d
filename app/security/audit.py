"""The audit log: appended to in the transaction of what it tells, each entry sealing the one before.

Hashes are HMACs under a key that is not in the database. Whoever can write to the database alone can
neither change an entry, nor take one out of the middle, without the chain telling it.

It stands on this floor because rooms that know nothing of organizers (recipients, deliveries) write
to it too.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Mapper, Session, mapped_column

from app.database import Base, Json, db
from app.security.keys import current_keys

COMMAND_LINE = "command line"
SYSTEM = "system"
SUPPORTER = "supporter"
"""Somebody with the link to their own data; who that is, is told nowhere."""
BEGINNING = bytes(32)
"""What stands before the first entry."""
_LOCK = 0x52656472
"""Any number that nothing else in the database locks under."""


class AuditEntry(Base):
    """What was done at the desk, by whom, to what. Only ever appended to.

    `actor` is `organizer:<id>`, `command line`, `system` or `supporter`. `detail` holds what a reader
    needs to understand the entry: names of fields, roles, states; never a letter's text, never anything
    about a supporter. `hash` covers all of it and the entry before (see `first_broken`).
    """

    __tablename__ = "audit_entries"

    number: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(sa.String(80))
    action: Mapped[str] = mapped_column(sa.String(60))
    object_kind: Mapped[str] = mapped_column(sa.String(40), default="")
    object_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    detail: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    previous_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)


@sa.event.listens_for(AuditEntry, "before_update")
@sa.event.listens_for(AuditEntry, "before_delete")
def _refuse_change(_mapper: Mapper[AuditEntry], _connection: sa.Connection, entry: AuditEntry) -> None:
    raise RuntimeError(f"entry {entry.number} of the audit log was about to be changed")


def actor_of(organizer_id: uuid.UUID) -> str:
    """Return how the log names an organizer."""
    return f"organizer:{organizer_id}"


def record(
    session: Session,
    action: str,
    *,
    actor: str,
    now: datetime,
    kind: str = "",
    object_id: uuid.UUID | None = None,
    detail: Mapping[str, str] | None = None,
) -> AuditEntry:
    """Append an entry.

    Args:
        session: the write transaction of what is being done.
        action: what, as `noun.verb`, such as `recipient.closed`.
        actor: `actor_of(...)`, `COMMAND_LINE`, `SYSTEM` or `SUPPORTER`.
        now: when.
        kind: what sort of object it was done to.
        object_id: which one.
        detail: what else a reader needs; nothing personal of supporters, no letter text.
    """
    last = _last(session)
    entry = AuditEntry(
        number=last.number + 1 if last else 1,
        at=now.astimezone(UTC),
        actor=actor,
        action=action,
        object_kind=kind,
        object_id=object_id,
        detail=dict(detail or {}),
        previous_hash=last.hash if last else BEGINNING,
    )
    entry.hash = _hash_of(entry)
    session.add(entry)
    session.flush()
    return entry


def take_turn(session: Session) -> None:
    """Wait until nobody else appends to the log, and let nobody do so until the transaction ends.

    For whoever looks before deciding what to do and to record; `record` does it by itself.
    """
    # SQLite has only one writer anyway.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _last(session: Session) -> AuditEntry | None:
    take_turn(session)
    return session.scalar(sa.select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1))


def _hash_of(entry: AuditEntry) -> bytes:
    return current_keys().mac("audit", entry.previous_hash + canonical(entry))


def canonical(entry: AuditEntry) -> bytes:
    """Return the one spelling of an entry that its hash is made from: JSON, sorted, ASCII, no blanks."""
    told = {
        "number": entry.number,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "kind": entry.object_kind,
        "object": str(entry.object_id) if entry.object_id else None,
        "detail": entry.detail,
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode("ascii")


def first_broken(entries: Iterable[AuditEntry]) -> int | None:
    """Follow the chain from its beginning.

    Args:
        entries: all of them, by number.

    Returns:
        The number of the first entry that was changed or follows a gap, or None if the chain is whole.
    """
    expected, previous = 1, BEGINNING
    for entry in entries:
        if entry.number != expected or entry.previous_hash != previous or entry.hash != _hash_of(entry):
            return expected
        expected, previous = expected + 1, entry.hash
    return None


def check_chain() -> int | None:
    """Return the number of the first broken entry of the stored log, or None (see `first_broken`)."""
    query = sa.select(AuditEntry).order_by(AuditEntry.number).execution_options(yield_per=500)
    with closing(db.session.scalars(query)) as entries:
        return first_broken(entries)
