"""Any number of workers, deaths, delays and servers, in any order: nothing lost, nothing sent twice.

Hypothesis plays the workers, the mail server and the clock; the model knows what the server took.
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.database import Base, db, transaction
from app.delivery import claims, journal, presence, retries
from app.delivery.claims import Claim, InHand
from app.delivery.models import Delivery
from app.delivery.outbox import queue_again
from app.delivery.processes import Process
from app.delivery.senders.base import Outcome
from app.delivery.states import DUE, LEGAL
from app.delivery.takeover import take_over
from tests.delivery.mails import NOON, changes_of, queue, read, read_all, take_back

LEASE = timedelta(minutes=2)
BEFORE_THE_DOT = [
    Outcome(kind="temporary", step="connect"),
    Outcome(kind="temporary", step="rcpt", code=451),
    Outcome(kind="temporary", step="text"),
    Outcome(kind="permanent", step="rcpt", code=550),
    Outcome(kind="withheld", step="mail"),
    Outcome(kind="crashed"),
]
REFUSED_AT_THE_DOT = [
    Outcome(kind="temporary", step="dot", code=451),
    Outcome(kind="permanent", step="dot", code=554),
]
NO_ANSWER = [
    Outcome(kind="unclear", step="dot"),
    Outcome(kind="crashed"),
    # What a sender that is wrong about itself might say.
    Outcome(kind="temporary", step="dot"),
    Outcome(kind="withheld", step="dot"),
]
TAKEN = Outcome(kind="accepted", step="dot", code=250)


@dataclass
class Played:
    """A worker, as one process remembers things."""

    name: str
    pid: int
    waiting: list[Claim] = field(default_factory=list)
    in_hand: InHand | None = None
    dot_sent: bool = False
    taken: bool = False

    def has(self, mail: uuid.UUID) -> bool:
        """Whether it may still have this mail's dot out."""
        return self.in_hand is not None and self.in_hand.delivery_id == mail


