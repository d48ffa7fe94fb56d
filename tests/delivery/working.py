"""Workers to try things with, in this process."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from flask import Flask

from app.delivery.beginning import DispatchCheck, nothing_to_check
from app.delivery.envelope import Composer, Envelope, nothing_to_compose
from app.delivery.gathering import Gatherer, nothing_to_gather
from app.delivery.limits import UNLIMITED, Limits
from app.delivery.processes import this_process
from app.delivery.senders.base import Outcome, SenderFactory
from app.delivery.senders.server import SmtpServer
from app.delivery.senders.smtp import SmtpSender
from app.delivery.worker import PACE, Pace, Worker
from tests.delivery.mails import NOON

QUICK = replace(
    PACE,
    beat=0.1,
    look_around=0.1,
    first_idle=0.01,
    longest_idle=0.02,
    first_pause=0.1,
    longest_pause=0.2,
    drain_patience=1.0,
)
_numbers = itertools.count()

TAKEN = Outcome(kind="accepted", step="dot", code=250)
AWAY = Outcome(kind="temporary", step="connect", reply="nobody answers")


@dataclass
class FakeServer:
    """What a fake sender sends to: does as `behave` says, and keeps what it took."""

    behave: Callable[[Envelope], Outcome] = lambda _envelope: TAKEN
    taken: list[Envelope] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    dots_refused: int = 0
    closed: int = 0

    def __call__(self, _hurry: threading.Event) -> FakeSender:
        return FakeSender(self)


@dataclass
class FakeSender:
    """Asks before the dot, as every sender must."""

    server: FakeServer

    def send(self, *, envelope: Envelope, before_dot: Callable[[], bool]) -> Outcome:
        self.server.tried.append(envelope.rcpt_to)
        outcome = self.server.behave(envelope)
        if outcome.step != "dot":
            return outcome
        if not before_dot():
            self.server.dots_refused += 1
            return Outcome(kind="withheld", step="before_dot")
        if outcome.kind == "accepted":
            self.server.taken.append(envelope)
        return outcome

    def close(self) -> None:
        """Nothing is open; that it was let go of is counted."""
        self.server.closed += 1


def worker_for(
    app: Flask,
    senders: SenderFactory,
    *,
    now: datetime = NOON,
    pace: Pace = QUICK,
    check: DispatchCheck = nothing_to_check,
    limits: Limits = UNLIMITED,
    clock: Callable[[], datetime] | None = None,
    connections: int = 1,
    gather: Gatherer = nothing_to_gather,
    compose: Composer = nothing_to_compose,
) -> Worker:
    """Return a worker with a name of its own, for which it is always `now`, or what `clock` says."""
    return Worker(
        app=app,
        senders=senders,
        name=f"worker {next(_numbers)}",
        process=this_process(),
        now=clock or (lambda: now),
        chance=random.Random(1),
        check=check,
        gather=gather,
        compose=compose,
        pace=pace,
        limits=limits,
        connections=connections,
    )


def drain(
    app: Flask,
    senders: SenderFactory,
    *,
    now: datetime = NOON,
    check: DispatchCheck = nothing_to_check,
    limits: Limits = UNLIMITED,
    compose: Composer = nothing_to_compose,
) -> None:
    """Let a worker deliver what is due at an instant."""
    worker = worker_for(app, senders, now=now, check=check, limits=limits, compose=compose)
    worker.run(threading.Event(), drain=True)


def smtp_to(url: str, *, seconds: float = 5.0) -> SenderFactory:
    """Return what makes senders to an SMTP server that is given so many seconds for each step."""
    server = SmtpServer.parse(url, greeting="site.example")
    server = replace(server, timeouts=server.timeouts.at_most(seconds))
    return lambda hurry: SmtpSender(server, hurry=hurry)


@contextmanager
def running(*workers: Worker) -> Iterator[threading.Event]:
    """Run workers, a thread each, for as long as the block lasts; what one raises, this raises."""
    stop = threading.Event()
    raised: list[BaseException] = []

    def run(worker: Worker) -> None:
        try:
            worker.run(stop)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    if raised:
        raise raised[0]
