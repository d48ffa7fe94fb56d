"""The journal of attempts. Every public function is one transaction.

The law: once an attempt is marked *dot pending*, the mail is sent again only if the server gave a
definite refusal, or if the very worker that had it in hand knows that the dot never left.
Whatever else happens, the delivery becomes `unclear`, and a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.delivery import causes, retries
from app.delivery.attempts import end_attempt, is_dot_pending, mark_dot
from app.delivery.breaker import note_answer
from app.delivery.claims import WORKER, InHand, is_stopped
from app.delivery.models import Attempt
from app.delivery.scribe import Write, alone
from app.delivery.senders.base import SESSION_STEPS, Outcome
from app.delivery.states import Locked, lock, move

DEFINITE = frozenset({"accepted", "temporary", "permanent"})
"""Outcomes that tell what the server did with the mail."""


def mark_dot_pending(*in_hand: InHand, now: datetime, write: Write = alone) -> bool:
    """Make durable that the final dot is about to be sent.

    Args:
        in_hand: the attempts that one mail carries; all of them are marked, or none.
        now: the instant.
        write: opens the transaction.

    Returns:
        Whether it may be sent; False if a delivery was taken back or stopped, or is no longer this
        worker's.
    """
    return write(lambda session: _mark(session, _in_order(in_hand), now))


def _in_order(mails: Sequence[InHand]) -> list[InHand]:
    # Who locks several rows locks them in one order.
    return sorted(mails, key=lambda mail: mail.delivery_id)


def _mark(session: Session, mails: Sequence[InHand], now: datetime) -> bool:
    if not all(_may_leave(session, one) for one in mails):
        return False
    for one in mails:
        mark_dot(session, one.delivery_id, one.number, now=now)
    return True


def _may_leave(session: Session, in_hand: InHand) -> bool:
    row = lock(session, in_hand.delivery_id)
    return row is not None and _is_mine(row, in_hand) and not is_stopped(session, row.id)


def record(
    mails: Sequence[InHand],
    outcome: Outcome,
    *,
    now: datetime,
    jitter: float,
    watch: bool = False,
    write: Write = alone,
) -> bool:
    """Journal how the attempts ended that one mail carried, and move their deliveries on.

    Args:
        mails: the attempts; the domain gave one answer to all of them.
        outcome: what the sender says.
        now: the instant.
        jitter: in [0, 1), spreads the next attempts of mails that were refused together.
        watch: whether to remember how the domain answered (see `breaker`).
        write: opens the transaction.

    Returns:
        Whether all of them were recorded; False if an attempt is not this worker's any more. Recording
        the same outcome twice changes nothing.
    """

    def work(session: Session) -> bool:
        first, *others = _in_order(mails)
        done = [_record(session, first, outcome, now, jitter, watch=watch)]
        done += [_record(session, one, outcome, now, jitter, watch=False) for one in others]
        return all(done)

    return write(work)


def _record(
    session: Session, in_hand: InHand, outcome: Outcome, now: datetime, jitter: float, *, watch: bool
) -> bool:
    row = lock(session, in_hand.delivery_id)
    if row is None or not (_is_mine(row, in_hand) or _is_the_answer(row, in_hand, outcome)):
        return False
    if outcome.kind == "crashed":
        outcome = lawful(outcome, dot_pending=is_dot_pending(session, row.id, in_hand.number))
    else:
        outcome = lawful(outcome)
    end_attempt(session, row.id, in_hand.number, outcome, now=now)
    _move_on(session, row, outcome, now, jitter)
    if watch and in_hand.kind == "letter":
        note_answer(session, in_hand.domain, outcome, now=now, jitter=jitter)
    return True


def _is_mine(row: Locked, in_hand: InHand) -> bool:
    mine = row.leased_by == in_hand.worker and row.attempt_count == in_hand.number
    return mine and row.state == "sending"


def _is_the_answer(row: Locked, in_hand: InHand, outcome: Outcome) -> bool:
    # Taken for lost (a lease ran out, a clock jumped), this worker comes back with the server's own answer,
    # and nobody has had the mail in hand since: that is what everybody wants to know.
    same_attempt = row.state == "unclear" and row.attempt_count == in_hand.number
    return same_attempt and outcome.code is not None and outcome.kind in DEFINITE


def lawful(outcome: Outcome, *, dot_pending: bool = False) -> Outcome:
    """Return an outcome that keeps the law (see the module), whatever a sender says.

    Args:
        outcome: the sender's.
        dot_pending: whether an attempt that crashed was marked.
    """
    crashed = outcome.kind == "crashed" and dot_pending
    no_answer = outcome.step == "dot" and outcome.code is None and outcome.kind in {"temporary", "withheld"}
    return replace(outcome, kind="unclear", cause="") if crashed or no_answer else outcome


def _move_on(session: Session, row: Locked, outcome: Outcome, now: datetime, jitter: float) -> None:
    if outcome.kind == "crashed":
        back_to_the_queue(session, row, now, causes.FAILED_INSIDE)
        return
    to, cause, due_at = _next_state(session, row, outcome, now, jitter)
    if to != row.state:
        move(session, row, to, now=now, cause=cause, actor=WORKER, due_at=due_at)


def _next_state(
    session: Session, row: Locked, outcome: Outcome, now: datetime, jitter: float
) -> tuple[str, str, datetime | None]:
    if outcome.kind == "accepted":
        return "accepted", causes.TAKEN, None
    if outcome.kind == "permanent":
        return "failed", outcome.cause or causes.REFUSED, None
    if outcome.kind == "unclear":
        return "unclear", causes.BROKE_OFF, None
    if outcome.kind == "withheld":
        return "queued", outcome.cause or causes.WITHHELD, now + retries.WITHHELD
    return _try_later(session, row, outcome, now, jitter)


def _try_later(
    session: Session, row: Locked, outcome: Outcome, now: datetime, jitter: float
) -> tuple[str, str, datetime | None]:
    if outcome.server_away:
        # No server looked at the mail: it is not one refusal nearer to being given up.
        return "deferred", causes.SERVER_AWAY, now + retries.spread(retries.SERVER_AWAY, jitter=jitter)
    delay = retries.next_delay(_refusals(session, row), jitter=jitter)
    if delay is None:
        return "failed", causes.GAVE_UP, None
    return "deferred", causes.NOT_NOW if outcome.code else causes.CONNECTION_LOST, now + delay


def _refusals(session: Session, row: Locked) -> int:
    about_the_mail = Attempt.step.not_in(sorted(SESSION_STEPS))
    query = select(func.count()).where(
        Attempt.delivery_id == row.id, Attempt.outcome == "temporary", about_the_mail
    )
    return session.scalars(query).one()


def back_to_the_queue(session: Session, row: Locked, now: datetime, cause: str) -> None:
    """Queue a delivery again whose attempt ended in an error of our own; quarantine it at the third in a row.

    The caller has locked the row and ended the attempt as `crashed` in this transaction.
    """
    crashes = _crashes_in_a_row(session, row)
    if crashes >= retries.CRASHES:
        move(session, row, "held", now=now, cause=causes.QUARANTINED, actor=WORKER)
    else:
        due_at = now + retries.AFTER_CRASHES[crashes - 1]
        move(session, row, "queued", now=now, cause=cause, actor=WORKER, due_at=due_at)


def _crashes_in_a_row(session: Session, row: Locked) -> int:
    last = (
        select(Attempt.outcome)
        .where(Attempt.delivery_id == row.id)
        .order_by(Attempt.number.desc())
        .limit(retries.CRASHES)
    )
    outcomes = session.scalars(last).all()
    return next((place for place, outcome in enumerate(outcomes) if outcome != "crashed"), len(outcomes))
