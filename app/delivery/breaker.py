"""How a domain answers: back-off after a temporary refusal, and a breaker where they pile up.

Only domains whose letters are paced are watched, so that it costs the others nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import db
from app.delivery import retries
from app.delivery.limits import MINUTE
from app.delivery.pacing import PaceLane, letters_lane, lock_lanes
from app.delivery.senders.base import Outcome

LAST: Final = 50
"""Answers that are looked at."""
LEAST: Final = 20
"""Answers without which nothing is concluded."""
MOST_REFUSED: Final = 0.1
FIRST_REST, LONGEST_REST = timedelta(seconds=15), timedelta(minutes=5)
FIRST_OPENING, LONGEST_OPENING = timedelta(minutes=5), timedelta(hours=1)


@dataclass(frozen=True)
class Answer:
    """How the mail server answered about a letter.

    Args:
        domain: the recipient's.
        outcome: the answer; what is none (the connection broke, we broke off) is passed over.
        now: the instant.
        jitter: in [0, 1), spreads the ends of rests.
    """

    domain: str
    outcome: Outcome
    now: datetime
    jitter: float

    @property
    def is_refusal(self) -> bool:
        """Whether the domain takes nothing for now."""
        outcome = self.outcome
        return outcome.kind == "temporary" and outcome.code is not None and not outcome.server_away

    @property
    def is_one(self) -> bool:
        """Whether it says anything about the domain."""
        return self.is_refusal or self.outcome.kind in {"accepted", "permanent"}


def note_answers(session: Session, answers: Iterable[Answer]) -> None:
    """Remember how the mail server answered about letters, in this order. Part of the caller's transaction.

    Args:
        session: the transaction that journals the attempts.
        answers: one for each mail.
    """
    told = [one for one in answers if one.is_one]
    lanes = lock_lanes(session, {letters_lane(one.domain) for one in told})
    for one in told:
        _note(lanes[letters_lane(one.domain)], one)
    session.flush()


def shut_domains(session: Session, domains: Collection[str], *, now: datetime) -> set[str]:
    """Return those of some domains whose breaker opened after a letter was claimed that would leave now.

    The letter that an open breaker lets through is none of them.
    """
    keys = {letters_lane(domain): domain for domain in domains}
    query = select(PaceLane).where(PaceLane.key.in_(keys), PaceLane.is_open)
    return {keys[lane.key] for lane in session.scalars(query) if not _is_probed(lane, now)}


def _note(lane: PaceLane, answer: Answer) -> None:
    if lane.is_open and not _is_probed(lane, answer.now):
        return  # it had been claimed before the breaker opened
    lane.answers = (lane.answers + ("4" if answer.is_refusal else "+"))[-LAST:]
    if answer.is_refusal:
        _rest(lane, answer.now, answer.jitter)
    elif lane.is_open:
        # The probe came through: what was before says nothing any more.
        lane.answers, lane.is_open, lane.openings, lane.rest_until = "+", False, 0, None
    elif lane.rest_until is not None:
        lane.rest_until = None


def _is_probed(lane: PaceLane, now: datetime) -> bool:
    """Whether a letter may have been let through an open breaker: from then on it rests a minute at most."""
    return lane.rest_until is None or lane.rest_until <= now + MINUTE


def _rest(lane: PaceLane, now: datetime, jitter: float) -> None:
    answers = lane.answers
    share = answers.count("4") / len(answers)
    if lane.is_open or (len(answers) >= LEAST and share > MOST_REFUSED):
        rest = min(FIRST_OPENING * 2 ** min(lane.openings, 10), LONGEST_OPENING)
        lane.is_open, lane.openings = True, lane.openings + 1
    else:
        in_a_row = len(answers) - len(answers.rstrip("4"))
        rest = min(FIRST_REST * 2 ** min(in_a_row - 1, 10), LONGEST_REST)
    lane.rest_until = now + retries.spread(rest, jitter=jitter)


@dataclass(frozen=True)
class Resting:
    """A domain that gets no letters for a while. Its name is for the desk, never for a metric or a log."""

    domain: str
    is_open: bool
    until: datetime


def resting_domains(*, now: datetime) -> list[Resting]:
    """Return the domains whose mail servers are given a rest, those with an open breaker first."""
    query = (
        select(PaceLane)
        .where(PaceLane.key.startswith("letters:"), PaceLane.rest_until.is_not(None))
        .order_by(PaceLane.is_open.desc(), PaceLane.key)
    )
    rows = db.session.scalars(query)
    return [
        Resting(row.key.partition(":")[2], row.is_open, row.rest_until)
        for row in rows
        if row.rest_until is not None and (row.is_open or row.rest_until > now)
    ]
