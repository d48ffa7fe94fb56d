"""Letters that go by post: gathered into a batch, printed as one PDF, and posted.

A copy that waits `to_print` is put into a batch, looked at once more as the worker looks at mails, and goes
on with its batch: printed, then posted with a day and a number. One step leads back.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.delivery import outbox
from app.delivery.models import Delivery, PrintBatch
from app.delivery.states import transition
from app.delivery.stops import stopped
from app.errors import NotFound, Refused
from app.letters.deciding import NOT_PRINTED, POSTED, PRINTED
from app.letters.dispatch import must_be_held
from app.letters.models import Letter
from app.recipients.models import Recipient
from app.security import audit

BATCH: Final = 200
"""Letters of one batch: what somebody folds on an evening, and what is printed in a few seconds."""
LONGEST_TRACKING: Final = 120
SHOWN: Final = 50


@dataclass(frozen=True)
class Waiting:
    """An office with how many letters wait to be printed for it, and since when."""

    recipient: Recipient
    count: int
    since: datetime


@dataclass(frozen=True)
class BatchLine:
    """A batch with how many of its letters are in each state."""

    id: uuid.UUID
    made_at: datetime
    made_by: str
    states: Counter[str]

    @property
    def name(self) -> str:
        """What it is called on screen and on paper."""
        return name_of(self.id)

    @property
    def total(self) -> int:
        """Letters that were not taken back."""
        return sum(count for state, count in self.states.items() if state != "cancelled")


@dataclass(frozen=True)
class BatchCopy:
    """A letter of a batch, by reference and office: no name, no text."""

    delivery: Delivery
    reference: str
    office: str


def waiting() -> list[Waiting]:
    """Return the offices for which letters wait that are in no batch yet, by their names."""
    query = (
        sa.select(Recipient, sa.func.count(), sa.func.min(Delivery.state_at))
        .join(Delivery, Delivery.recipient_id == Recipient.id)
        .where(*_WAITS)
        .group_by(Recipient.id)
        .order_by(Recipient.sort_key, Recipient.id)
    )
    return [Waiting(*row) for row in db.session.execute(query)]


_WAITS = (Delivery.kind == "letter", Delivery.state == "to_print", Delivery.print_batch_id.is_(None))


def batches() -> list[BatchLine]:
    """Return the newest batches, newest first."""
    newest = sa.select(PrintBatch).order_by(PrintBatch.made_at.desc(), PrintBatch.id).limit(SHOWN)
    found = list(db.session.scalars(newest))
    states = _states(db.session, [batch.id for batch in found])
    return [BatchLine(batch.id, batch.made_at, batch.made_by, states[batch.id]) for batch in found]


def batch_line(batch_id: uuid.UUID) -> BatchLine:
    """Return one batch.

    Raises:
        NotFound: there is none of that id.
    """
    batch = _batch(db.session, batch_id)
    return BatchLine(batch.id, batch.made_at, batch.made_by, _states(db.session, [batch.id])[batch.id])


def batch_copies(batch_id: uuid.UUID) -> list[BatchCopy]:
    """Return the letters of a batch, sorted by office, in the order in which they are printed."""
    query = in_order(batch_id).with_only_columns(Delivery, Letter.reference, Recipient.title)
    return [BatchCopy(*row) for row in db.session.execute(query)]


def in_order(batch_id: uuid.UUID) -> sa.Select[Delivery, Letter, Recipient]:
    """Return the question for the copies of a batch with letter and office, in the order of the paper."""
    return (
        sa.select(Delivery, Letter, Recipient)
        .join(Letter, Delivery.letter_id == Letter.id)
        .join(Recipient, Delivery.recipient_id == Recipient.id)
        .where(Delivery.print_batch_id == batch_id)
        .order_by(Recipient.sort_key, Recipient.id, Letter.reference)
    )


def _states(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Counter[str]]:
    counts: dict[uuid.UUID, Counter[str]] = {batch: Counter() for batch in ids}
    place = (Delivery.print_batch_id, Delivery.state)
    query = sa.select(*place, sa.func.count()).where(Delivery.print_batch_id.in_(ids)).group_by(*place)
    for batch_id, state, count in session.execute(query):
        if batch_id is not None:
            counts[batch_id][state] = count
    return counts


def gather(
    *, only: uuid.UUID | None, row_id: uuid.UUID, actor: str, now: datetime, most: int = BATCH
) -> BatchLine:
    """Put letters that wait into a new batch, oldest first.

    What must not leave as it is (its office changed, or what it states) is held instead; what is stopped
    waits on.

    Args:
        only: an office; None for all.
        row_id: of the batch: the same form sent twice makes one.
        actor: who gathers, as audit log and journal name them.
        now: the instant.
        most: how many letters at most.

    Raises:
        Refused: none waits that is not stopped.
    """
    with transaction() as session:
        if _begin_batch(session, row_id, actor=actor, now=now):
            _gather(session, session.get_one(PrintBatch, row_id), only, most)
    try:
        return batch_line(row_id)
    except NotFound:  # raised outside: what was held stays held
        raise Refused(_("None of the letters can be printed as it is; they are held now.")) from None


def _begin_batch(session: Session, row_id: uuid.UUID, *, actor: str, now: datetime) -> bool:
    """Store a batch; return whether it is new. The same form, posted twice at once, waits for the first."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    batch = insert(PrintBatch).values(id=row_id, made_at=now, made_by=actor)
    made = batch.on_conflict_do_nothing(index_elements=[PrintBatch.id]).returning(PrintBatch.id)
    return session.scalar(made) is not None


