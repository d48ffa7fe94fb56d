"""Any number of workers, deaths, delays and servers, in any order: nothing lost, nothing sent twice.

Chance plays two workers, the mail server, the clock, supporters and organizers; the model knows
what the server took. Hypothesis finds the shortest way to whatever breaks the rules.
"""

from __future__ import annotations

import itertools
import random
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app.database import Base, db, transaction
from app.delivery import beginning, claims, journal, presence, retries
from app.delivery.beginning import InHand
from app.delivery.claims import Claim
from app.delivery.models import Delivery
from app.delivery.outbox import queue_again
from app.delivery.processes import Process
from app.delivery.senders.base import Outcome
from app.delivery.states import DUE, LEGAL
from app.delivery.takeover import take_over
from tests.delivery.mails import NOON, changes_of, queue, read, read_all, take_back
from tests.support.lengths import length

LEASE = timedelta(minutes=2)
BEFORE_THE_DOT = [
    Outcome(kind="temporary", step="connect"),
    Outcome(kind="temporary", step="rcpt", code=451),
    Outcome(kind="temporary", step="text"),
    Outcome(kind="permanent", step="rcpt", code=550),
    Outcome(kind="withheld", step="mail"),
    Outcome(kind="crashed"),
]
TAKEN = Outcome(kind="accepted", step="dot", code=250)
REFUSED = [Outcome(kind="temporary", step="dot", code=451), Outcome(kind="permanent", step="dot", code=554)]
NO_ANSWER = [
    Outcome(kind="unclear", step="dot"),
    Outcome(kind="crashed"),
    # What a sender that is wrong about itself might say.
    Outcome(kind="temporary", step="dot"),
    Outcome(kind="withheld", step="dot"),
]
WHAT_HAPPENS = {"work": 12, "write": 4, "withdraw": 2, "decide": 2, "leave": 1, "time": 2, "late": 1}
"""How often each is played, in relation to the others."""
played: Counter[str] = Counter()


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
    """Two workers at a time, and a dozen of mails, so that they get in each other's way."""

    def __init__(self) -> None:
        super().__init__()
        self.chance = random.Random()
        self.now: datetime = NOON
        self.numbers = itertools.count()
        self.turns = itertools.count()
        self.living: set[int] = set()
        self.taken: dict[uuid.UUID, int] = {}
        self.workers: list[Played] = []
        with transaction() as session:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name in {"deliveries", "attempts", "state_changes", "workers"}:
                    session.execute(sa.delete(table))
        self._fill()

    @rule(seed=st.integers(0, 2**32))
    def something_happens(self, seed: int) -> None:
        # Hypothesis likes small numbers and repeats them; the turn makes each of them a new one.
        self.chance = random.Random(f"{seed} {next(self.turns)}")
        (what,) = self.chance.choices(list(WHAT_HAPPENS), list(WHAT_HAPPENS.values()))
        note(what)
        getattr(self, f"_{what}")()

    def _fill(self) -> None:
        while len(self.workers) < 2:
            pid = next(self.numbers)
            self.living.add(pid)
            self.workers.append(Played(f"worker {pid}", pid))

    def _write(self) -> None:
        if len(self.taken) < 12:
            (mail,) = queue([next(self.numbers)], now=self.now)
            self.taken[mail] = 0

    def _withdraw(self) -> None:
        if self.taken:
            in_hand = [worker.in_hand.delivery_id for worker in self.workers if worker.in_hand]
            mail = self.chance.choice(in_hand or list(self.taken))
            before = read(mail).state
            assert take_back(mail, now=self.now) is (before != read(mail).state)

    def _decide(self) -> None:
        """An organizer finds in the relay's log that nothing was taken, and has it sent again."""
        in_hand = {worker.in_hand.delivery_id for worker in self.workers if worker.in_hand}
        for mail, copies in self.taken.items():
            if not copies and mail not in in_hand and read(mail).state in {"unclear", "held"}:
                with transaction() as session:
                    delivery = session.get_one(Delivery, mail)
                    queue_again(session, delivery, now=self.now, cause="not in the log", actor="organizer")

    def _work(self) -> None:
        worker = self.chance.choice(self.workers)
        for _ in range(self.chance.randint(1, 3)):
            if worker not in self.workers:
                return
            if worker.in_hand is None:
                self._claim_and_begin(worker)
            elif worker.dot_sent:
                self._record(worker, self._answer(worker))
            elif self.chance.random() < 0.7:
                self._dot(worker)
            else:
                self._record(worker, self.chance.choice(BEFORE_THE_DOT))

    def _claim_and_begin(self, worker: Played) -> None:
        presence.appear(worker.name, Process("here", worker.pid, 1), now=self.now)
        if not worker.waiting:
            limit = self.chance.randint(1, 3)
            worker.waiting = claims.claim(worker=worker.name, limit=limit, now=self.now, lease=LEASE)
        if worker.waiting:
            worker.in_hand = beginning.begin(worker.waiting.pop(0), now=self.now)
            worker.dot_sent = worker.taken = False

    def _dot(self, worker: Played) -> None:
        assert worker.in_hand is not None
        if not journal.mark_dot_pending(worker.in_hand, now=self.now):
            self._record(worker, Outcome(kind="withheld", step="before_dot"))
        elif self.chance.random() < 0.1:
            note("dies between the mark and the dot")
            self._die(worker)
        else:
            worker.dot_sent = True
            worker.taken = self.chance.random() < 0.7
            self.taken[worker.in_hand.delivery_id] += worker.taken

    def _answer(self, worker: Played) -> Outcome:
        if self.chance.random() < 0.4:
            return self.chance.choice(NO_ANSWER)
        return TAKEN if worker.taken else self.chance.choice(REFUSED)

    def _record(self, worker: Played, outcome: Outcome) -> None:
        assert worker.in_hand is not None
        played[outcome.kind] += 1
        note(f"{worker.name}: {outcome}")
        journal.record([worker.in_hand], outcome, now=self.now, jitter=0.5)
        # Nobody knows whether the first time was committed: again is harmless.
        assert not journal.record([worker.in_hand], outcome, now=self.now, jitter=0.5)
        worker.in_hand = None

    def _leave(self) -> None:
        worker = self.chance.choice(self.workers)
        if worker.in_hand is None and self.chance.random() < 0.5:
            claims.release(worker.name)
            presence.leave(worker.name)
        self._die(worker)

    def _die(self, worker: Played) -> None:
        self.living.discard(worker.pid)
        self.workers.remove(worker)
        self._fill()

    def _time(self) -> None:
        self.now += self.chance.choice([timedelta(), LEASE * 2, timedelta(hours=13), timedelta(days=400)])
        take_over(now=self.now, is_alive=self._is_alive)

    def _late(self) -> None:
        """A lease runs out in a worker's hand, and the other worker comes before it has noticed."""
        self.now += LEASE * 2
        take_over(now=self.now, is_alive=self._is_alive)
        for worker in self.workers:
            if worker.in_hand is None:
                self._claim_and_begin(worker)

    def _is_alive(self, process: Process) -> bool:
        return process.pid in self.living

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
                in_hand = beginning.begin(one, now=self.now)
                assert in_hand is not None
                assert journal.mark_dot_pending(in_hand, now=self.now)
                self.taken[one.delivery_id] += 1
                assert journal.record([in_hand], TAKEN, now=self.now, jitter=0.5)
            self.now += timedelta(days=1)
        self.workers.clear()
        self.nothing_is_taken_twice_or_taken_and_forgotten()
        self.the_journals_tell_how_each_state_came_about()
        assert not {delivery.state for delivery in read_all()} & (DUE | {"sending"})


def test_whatever_happens_in_whatever_order(app_context: Flask) -> None:
    played.clear()
    options = settings(
        max_examples=length(8, 20),
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Delivering, settings=options)
    kinds = {"accepted", "temporary", "permanent", "unclear", "withheld", "crashed"}
    assert set(played) == kinds, "every kind of outcome was played"
