"""The outbox as the rest of the house sees it: put mails in, take them back, decide about them.

A function that takes a session is part of the caller's transaction, so that what is to be
sent is written together with the decision to send it. What workers do with the outbox stands in
`claims`, `journal` and `takeover`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app.database import Base
from app.delivery import causes
from app.delivery.attempts import is_dot_pending
from app.delivery.envelope import Envelope, Recipe
from app.delivery.models import Delivery
from app.delivery.states import WITHDRAWABLE, IllegalTransition, Locked, first_rows, lock_row, move, reread
from app.hot_rows import new_row

NOTICE_PRIORITY: Final = 1
LETTER_PRIORITY: Final = 5
"""Less leaves earlier: somebody waits at the screen for a confirmation mail."""
PATIENT_PRIORITY: Final = 8
"""For our own mails that nobody waits for: every letter goes first."""


def enqueue(session: Session, delivery: Delivery, *, envelope: Envelope, now: datetime, actor: str) -> None:
    """Freeze a delivery and put it into the queue. Part of the caller's transaction.

    Args:
        session: the caller's write transaction.
        delivery: a delivery by e-mail, awaiting confirmation or held, that was never frozen.
        envelope: what is sent, from now on the same at every attempt.
        now: the instant; it may leave from then on.
        actor: who decided: `supporter`, `redress`, or an organizer's id.

    Raises:
        IllegalTransition: it is not in a state from which it could leave.
        AlreadyFrozen: it has bytes already: what was confirmed never changes.
    """
    _freeze(delivery, envelope)
    _queue(session, delivery, {"awaiting_confirmation", "held"}, now=now, cause=causes.QUEUED, actor=actor)


def notice_rows(
    *, mail: Envelope | Recipe, now: datetime, actor: str = "redress", priority: int = NOTICE_PRIORITY
) -> tuple[Base, ...]:
    """Return what `insert_rows` stores to put a mail in our own name into the queue.

    Args:
        mail: what is sent, or what a worker composes it from.
        now: the instant; it may leave from then on.
        actor: who decided (see `enqueue`).
        priority: less leaves earlier.
    """
    place = {"kind": "notice", "channel": "email", "state": "queued", "due_at": now, "priority": priority}
    if isinstance(mail, Recipe):
        made = {"message_id": mail.message_id, "domain": mail.domain, "recipe": mail.ingredients}
        delivery = new_row(Delivery, **place, **made)
    else:
        delivery = Delivery(**place)
        _freeze(delivery, mail)
    return first_rows(delivery, now=now, cause=causes.QUEUED, actor=actor)


class AlreadyFrozen(RuntimeError):
    """A delivery was to be given other bytes than those that it has: a mistake in the program."""


def _freeze(delivery: Delivery, envelope: Envelope) -> None:
    if delivery.wire_sealed is not None:
        raise AlreadyFrozen
    _write(delivery, envelope)


def _write(delivery: Delivery, envelope: Envelope) -> None:
    delivery.message_id = envelope.message_id
    delivery.envelope_from = envelope.mail_from
    delivery.envelope_to = envelope.rcpt_to
    delivery.domain = envelope.domain
    delivery.subject = envelope.subject
    delivery.text = envelope.text
    delivery.wire = envelope.wire


def cancel(session: Session, delivery: Delivery, *, now: datetime, cause: str, actor: str) -> bool:
    """Take a delivery back if it has not left. Part of the caller's transaction.

    That includes one that is just being sent, as long as its final dot is not: the worker asks
    before it sends the dot, and is told no.

    Returns:
        Whether it was taken back; False if it has left, or is over for another reason.
    """
    row = lock_row(session, delivery)
    may = row.state in WITHDRAWABLE or _is_before_dot(session, row)
    if may:
        move(session, row, "cancelled", now=now, cause=cause, actor=actor)
    reread(session, delivery)
    return may


def _is_before_dot(session: Session, row: Locked) -> bool:
    return row.state == "sending" and not is_dot_pending(session, row.id, row.attempt_count)


def hold(session: Session, delivery: Delivery, *, now: datetime, cause: str, actor: str) -> bool:
    """Keep a delivery back until an organizer decides. Part of the caller's transaction.

    Returns:
        Whether it is held now; False where it has left or is over.
    """
    row = lock_row(session, delivery)
    if row.state in WITHDRAWABLE - {"held"}:
        row = move(session, row, "held", now=now, cause=cause, actor=actor)
    reread(session, delivery)
    return row.state == "held"


def mark_unclear(session: Session, delivery: Delivery, *, now: datetime, cause: str, actor: str) -> None:
    """Take out of the queue what may have left without our knowing. Part of the caller's transaction.

    Raises:
        IllegalTransition: it does not wait in the queue.
    """
    move(session, lock_row(session, delivery), "unclear", now=now, cause=cause, actor=actor)
    reread(session, delivery)


def queue_again(session: Session, delivery: Delivery, *, now: datetime, cause: str, actor: str) -> None:
    """Put a frozen delivery that is held, deferred or unclear back into the queue, with the same bytes.

    For `unclear` this is the decision that it may be sent although it may have arrived: an
    organizer makes it, never the program.

    Raises:
        IllegalTransition: it is in no such state.
        NotFrozen: it has no bytes yet: `enqueue` gives it some.
    """
    if delivery.wire_sealed is None and delivery.recipe_sealed is None:
        raise NotFrozen
    _queue(session, delivery, {"held", "deferred", "unclear"}, now=now, cause=cause, actor=actor)


def address_anew(
    session: Session, delivery: Delivery, *, envelope: Envelope, now: datetime, cause: str, actor: str
) -> None:
    """Give a held delivery other bytes and queue it: its letter goes to another holder, or another office.

    The one exception to "what is frozen never changes". No mail server took anything of a held delivery.

    Raises:
        IllegalTransition: it is not held.
    """
    if lock_row(session, delivery).state != "held":
        raise IllegalTransition(delivery.state, "queued")
    _write(delivery, envelope)
    _queue(session, delivery, {"held"}, now=now, cause=cause, actor=actor)


def write_over(
    session: Session, delivery: Delivery, *, envelope: Envelope | None, now: datetime, cause: str, actor: str
) -> None:
    """Give a delivery that is not over other bytes where it stands: somebody may not be named in it any more.

    What is just being sent goes back into the queue, as long as its final dot is not out. The caller has
    changed the text.

    Args:
        session: the caller's write transaction.
        delivery: one that may still leave, or of which nobody knows.
        envelope: what is sent if it leaves; None where there is nothing that could be.
        now: the instant.
        cause: why, for the journal of what goes back.
        actor: who decided.
    """
    row = lock_row(session, delivery)
    if _is_before_dot(session, row):
        move(session, row, "queued", now=now, cause=cause, actor=actor)
    if envelope is None:
        delivery.wire = None
    else:
        _write(delivery, envelope)
    session.flush()
    reread(session, delivery)


def _queue(
    session: Session, delivery: Delivery, ways: set[str], *, now: datetime, cause: str, actor: str
) -> None:
    delivery.slot_at = None  # whoever comes back waits for a new turn
    row = lock_row(session, delivery)
    if row.state not in ways:
        raise IllegalTransition(row.state, "queued")
    move(session, row, "queued", now=now, cause=cause, actor=actor)
    reread(session, delivery)


class NotFrozen(RuntimeError):
    """A delivery without bytes was to be sent: a mistake in the program."""
