"""Letters that leave together: who waits for the next digest, and which letters one mail carries.

A digest changes nothing about the letters in it. Each keeps its bytes, its Message-ID, its attempts and
its journal; only the transaction with the mail server is one. A letter's `slot_at` is the digest that it
waited for: once that has come, it leaves, also where it must be tried again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.delivery import pacing
from app.delivery.envelope import BrokenEnvelope, Envelope
from app.delivery.limits import UNLIMITED, Limits
from app.delivery.models import Delivery
from app.delivery.pacing import Due
from app.security.keys import current_keys

MOST: Final = 100
"""Letters in one mail; what is more makes another one."""

Gatherer = Callable[[uuid.UUID, Sequence[Envelope], datetime], Envelope]
"""Makes the mail that carries letters to one address: of its digest's id, the letters, and its Date."""


def nothing_to_gather(_digest_id: uuid.UUID, _letters: Sequence[Envelope], _now: datetime) -> Envelope:
    """Refuse: this worker was told of no office that gets its letters together."""
    raise BrokenEnvelope("nobody told this worker how to make one mail of several letters")


def digest_of(deliveries: Sequence[uuid.UUID]) -> uuid.UUID:
    """Return the id of the mail that carries just these: the same each time, so that it is one mail."""
    members = b"".join(sorted(one.bytes for one in deliveries))
    return uuid.UUID(bytes=current_keys().mac("digest", members)[:16])


def sort_out(
    rows: Sequence[Due], *, limits: Limits, now: datetime
) -> tuple[list[Due], dict[uuid.UUID, datetime], list[uuid.UUID]]:
    """Tell letters that go together from what goes alone.

    Returns:
        What goes alone; when to look again at letters whose digest has not come; and the offices whose
        digest has come, with whatever is due for them (see `gather`).
    """
    if limits is UNLIMITED:
        return list(rows), {}, []
    letters_to = {row.recipient_id for row in rows if row.kind == "letter" and row.recipient_id}
    wishes = {office: limits.wishes_of(office) for office in letters_to}
    alone, offices = [], dict[uuid.UUID, list[Due]]()
    for row in rows:
        if row.kind == "letter" and row.recipient_id and wishes[row.recipient_id].digest:
            offices.setdefault(row.recipient_id, []).append(row)
        else:
            alone.append(row)
    ready = [id_ for id_, letters in offices.items() if any(_has_come(row, now) for row in letters)]
    waiting = {
        row.id: wishes[id_].next_digest(now)
        for id_, letters in offices.items()
        if id_ not in ready
        for row in letters
    }
    return alone, waiting, ready


def _has_come(row: Due, now: datetime) -> bool:
    return row.slot_at is not None and row.slot_at <= now


def gather(
    session: Session,
    due: sa.Select[*tuple[Any, ...]],
    office: uuid.UUID,
    *,
    worker: str,
    now: datetime,
    limits: Limits,
) -> list[Due]:
    """Return the letters of an office's digest, locked, the oldest first. Part of the caller's transaction.

    The mail counts as one letter to its domain. Where it must wait for its turn, its letters do.

    Args:
        session: holds no lock yet: others who look at the same letters are waited for, so that two
            workers never make two mails of them.
        due: selects what may be claimed.
        office: the office.
        worker, now, limits: as for `pacing.allot`.
    """
    of_office = due.where(Delivery.recipient_id == office, Delivery.kind == "letter")
    query = of_office.order_by(None).order_by(Delivery.id).limit(MOST).with_for_update()
    rows = [Due(*row) for row in session.execute(query)]
    if not rows:
        return []
    mail = replace(rows[0], campaign_id=None)
    granted, later = pacing.allot(session, [mail], worker=worker, now=now, limits=limits, most=1)
    if not granted:
        pacing.defer(session, {row.id: later[mail.id] for row in rows})
        return []
    return sorted(rows, key=lambda row: (row.due_at or now, row.id))