class Delivering(RuleBasedStateMachine):
    """Two workers at a time, and a handful of mails, so that they get in each other's way."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOON
        self.numbers = itertools.count()
        self.living: set[int] = set()
        self.taken: dict[uuid.UUID, int] = {}
        self.workers: list[Played] = []
        with transaction() as session:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name in {"deliveries", "attempts", "state_changes", "workers"}:
                    session.execute(sa.delete(table))
        self._fill()

    def _fill(self) -> None:
        while len(self.workers) < 2:
            pid = next(self.numbers)
            self.living.add(pid)
            self.workers.append(Played(f"worker {pid}", pid))

    def _is_alive(self, process: Process) -> bool:
        return process.pid in self.living

    def _idle(self) -> list[Played]:
        return [worker for worker in self.workers if worker.in_hand is None]

    def _before_the_dot(self) -> list[Played]:
        return [worker for worker in self.workers if worker.in_hand and not worker.dot_sent]

    def _at_the_dot(self) -> list[Played]:
        return [worker for worker in self.workers if worker.in_hand and worker.dot_sent]

    @precondition(lambda self: len(self.taken) < 3)
    @rule()
    def write(self) -> None:
        (mail,) = queue([next(self.numbers)], now=self.now)
        self.taken[mail] = 0

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        mail = data.draw(st.sampled_from(list(self.taken)))
        before = read(mail).state
        assert take_back(mail, now=self.now) is (before != read(mail).state)

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        """An organizer finds in the relay's log that nothing was taken, and has it sent again."""
        mail = data.draw(st.sampled_from(list(self.taken)))
        in_doubt = read(mail).state in {"unclear", "held"}
        if in_doubt and not self.taken[mail] and not any(worker.has(mail) for worker in self.workers):
            with transaction() as session:
                delivery = session.get_one(Delivery, mail)
                queue_again(session, delivery, now=self.now, cause="not in the log", actor="organizer")

    @precondition(lambda self: self._idle())
    @rule(data=st.data(), limit=st.integers(1, 2))
    def claim_and_begin(self, data: st.DataObject, limit: int) -> None:
        worker = data.draw(st.sampled_from(self._idle()))
        presence.appear(worker.name, Process("here", worker.pid, 1), now=self.now)
        if not worker.waiting:
            worker.waiting = claims.claim(worker=worker.name, limit=limit, now=self.now, lease=LEASE)
        if worker.waiting:
            worker.in_hand = claims.begin(worker.waiting.pop(0), now=self.now)
            worker.dot_sent = worker.taken = False

    @precondition(lambda self: self._before_the_dot())
    @rule(data=st.data(), outcome=st.sampled_from(BEFORE_THE_DOT))
    def end_before_the_dot(self, data: st.DataObject, outcome: Outcome) -> None:
        self._record(data.draw(st.sampled_from(self._before_the_dot())), outcome)

    @precondition(lambda self: self._before_the_dot())
    @rule(
        data=st.data(),
        takes=st.booleans(),
        fate=st.sampled_from(["lives", "lives", "dies", "dies before it"]),
    )
    def dot(self, data: st.DataObject, takes: bool, fate: str) -> None:
        worker = data.draw(st.sampled_from(self._before_the_dot()))
        assert worker.in_hand is not None
        if not journal.mark_dot_pending(worker.in_hand, now=self.now):
            self._record(worker, Outcome(kind="withheld", step="before_dot"))
            return
        worker.dot_sent = fate != "dies before it"
        if worker.dot_sent and takes:
            worker.taken = True
            self.taken[worker.in_hand.delivery_id] += 1
        if fate != "lives":
            self._die(worker)

    @precondition(lambda self: self._at_the_dot())
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(self._at_the_dot()))
        clear = [TAKEN] if worker.taken else REFUSED_AT_THE_DOT
        self._record(worker, data.draw(st.sampled_from([*clear, *clear, *NO_ANSWER])))

    def _record(self, worker: Played, outcome: Outcome) -> None:
        assert worker.in_hand is not None
        journal.record(worker.in_hand, outcome, now=self.now, jitter=0.5)
        # Nobody knows whether the first time was committed: again is harmless.
        assert not journal.record(worker.in_hand, outcome, now=self.now, jitter=0.5)
        worker.in_hand = None

    @rule(data=st.data(), well=st.booleans())
    def leave(self, data: st.DataObject, well: bool) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        if well and worker.in_hand is None:
            claims.release(worker.name)
            presence.leave(worker.name)
        self._die(worker)

    def _die(self, worker: Played) -> None:
        self.living.discard(worker.pid)
        self.workers.remove(worker)
        self._fill()

    @rule(span=st.sampled_from([timedelta(), LEASE * 2, timedelta(hours=13), timedelta(days=400)]))
    def time_passes_and_somebody_looks_around(self, span: timedelta) -> None:
        self.now += span
        take_over(now=self.now, is_alive=self._is_alive)

    @invariant()
    def nothing_is_taken_twice_or_taken_and_forgotten(self) -> None:
        in_hand = {worker.in_hand.delivery_id for worker in self.workers if worker.in_hand}
        with db.sessionmaker() as session:
            states = dict(session.execute(sa.select(Delivery.id, Delivery.state)).all())
        assert states.keys() == self.taken.keys(), "nothing is lost"
        for mail, copies in self.taken.items():
            state = states[mail]
            assert copies <= 1, "nothing is taken twice"
            if copies and mail not in in_hand:
                assert state in {"accepted", "unclear", "sending"}
            if state == "accepted":
                assert copies == 1
            if state in {"failed", "cancelled", "queued", "deferred", "held"}:
                assert copies == 0

    def the_journals_tell_how_each_state_came_about(self) -> None:
        for delivery in read_all():
            changes = changes_of(delivery.id)
            assert [change.number for change in changes] == list(range(1, delivery.change_count + 1))
            assert changes[-1].to_state == delivery.state
            for before, after in itertools.pairwise(changes):
                assert before.to_state == after.from_state
                assert after.to_state in LEGAL[before.to_state]

    def teardown(self) -> None:
        """Whatever happened, a sound worker and a sound server bring everything to its end."""
        self.living.clear()
        survivor = Played("last", next(self.numbers))
        self.living.add(survivor.pid)
        for _ in range(2 + retries.CRASHES):
            take_over(now=self.now, is_alive=self._is_alive)
            presence.appear(survivor.name, Process("here", survivor.pid, 1), now=self.now)
            for one in claims.claim(worker=survivor.name, limit=1000, now=self.now, lease=LEASE):
                in_hand = claims.begin(one, now=self.now)
                assert in_hand is not None
                assert journal.mark_dot_pending(in_hand, now=self.now)
                self.taken[one.delivery_id] += 1
                assert journal.record(in_hand, TAKEN, now=self.now, jitter=0.5)
            self.now += timedelta(days=1)
        self.nothing_is_taken_twice_or_taken_and_forgotten()
        self.the_journals_tell_how_each_state_came_about()
        assert not {delivery.state for delivery in read_all()} & (DUE | {"sending"})


def test_whatever_happens_in_whatever_order(app_context: Flask) -> None:
    options = settings(
        max_examples=50,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Delivering, settings=options)
