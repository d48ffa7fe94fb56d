"""The worker: claims what is due, batch by batch, until it is stopped or nothing is due any more."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from flask import Flask

from app.delivery import causes, claims, presence, retries
from app.delivery.beginning import DispatchCheck, nothing_to_check
from app.delivery.claims import Claim
from app.delivery.crew import Crew
from app.delivery.envelope import Composer, nothing_to_compose
from app.delivery.gathering import Gatherer, nothing_to_gather
from app.delivery.hand import Hand
from app.delivery.limits import UNLIMITED, Limits
from app.delivery.patience import DATABASE_TROUBLE, Pause, Persistence
from app.delivery.processes import Process, is_alive
from app.delivery.pulse import Pulse, working_in
from app.delivery.scribe import Scribe, Write
from app.delivery.senders.base import Outcome, SenderFactory
from app.delivery.takeover import take_over
from app.errors import Unavailable

log = logging.getLogger("redress.worker")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How a worker spends its time. In seconds, unless it says otherwise."""

    batch: int = 20
    """How many mails it claims at once."""
    lease: timedelta = timedelta(minutes=2)
    """How long it may be silent before others take over, where they cannot see that it lives."""
    beat: float = 10.0
    """Between two signs of life."""
    look_around: float = 5.0
    """Between two looks for what lost workers left."""
    first_idle: float = 0.2
    longest_idle: float = 1.0
    first_pause: float = 5.0
    """When the mail server cannot be used at all."""
    longest_pause: float = 300.0
    drain_tries: int = 3
    """How often a draining worker tries a server that cannot be used."""
    drain_patience: float = 30.0
    """How long a draining worker waits for the database."""


PACE: Final = Pace()


class Worker:
    """Delivers until it is stopped, over one connection or several that take turns, with a heartbeat.

    Args:
        app: the application.
        senders: makes what hands the mails over.
        name: of this worker; no other one has it or had it.
        process: the process that it runs in.
        now: tells the time.
        chance: spreads what would happen at once.
        check: looks once more before a mail leaves.
        compose: makes the mails in our own name from what is stored of them.
        gather: makes one mail of several letters to an office that wishes so.
        pace: how it spends its time.
        limits: how fast mails may leave, this worker and all others together.
        connections: how many mails it hands over at the same time.
    """

    def __init__(
        self,
        *,
        app: Flask,
        senders: SenderFactory,
        name: str,
        process: Process,
        now: Callable[[], datetime],
        chance: random.Random,
        check: DispatchCheck = nothing_to_check,
        compose: Composer = nothing_to_compose,
        gather: Gatherer = nothing_to_gather,
        pace: Pace = PACE,
        limits: Limits = UNLIMITED,
        connections: int = 1,
    ) -> None:
        self._app = app
        self._senders = senders
        self._name = name
        self._process = process
        self._now = now
        self._chance = chance
        self._check = check
        self._compose = compose
        self._gather = gather
        self._pace = pace
        self._limits = limits
        self._connections = connections

    def run(self, stop: threading.Event, *, drain: bool = False) -> None:
        """Deliver what is due until `stop` is set or, with `drain`, until nothing is due any more.

        When `stop` is set, what is in hand is brought to an end within seconds and the rest of the
        batch is given back. A database that cannot be used is waited for.

        Raises:
            Unavailable: draining, and the database could not be used for too long.
        """
        with working_in(self._app):
            shift = self._shift(stop, drain)
            try:
                shift.drain() if drain else shift.go_on()
            except Unavailable:
                if not stop.is_set():
                    raise

    def _shift(self, stop: threading.Event, drain: bool) -> Shift:
        persist = Persistence(stop, patience=self._pace.drain_patience if drain else None)
        pulse = Pulse(
            app=self._app,
            worker=self._name,
            process=self._process,
            now=self._now,
            every=self._pace.beat,
            lease=self._pace.lease,
        )
        scribe = Scribe()
        crew = Crew(
            app=self._app,
            hands=self._hands(stop, persist, scribe),
            stop=stop,
            apart=self._limits.letters > 0,
            in_hand=pulse.in_hand,
            between=scribe.write_down,
        )
        pause = Pause(first=self._pace.first_pause, longest=self._pace.longest_pause, chance=self._chance)
        return Shift(
            self._name, stop, self._now, self._chance, self._pace, self._limits, persist, crew, pulse, pause
        )

    def _hands(self, stop: threading.Event, persist: Persistence, write: Write) -> list[Hand]:
        return [
            Hand(
                senders=self._senders,
                persist=persist,
                now=self._now,
                chance=self._chance,
                check=self._check,
                compose=self._compose,
                gather=self._gather,
                stop=stop,
                watch=self._limits.letters > 0,
                write=write,
            )
            for _connection in range(self._connections)
        ]


