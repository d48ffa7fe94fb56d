"""The journal of attempts. Every public function is one transaction, which several mails may share.

The law: once an attempt is marked *dot pending*, the mail is sent again only if the server gave a
definite refusal, or if the very worker that had it in hand knows that the dot never left.
Whatever else happens, the delivery becomes `unclear`, and a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.delivery import causes, retries
from app.delivery.attempts import Ending, Mark, end_attempts, is_dot_pending, mark_dots
from app.delivery.beginning import InHand, kept_back
from app.delivery.breaker import Answer, note_answers
from app.delivery.claims import WORKER
from app.delivery.models import Attempt
from app.delivery.scribe import Write, alone
from app.delivery.senders.base import SESSION_STEPS, Outcome
from app.delivery.states import Locked, Move, lock_all, move_all

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
    return write(_mark, _Asked(in_hand, now))


@dataclass(frozen=True)
class _Asked:
    mails: Sequence[InHand]
    now: datetime


def _mark(session: Session, asked: Sequence[_Asked]) -> list[bool]:
    rows = lock_all(session, {one.delivery_id for each in asked for one in each.mails})
    stopped = kept_back(session, rows)

    def may_leave(one: InHand) -> bool:
        row = rows.get(one.delivery_id)
        return row is not None and _is_mine(row, one) and row.id not in stopped

    answers = [all(map(may_leave, each.mails)) for each in asked]
    leaving = [each for each, may in zip(asked, answers, strict=True) if may]
    mark_dots(
        session,
        [
            Mark(delivery_id=one.delivery_id, number=one.number, now=each.now)
            for each in leaving
            for one in each.mails
        ],
    )
    return answers


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
    return write(_record, _Ended(mails, outcome, now, jitter, watch))


@dataclass(frozen=True)
class _Ended:
    mails: Sequence[InHand]
    outcome: Outcome
    now: datetime
    jitter: float
    watch: bool


def _record(session: Session, ended: Sequence[_Ended]) -> list[bool]:
    rows = lock_all(session, {one.delivery_id for each in ended for one in each.mails})
    ours = [_ours(each, rows) for each in ended]
    lawfully = [
        (row, _lawful_for(session, row, each.outcome), each)
        for each, found in zip(ended, ours, strict=True)
        for row in found
    ]
    end_attempts(
        session,
        [
            Ending(delivery_id=row.id, number=row.attempt_count, outcome=outcome, now=each.now)
            for row, outcome, each in lawfully
        ],
    )
    moves = [_next_move(session, row, outcome, each) for row, outcome, each in lawfully]
    move_all(session, [one for one in moves if one is not None])
    note_answers(
        session, [_answer(each) for each, found in zip(ended, ours, strict=True) if _tells(each, found)]
    )
    return [len(found) == len(each.mails) for each, found in zip(ended, ours, strict=True)]


def _ours(ended: _Ended, rows: Mapping[UUID, Locked]) -> list[Locked]:
    """Return the deliveries of a mail of which this worker may say how they ended."""
    found = [(one, rows.get(one.delivery_id)) for one in ended.mails]
    return [
        row
        for one, row in found
        if row is not None and (_is_mine(row, one) or _is_the_answer(row, one, ended.outcome))
    ]


def _tells(ended: _Ended, found: Sequence[Locked]) -> bool:
    return ended.watch and bool(found) and ended.mails[0].kind == "letter"


def _answer(ended: _Ended) -> Answer:
    return Answer(ended.mails[0].domain, ended.outcome, ended.now, ended.jitter)


def _is_mine(row: Locked, in_hand: InHand) -> bool:
    mine = row.leased_by == in_hand.worker and row.attempt_count == in_hand.number
    return mine and row.state == "sending"


def _is_the_answer(row: Locked, in_hand: InHand, outcome: Outcome) -> bool:
    # Taken for lost (a lease ran out, a clock jumped), this worker comes back with the server's own answer,
    # and nobody has had the mail in hand since: that is what everybody wants to know.
    same_attempt = row.state == "unclear" and row.attempt_count == in_hand.number
    return same_attempt and outcome.code is not None and outcome.kind in DEFINITE


def _lawful_for(session: Session, row: Locked, outcome: Outcome) -> Outcome:
    crashed = outcome.kind == "crashed"
    return lawful(outcome, dot_pending=crashed and is_dot_pending(session, row.id, row.attempt_count))


def lawful(outcome: Outcome, *, dot_pending: bool = False) -> Outcome:
    """Return an outcome that keeps the law (see the module), whatever a sender says.

    Args:
        outcome: the sender's.
        dot_pending: whether an attempt that crashed was marked.
    """
    crashed = outcome.kind == "crashed" and dot_pending
    no_answer = outcome.step == "dot" and outcome.code is None and outcome.kind in {"temporary", "withheld"}
    return replace(outcome, kind="unclear", cause="") if crashed or no_answer else outcome


def _next_move(session: Session, row: Locked, outcome: Outcome, ended: _Ended) -> Move | None:
    now = ended.now
    if outcome.kind == "crashed":
        return back_to_the_queue(session, row, now, causes.FAILED_INSIDE)
    to, cause, due_at = _next_state(session, row, outcome, now, ended.jitter)
    if to == row.state:
        return None
    return Move(row=row, to=to, now=now, cause=cause, actor=WORKER, due_at=due_at)


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


def back_to_the_queue(session: Session, row: Locked, now: datetime, cause: str) -> Move:
    """Return where a delivery goes whose attempt ended in an error of our own: into quarantine at the third.

    The caller has locked the row and ended the attempt as `crashed` in this transaction.
    """
    crashes = _crashes_in_a_row(session, row)
    if crashes >= retries.CRASHES:
        return Move(row=row, to="held", now=now, cause=causes.QUARANTINED, actor=WORKER)
    due_at = now + retries.AFTER_CRASHES[crashes - 1]
    return Move(row=row, to="queued", now=now, cause=cause, actor=WORKER, due_at=due_at)


def _crashes_in_a_row(session: Session, row: Locked) -> int:
    last = (
        select(Attempt.outcome)
        .where(Attempt.delivery_id == row.id)
        .order_by(Attempt.number.desc())
        .limit(retries.CRASHES)
    )
    outcomes = session.scalars(last).all()
    return next((place for place, outcome in enumerate(outcomes) if outcome != "crashed"), len(outcomes))
