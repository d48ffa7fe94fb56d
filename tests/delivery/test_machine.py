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
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app.database import Base, db, transaction
from app.delivery import claims, journal, presence, retries
from app.delivery.claims import Claim, InHand
from app.delivery.models import Delivery
from app.delivery.processes import Process
from app.delivery.senders.base import Outcome
from app.delivery.states import DUE, LEGAL
from app.delivery.takeover import take_over
from tests.delivery.mails import NOON, changes_of, queue, read, read_all, take_back

LEASE = timedelta(minutes=2)
NAMES = ("one", "two", "three")
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


class Delivering(RuleBasedStateMachine):
    mails = Bundle("mails")

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOON
        self.numbers = itertools.count()
        self.pids = itertools.count(1)
        self.living: set[int] = set()
        self.taken: dict[uuid.UUID, int] = {}
        self.workers = {name: self._born(name) for name in NAMES}
        with transaction() as session:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name in {"deliveries", "attempts", "state_changes", "workers"}:
                    session.execute(sa.delete(table))

    def _born(self, name: str) -> Played:
        worker = Played(f"{name} {next(self.pids)}", next(self.pids))
        self.living.add(worker.pid)
        return worker

    def _is_alive(self, process: Process) -> bool:
        return process.pid in self.living

    @rule(target=mails)
    def write(self) -> uuid.UUID:
        (mail,) = queue([next(self.numbers)], now=self.now)
        self.taken[mail] = 0
        return mail

    @rule(mail=mails)
    def withdraw(self, mail: uuid.UUID) -> None:
        before = read(mail).state
        assert take_back(mail, now=self.now) is (before != read(mail).state)

    @rule(name=st.sampled_from(NAMES), limit=st.integers(1, 3))
    def claim(self, name: str, limit: int) -> None:
        worker = self.workers[name]
        presence.appear(worker.name, Process("here", worker.pid, 1), now=self.now)
        if worker.in_hand is None and not worker.waiting:
            worker.waiting = claims.claim(worker=worker.name, limit=limit, now=self.now, lease=LEASE)

    @rule(name=st.sampled_from(NAMES))
    def begin(self, name: str) -> None:
        worker = self.workers[name]
        if worker.in_hand is None and worker.waiting:
            worker.in_hand = claims.begin(worker.waiting.pop(0), now=self.now)
            worker.dot_sent = worker.taken = False

    @rule(name=st.sampled_from(NAMES), outcome=st.sampled_from(BEFORE_THE_DOT))
    def end_before_the_dot(self, name: str, outcome: Outcome) -> None:
        worker = self.workers[name]
        if worker.in_hand is not None and not worker.dot_sent:
            self._record(worker, outcome)

    @rule(name=st.sampled_from(NAMES), takes=st.booleans(), dies=st.booleans(), sends=st.booleans())
    def dot(self, name: str, takes: bool, dies: bool, sends: bool) -> None:
        worker = self.workers[name]
        if worker.in_hand is None or worker.dot_sent:
            return
        if not journal.mark_dot_pending(worker.in_hand, now=self.now):
            self._record(worker, Outcome(kind="withheld", step="before_dot"))
            return
        worker.dot_sent = sends or not dies
        if worker.dot_sent and takes:
            worker.taken = True
            self.taken[worker.in_hand.delivery_id] += 1
        if dies:
            self.die(name)

    @rule(name=st.sampled_from(NAMES), data=st.data())
    def answer(self, name: str, data: st.DataObject) -> None:
        worker = self.workers[name]
        if worker.in_hand is not None and worker.dot_sent:
            possible = [TAKEN, *NO_ANSWER] if worker.taken else [*REFUSED_AT_THE_DOT, *NO_ANSWER]
            self._record(worker, data.draw(st.sampled_from(possible)))

    def _record(self, worker: Played, outcome: Outcome) -> None:
        assert worker.in_hand is not None
        journal.record(worker.in_hand, outcome, now=self.now, jitter=0.5)
        # Nobody knows whether the first time was committed: again is harmless.
        assert not journal.record(worker.in_hand, outcome, now=self.now, jitter=0.5)
        worker.in_hand = None

    @rule(name=st.sampled_from(NAMES))
    def die(self, name: str) -> None:
        self.living.discard(self.workers[name].pid)
        self.workers[name] = self._born(name)

    @rule(name=st.sampled_from(NAMES))
    def end_well(self, name: str) -> None:
        worker = self.workers[name]
        if worker.in_hand is None:
            claims.release(worker.name)
            presence.leave(worker.name)
            self.die(name)

    @rule()
    def look_around(self) -> None:
        take_over(now=self.now, is_alive=self._is_alive)

    @rule(span=st.sampled_from([timedelta(seconds=1), LEASE * 2, timedelta(hours=13), timedelta(days=400)]))
    def time_passes(self, span: timedelta) -> None:
        self.now += span

    @invariant()
    def nothing_is_taken_twice_or_taken_and_forgotten(self) -> None:
        in_hand = {worker.in_hand.delivery_id for worker in self.workers.values() if worker.in_hand}
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
        survivor = self._born("last")
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
        max_examples=20,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Delivering, settings=options)