def _gather(session: Session, batch: PrintBatch, only: uuid.UUID | None, most: int) -> None:
    query = sa.select(Delivery).where(*_WAITS).order_by(Delivery.created_at, Delivery.id).limit(most)
    if only is not None:
        query = query.where(Delivery.recipient_id == only)
    query = query.where(*stopped(session).conditions())
    copies = session.scalars(query.with_for_update(skip_locked=True)).all()
    taken = []
    for copy in copies:
        if reason := must_be_held(session, copy):
            outbox.hold(session, copy, now=batch.made_at, cause=reason, actor=batch.made_by)
        else:
            taken.append(copy)
    if not copies:
        raise Refused(_("No letter waits to be printed, or what waits is stopped at Desk › Sending."))
    if not taken:
        session.delete(batch)
        return
    for copy in taken:
        copy.print_batch_id = batch.id
    detail = {"copies": str(len(taken)), "held": str(len(copies) - len(taken))}
    note(session, "post.gathered", batch.id, detail, actor=batch.made_by, now=batch.made_at)


def mark_printed(batch_id: uuid.UUID, *, actor: str, now: datetime) -> int:
    """Record that the letters of a batch are on paper; return how many.

    Raises:
        NotFound: there is no such batch.
        Refused: none of its letters waits to be printed.
    """

    def act(session: Session, copy: Delivery) -> None:
        transition(session, copy, "printed", now=now, cause=PRINTED, actor=actor)

    return _step(batch_id, "to_print", act, "post.printed", {}, actor=actor, now=now)


def back_to_print(batch_id: uuid.UUID, *, actor: str, now: datetime) -> int:
    """Take it back that the letters of a batch are on paper: the printer failed. As `mark_printed`."""

    def act(session: Session, copy: Delivery) -> None:
        transition(session, copy, "to_print", now=now, cause=NOT_PRINTED, actor=actor)

    return _step(batch_id, "printed", act, "post.not_printed", {}, actor=actor, now=now)


def give_up(batch_id: uuid.UUID, *, actor: str, now: datetime) -> int:
    """Let the letters of a batch that are not printed wait for another one. As `mark_printed`."""

    def act(_session: Session, copy: Delivery) -> None:
        copy.print_batch_id = None

    count = _step(batch_id, "to_print", act, "post.given_up", {}, actor=actor, now=now)
    with transaction() as session:
        left = sa.select(Delivery.id).where(Delivery.print_batch_id == batch_id).limit(1)
        if session.scalar(left) is None:
            session.delete(_batch(session, batch_id))
    return count


def mark_posted(batch_id: uuid.UUID, *, posted_on: date, tracking: str, actor: str, now: datetime) -> int:
    """Record that the printed letters of a batch were posted, or handed in.

    Args:
        batch_id: which.
        posted_on: the day.
        tracking: by what they can be followed, in words or numbers that their writers read; may be empty.
        actor: who says so.
        now: the instant.

    Returns:
        How many letters.

    Raises:
        NotFound: there is no such batch.
        Refused: none of its letters is printed, or the day cannot be.
    """
    batch = batch_line(batch_id)
    # A day ahead of UTC it may be where the letters are.
    if not batch.made_at.date() - timedelta(days=1) <= posted_on <= now.date() + timedelta(days=1):
        raise Refused(_("That day cannot be: it is before they were printed, or still to come."), "posted_on")
    if len(tracking) > LONGEST_TRACKING:
        raise Refused(_("That is too long."), "tracking")

    def act(session: Session, copy: Delivery) -> None:
        copy.posted_on, copy.receipt = posted_on, tracking
        transition(session, copy, "posted", now=now, cause=POSTED, actor=actor)

    detail = {"on": posted_on.isoformat()}
    return _step(batch_id, "printed", act, "post.posted", detail, actor=actor, now=now)


def _step(
    batch_id: uuid.UUID,
    state: str,
    act: Callable[[Session, Delivery], None],
    action: str,
    detail: dict[str, str],
    *,
    actor: str,
    now: datetime,
) -> int:
    with transaction() as session:
        _batch(session, batch_id)
        query = sa.select(Delivery).where(Delivery.print_batch_id == batch_id, Delivery.state == state)
        copies = session.scalars(query.order_by(Delivery.id).with_for_update()).all()
        if not copies:
            raise Refused(_("Somebody was here before: look at where the batch is now."))
        for copy in copies:
            act(session, copy)
        note(session, action, batch_id, {"copies": str(len(copies)), **detail}, actor=actor, now=now)
    return len(copies)


def _batch(session: Session, batch_id: uuid.UUID) -> PrintBatch:
    batch = session.get(PrintBatch, batch_id)
    if batch is None:
        raise NotFound(_("There is no such batch."))
    return batch


def note(
    session: Session,
    action: str,
    batch_id: uuid.UUID,
    detail: dict[str, str],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Write into the audit log what was done with a batch."""
    named = {"batch": name_of(batch_id), **detail}
    audit.record(session, action, actor=actor, now=now, kind="batch", object_id=batch_id, detail=named)


def name_of(batch_id: uuid.UUID) -> str:
    """Return what a batch is called on screen and on paper."""
    return batch_id.hex[:6].upper()