@dataclass
class Shift:
    """One run of a worker, from its first sign of life to its last."""

    name: str
    stop: threading.Event
    now: Callable[[], datetime]
    chance: random.Random
    pace: Pace
    limits: Limits
    persist: Persistence
    crew: Crew
    pulse: Pulse
    pause: Pause
    _looked_around: float = float("-inf")

    def go_on(self) -> None:
        """Deliver until told to stop."""
        self.persist(self.pulse.start)
        try:
            wait = self.pace.first_idle
            while not self.stop.is_set():
                if self._turn():
                    wait = self.pace.first_idle
                    continue
                self.crew.rest()
                self.stop.wait(wait * (0.5 + self.chance.random()))
                wait = min(2 * wait, self.pace.longest_idle)
        finally:
            self._end()

    def drain(self) -> None:
        """Deliver until nothing is due, or the mail server has shown often enough that it is away."""
        self.persist(self.pulse.start)
        try:
            while not self.stop.is_set() and self._turn(wait_out=False):
                if self.pause.troubles >= self.pace.drain_tries:
                    self._postpone_all()
        finally:
            self._end()

    def _turn(self, *, wait_out: bool = True) -> bool:
        """Look around if it is time, then deliver a batch. Returns whether anything was due."""
        self._look_around()
        if wait_out and self.pause.lasts:
            return False
        # While the server cannot be used, one mail is enough to find out whether it is back.
        probing = self.pause.troubles and wait_out
        waiting = self._claim(1 if probing else self.pace.batch * self.crew.size)
        found = bool(waiting)
        try:
            away = self.crew.deliver(waiting, self._note)
            if away is not None:
                self._server_away(away, waiting)
        finally:
            self.pulse.in_hand.clear()
        return found

    def _note(self, outcome: Outcome) -> None:
        if self.pause.troubles and outcome.kind != "crashed":
            self._server_back()

    def _claim(self, limit: int) -> deque[Claim]:
        claim = partial(
            claims.claim,
            worker=self.name,
            limit=limit,
            lease=self.pace.lease,
            limits=self.limits,
            give_up=self.stop.is_set,
        )
        return deque(self.persist(lambda: claim(now=self.now())))

    def _look_around(self) -> None:
        if time.monotonic() < self._looked_around + self.pace.look_around:
            return
        self._looked_around = time.monotonic()
        found = self.persist(lambda: take_over(now=self.now(), is_alive=is_alive))
        if found:
            log.warning(
                "lost workers had left: %d not begun, %d queued again, %d unclear",
                found.given_back,
                found.queued_again,
                found.unclear,
            )

    def _server_away(self, outcome: Outcome, waiting: deque[Claim]) -> None:
        if not self.pause.troubles:
            code = f"{outcome.code} " if outcome.code else ""
            log.error(
                "the mail server cannot be used: %s%s at %s; trying on", code, outcome.reply, outcome.step
            )
            self._note_trouble(causes.SERVER_AWAY)
        self.pause.begin()
        self._postpone(waiting)

    def _server_back(self) -> None:
        log.warning("the mail server can be used again")
        self.pause.end()
        self._note_trouble("")

    def _note_trouble(self, trouble: str) -> None:
        self.pulse.trouble = trouble
        self.persist(lambda: presence.note_trouble(self.name, trouble))

    def _postpone(self, waiting: deque[Claim]) -> None:
        if waiting:
            now = self.now()
            until = now + retries.spread(retries.SERVER_AWAY, jitter=self.chance.random())
            self.persist(lambda: claims.postpone(waiting, now=now, until=until))

    def _postpone_all(self) -> None:
        while waiting := self._claim(10 * self.pace.batch):
            self._postpone(waiting)

    def _end(self) -> None:
        """Let go of the mail server, give back what was not begun, and take leave."""
        self.crew.rest()
        self.pulse.stop()
        try:
            claims.release(self.name)
            presence.leave(self.name)
        except DATABASE_TROUBLE as error:
            # Others will see that the process is gone, and take over.
            log.warning("the database cannot be used (%s): left without saying so", type(error).__name__)
