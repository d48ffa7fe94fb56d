"""Several connections of one worker: each mail once, a server that has enough of them, and domains apart."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

import pytest
from flask import Flask

from app.delivery.envelope import Envelope
from app.delivery.limits import UNLIMITED, Limits
from app.delivery.senders.base import Outcome
from tests.delivery.letters import queue_letters, some_letter
from tests.delivery.mails import queue, read_all
from tests.delivery.working import AWAY, TAKEN, FakeServer, worker_for


@dataclass
class Busy(FakeServer):
    """Takes a while for each mail, counts how many are under way, and lets no more than `room` in at once."""

    room: int = 64
    most: int = 0
    by_domain: Counter[str] = field(default_factory=Counter)
    most_of_a_domain: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _under_way: int = 0

    def __post_init__(self) -> None:
        self.behave = self._meet

    def _meet(self, envelope: Envelope) -> Outcome:
        with self._lock:
            if self._under_way >= self.room:
                return AWAY
            self._under_way += 1
            self.by_domain[envelope.domain] += 1
            self.most = max(self.most, self._under_way)
            self.most_of_a_domain = max(self.most_of_a_domain, self.by_domain[envelope.domain])
        threading.Event().wait(0.02)
        with self._lock:
            self._under_way -= 1
            self.by_domain[envelope.domain] -= 1
        return TAKEN


def drain(app: Flask, server: FakeServer, *, limits: Limits = UNLIMITED) -> None:
    worker_for(app, server, connections=4, limits=limits).run(threading.Event(), drain=True)


def states() -> Counter[str]:
    return Counter(delivery.state for delivery in read_all())


def test_several_connections_deliver_each_mail_once(app_context: Flask) -> None:
    queue(range(60))
    server = Busy()
    drain(app_context, server)
    assert states() == {"accepted": 60}
    assert len(server.taken) == len({envelope.message_id for envelope in server.taken}) == 60
    assert 2 <= server.most <= 4


def test_a_server_with_fewer_places_gets_all_of_it_over_those(app_context: Flask) -> None:
    queue(range(30))
    server = Busy(room=2)
    drain(app_context, server)
    # Who found no place waits as after any refusal; the rest went over the connections that there were.
    assert states()["accepted"] >= 26
    assert set(states()) <= {"accepted", "deferred"}
    assert server.most == 2


def test_a_server_that_is_away_for_all_is_left_alone(app_context: Flask) -> None:
    queue(range(40))
    server = FakeServer(lambda _envelope: AWAY)
    drain(app_context, server)
    assert states() == {"deferred": 40}
    assert len(server.tried) <= 12, "four a turn, three turns"


@pytest.mark.backends("sqlite")
def test_letters_to_one_domain_go_one_after_the_other(app_context: Flask) -> None:
    of = some_letter()
    for place, name in enumerate(("one", "two", "three")):
        queue_letters(range(8 * place, 8 * place + 8), of, domain=f"{name}.example")
    server = Busy()
    drain(app_context, server, limits=Limits(letters=1000))
    assert states() == {"accepted": 24}
    assert server.most_of_a_domain == 1
    assert server.most >= 2
