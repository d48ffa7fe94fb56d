"""Several jobs on one thread: while one waits, for a mail server or for the journal, the others go on.

Each job is a greenlet. It runs until it waits, and nothing else runs meanwhile: what it does between two
waits needs no lock. Threads would hand the interpreter to each other dozens of times for each mail, which
takes longer than all the work that there is.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar, cast

from greenlet import getcurrent, greenlet

Result = TypeVar("Result")
GLANCE: Final = 0.2
"""Seconds after which whoever waits looks up, to see whether the worker is to end."""
LINGER: Final = 0.001
"""Seconds in which those come whose servers are about to answer, and share what is done for all who wait."""


class Turn(greenlet, Generic[Result]):
    """One job among several that take turns."""

    def __init__(self, job: Callable[[], Result], turns: Turns) -> None:
        super().__init__(self._do)
        self.turns = turns
        self.result: Result | None = None
        self.error: BaseException | None = None
        self._job = job

    def _do(self, _heard: bool) -> None:
        try:
            self.result = self._job()
        except BaseException as error:
            self.error = error  # raised by who runs them all


class Turns:
    """Runs jobs that take turns on this thread.

    Args:
        between: called when no job can go on: does what jobs are parked for and lets those `go_on`.
            Returns whether there was any.
    """

    def __init__(self, between: Callable[[], bool]) -> None:
        self._between = between
        self._ready: deque[tuple[Turn[Any], bool]] = deque()
        self._parked: set[Turn[Any]] = set()
        self._waiting: dict[Turn[Any], tuple[int | None, float]] = {}
        self._by_place: dict[int, Turn[Any]] = {}
        self._poll = select.poll()

    def run(self, jobs: Sequence[Callable[[], Result]]) -> list[Result]:
        """Run all jobs to their ends.

        Returns:
            What they returned, in their order.

        Raises:
            BaseException: what the first of them raised, when all of them have ended.
        """
        turns = [Turn(job, self) for job in jobs]
        self._ready.extend((turn, False) for turn in turns)
        while not all(turn.dead for turn in turns):
            self._go_round()
        for turn in turns:
            if turn.error is not None:
                raise turn.error
        return [cast("Result", turn.result) for turn in turns]

    def _go_round(self) -> None:
        while self._ready:
            turn, heard = self._ready.popleft()
            turn.switch(heard)
        if self._parked:
            self._listen(LINGER)
            if self._ready or self._between():
                return
        if not self._waiting and self._parked:
            raise RuntimeError("everybody waits, and for nobody")
        soonest = min((until for _place, until in self._waiting.values()), default=0.0)
        self._listen(max(0.0, soonest - time.monotonic()))
        now = time.monotonic()
        for turn in [turn for turn, (_place, until) in self._waiting.items() if until <= now]:
            self._wake(turn, heard=False)

    def _listen(self, seconds: float) -> None:
        if self._waiting:
            for place, _event in self._poll.poll(1000 * seconds):
                self._wake(self._by_place[place], heard=True)

    def _wake(self, turn: Turn[Any], *, heard: bool) -> None:
        place, _until = self._waiting.pop(turn)
        if place is not None:
            del self._by_place[place]
            self._poll.unregister(place)
        self._ready.append((turn, heard))

    def wait(self, turn: Turn[Any], seconds: float, place: int | None = None, event: int = 0) -> bool:
        """Let others go on for a while, or until something happens on a descriptor.

        Args:
            turn: the job that is running.
            seconds: how long at most.
            place: the descriptor.
            event: `select.POLLIN` or `select.POLLOUT`.

        Returns:
            Whether it happened.
        """
        self._waiting[turn] = (place, time.monotonic() + seconds)
        if place is not None:
            self._by_place[place] = turn
            self._poll.register(place, event)
        return bool(turn.parent.switch())

    def park(self, turn: Turn[Any]) -> None:
        """Let others go on until somebody lets this job `go_on`."""
        self._parked.add(turn)
        turn.parent.switch()

    def go_on(self, turn: Turn[Any]) -> None:
        """Let a parked job go on at its next turn."""
        self._parked.remove(turn)
        self._ready.append((turn, False))


def current() -> Turn[Any] | None:
    """Return the job that is running, if it is one that takes turns."""
    found = getcurrent()
    return found if isinstance(found, Turn) else None


def wait_for(sock: socket.socket, event: int, seconds: float) -> bool:
    """Wait until a socket can be read or written or was hung up; others take their turns meanwhile.

    Args:
        sock: the socket.
        event: `select.POLLIN` or `select.POLLOUT`.
        seconds: how long at most.

    Returns:
        Whether it happened.
    """
    turn = current()
    if turn is not None:
        return turn.turns.wait(turn, seconds, sock.fileno(), event)
    poll = select.poll()
    poll.register(sock, event)
    return bool(poll.poll(1000 * seconds))


def rest(stop: threading.Event, seconds: float) -> None:
    """Do nothing for some seconds or until `stop` is set; others take their turns meanwhile."""
    turn = current()
    if turn is None:
        stop.wait(seconds)
        return
    end = time.monotonic() + seconds
    while not stop.is_set() and (left := end - time.monotonic()) > 0:
        turn.turns.wait(turn, min(GLANCE, left))
