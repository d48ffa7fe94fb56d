"""The journal of attempts. Every public function is one transaction.

The law: once an attempt is marked *dot pending*, the mail is sent again only if the server gave a
definite refusal, or if the very worker that had it in hand knows that the dot never left.
Whatever else happens, the delivery becomes `unclear`, and a person decides.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.database import transaction
from app.delivery import causes, retries
from app.delivery.claims import WORKER, InHand
from app.delivery.models import Attempt, Delivery
from app.delivery.rows import attempt_of, locked
from app.delivery.senders.base import SESSION_STEPS, Outcome
from app.delivery.states import move

DEFINITE = frozenset({"accepted", "temporary", "permanent"})
"""Outcomes that tell what the server did with the mail."""


def mark_dot_pending(in_hand: InHand, *, now: datetime) -> bool:
    """Make durable that the final dot is about to be sent.

    Returns:
        Whether it may be sent; False if the delivery was taken back or is no longer this worker's.
    """
    with transaction() as session:
        delivery = locked(session, in_hand.delivery_id)
        if delivery is None or not _is_mine(delivery, in_hand):
            return False
        attempt_of(session, in_hand.delivery_id, in_hand.number).dot_pending_at = now
        return True


def record(in_hand: InHand, outcome: Outcome, *, now: datetime, jitter: float) -> bool:
    """Journal how an attempt ended and move the delivery on.

    Args:
        in_hand: the attempt.
        outcome: what the sender says.
        now: the instant.
        jitter: in [0, 1), spreads the next attempts of mails that were refused together.

    Returns:
        Whether it was recorded; False if the attempt is not this worker's any more. Recording the
        same outcome twice changes nothing.
    """
    with transaction() as session:
        return _record(session, in_hand, outcome, now, jitter)


def _record(session: Session, in_hand: InHand, outcome: Outcome, now: datetime, jitter: float) -> bool:
    delivery = locked(session, in_hand.delivery_id)
    if delivery is None:
        return False
    attempt = attempt_of(session, in_hand.delivery_id, in_hand.number)
    if not (_is_mine(delivery, in_hand) or _answers_the_question(delivery, in_hand, outcome)):
        return False
    outcome = lawful(outcome, dot_pending=attempt.dot_pending_at is not None)
    _close(attempt, outcome, now)
    _move_on(session, delivery, outcome, now, jitter)
    return True


def _is_mine(delivery: Delivery, in_hand: InHand) -> bool:
    mine = delivery.leased_by == in_hand.worker and delivery.attempt_count == in_hand.number
    return mine and delivery.state == "sending"


def _answers_the_question(delivery: Delivery, in_hand: InHand, outcome: Outcome) -> bool:
    # Taken for lost (a lease ran out, a clock jumped), this worker comes back with the server's own answer,
    # and nobody has had the mail in hand since: that is what everybody wants to know.
    same_attempt = delivery.state == "unclear" and delivery.attempt_count == in_hand.number
    return same_attempt and outcome.code is not None and outcome.kind in DEFINITE


def lawful(outcome: Outcome, *, dot_pending: bool) -> Outcome:
    """Return an outcome that keeps the law (see the module), whatever a sender says.

    Args:
        outcome: the sender's.
        dot_pending: whether the attempt was marked.
    """
    unsure = outcome.kind == "crashed" and dot_pending
    lost_at_the_dot = (
        outcome.step == "dot" and outcome.code is None and outcome.kind in {"temporary", "withheld"}
    )
    return replace(outcome, kind="unclear", cause="") if unsure or lost_at_the_dot else outcome


def _close(attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    attempt.ended_at = now
    attempt.outcome = outcome.kind
    attempt.step = outcome.step
    attempt.code = outcome.code
    attempt.reply = outcome.reply


def _move_on(session: Session, delivery: Delivery, outcome: Outcome, now: datetime, jitter: float) -> None:
    if outcome.kind == "accepted":
        move(session, delivery, "accepted", now=now, cause=causes.TAKEN, actor=WORKER)
    elif outcome.kind == "permanent":
        cause = outcome.cause or causes.REFUSED
        move(session, delivery, "failed", now=now, cause=cause, actor=WORKER)
    elif outcome.kind == "unclear":
        if delivery.state != "unclear":
            move(session, delivery, "unclear", now=now, cause=causes.BROKE_OFF, actor=WORKER)
    elif outcome.kind == "withheld":
        move(session, delivery, "queued", now=now, cause=outcome.cause or causes.WITHHELD, actor=WORKER)
        delivery.due_at = now + retries.WITHHELD
    elif outcome.kind == "crashed":
        back_to_the_queue(session, delivery, now, causes.FAILED_INSIDE)
    else:
        _defer(session, delivery, outcome, now, jitter)


def _defer(session: Session, delivery: Delivery, outcome: Outcome, now: datetime, jitter: float) -> None:
    if outcome.server_away:
        # No server looked at the mail: it is not one refusal nearer to being given up.
        delay: timedelta | None = retries.spread(retries.SERVER_AWAY, jitter=jitter)
    else:
        delay = retries.next_delay(_refusals(session, delivery), jitter=jitter)
    if delay is None:
        move(session, delivery, "failed", now=now, cause=causes.GAVE_UP, actor=WORKER)
        return
    move(session, delivery, "deferred", now=now, cause=_why_deferred(outcome), actor=WORKER)
    delivery.due_at = now + delay


def _why_deferred(outcome: Outcome) -> str:
    if outcome.server_away:
        return causes.SERVER_AWAY
    return causes.NOT_NOW if outcome.code else causes.CONNECTION_LOST


def _refusals(session: Session, delivery: Delivery) -> int:
    session.flush()
    about_the_mail = Attempt.step.not_in(sorted(SESSION_STEPS))
    query = select(func.count()).where(
        Attempt.delivery_id == delivery.id, Attempt.outcome == "temporary", about_the_mail
    )
    return session.scalars(query).one()


def back_to_the_queue(session: Session, delivery: Delivery, now: datetime, cause: str) -> None:
    """Queue a delivery again whose attempt ended in an error of our own; quarantine it at the third in a row.

    The row is locked and its attempt closed as `crashed` by the caller, in this transaction.
    """
    session.flush()
    crashes = _crashes_in_a_row(session, delivery)
    if crashes >= retries.CRASHES:
        move(session, delivery, "held", now=now, cause=causes.QUARANTINED, actor=WORKER)
        return
    move(session, delivery, "queued", now=now, cause=cause, actor=WORKER)
    delivery.due_at = now + retries.AFTER_CRASHES[crashes - 1]


def _crashes_in_a_row(session: Session, delivery: Delivery) -> int:
    last = (
        select(Attempt.outcome)
        .where(Attempt.delivery_id == delivery.id)
        .order_by(Attempt.number.desc())
        .limit(retries.CRASHES)
    )
    outcomes = session.scalars(last).all()
    return next((place for place, outcome in enumerate(outcomes) if outcome != "crashed"), len(outcomes))
