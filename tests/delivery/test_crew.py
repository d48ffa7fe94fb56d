"""Several hands: who may begin what, and what they tell."""

from __future__ import annotations

import threading
import uuid
from collections import deque

import pytest
from flask import Flask

from app.delivery.claims import Claim
from app.delivery.crew import Crew
from app.delivery.senders.base import Outcome
from app.delivery.turns import rest
from tests.delivery.working import AWAY, TAKEN


class Work:
    """What hands do: notes who is at work at the same time, and says what it is told to."""

    def __init__(self, outcomes: dict[uuid.UUID, Outcome | Exception] | None = None) -> None:
        self.outcomes = outcomes or {}
        self.together: dict[uuid.UUID, set[uuid.UUID]] = {}
        self.in_hand: set[uuid.UUID] = set()
        """What the crew says that it is not done with."""
        self.held: list[set[uuid.UUID]] = []
        self._now: set[uuid.UUID] = set()

    def deliver(self, claims: list[Claim]) -> Outcome:
        (one,) = claims
        me = one.delivery_id
        self.held.append(set(self.in_hand))
        self._now.add(me)
        for other in self._now:
            self.together.setdefault(other, set()).update(self._now - {other})
        rest(threading.Event(), 0.001)
        self._now.discard(me)
        outcome = self.outcomes.get(me, TAKEN)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        """Nothing is open."""


def claims(number: int, *, suspect: int | None = None, domain: str = "") -> deque[Claim]:
    return deque(
        Claim(
            delivery_id=uuid.uuid4(),
            worker="me",
            kind="letter",
            domain=domain or f"{place}.example",
            suspect=place == suspect,
        )
        for place in range(number)
    )


def crew_of(app: Flask, work: Work, *, apart: bool = False) -> Crew:
    return Crew(
        app=app,
        hands=[work] * 4,  # type: ignore[list-item]
        stop=threading.Event(),
        apart=apart,
        in_hand=work.in_hand,
        between=lambda: False,
    )


pytestmark = pytest.mark.backends("sqlite")  # no database is asked


def test_hands_work_at_the_same_time_and_each_mail_once(app: Flask) -> None:
    work, waiting = Work(), claims(12)
    ids = {one.delivery_id for one in waiting}
    crew = crew_of(app, work)
    noted: list[Outcome] = []
    assert crew.deliver(waiting, noted.append) is None
    assert set(work.together) == ids
    assert max(len(others) for others in work.together.values()) >= 3
    assert noted == [TAKEN] * 12
    assert work.held[0] == ids, "what waits is held, too"
    assert len(work.held[-1]) <= 4
    assert not work.in_hand


def test_what_may_have_broken_a_worker_is_tried_alone(app: Flask) -> None:
    work, waiting = Work(), claims(9, suspect=2)
    suspect = waiting[2].delivery_id
    crew = crew_of(app, work)
    crew.deliver(waiting, lambda _outcome: None)
    assert len(work.together) == 9
    assert work.together[suspect] == set()


def test_letters_to_one_domain_go_one_after_the_other_where_that_is_wished(app: Flask) -> None:
    work = Work()
    crew = crew_of(app, work, apart=True)
    crew.deliver(claims(6, domain="offices.example"), lambda _outcome: None)
    assert len(work.together) == 6
    assert not any(work.together.values())


def test_a_server_that_lets_go_of_all_hands_is_away_and_what_was_not_begun_waits(app: Flask) -> None:
    waiting = claims(10)
    work = Work({one.delivery_id: AWAY for one in waiting})
    crew = crew_of(app, work)
    noted: list[Outcome] = []
    assert crew.deliver(waiting, noted.append) == AWAY
    assert (len(waiting), len(work.together), noted) == (6, 4, [])


def test_a_server_that_takes_fewer_connections_is_not_away(app: Flask) -> None:
    waiting = claims(10)
    work = Work({waiting[0].delivery_id: AWAY})
    crew = crew_of(app, work)
    noted: list[Outcome] = []
    assert crew.deliver(waiting, noted.append) is None
    assert noted == [TAKEN] * 9


def test_what_a_hand_raises_is_raised_when_the_others_are_done(app: Flask) -> None:
    waiting = claims(4)
    work = Work({waiting[1].delivery_id: ZeroDivisionError()})
    crew = crew_of(app, work)
    with pytest.raises(ZeroDivisionError):
        crew.deliver(waiting, lambda _outcome: None)
    assert not work.in_hand
