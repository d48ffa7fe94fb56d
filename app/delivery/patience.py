"""Waiting for what cannot be used just now: the database, and the mail server."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from app.delivery.turns import rest
from app.errors import Unavailable

Result = TypeVar("Result")
log = logging.getLogger("redress.worker")

DATABASE_TROUBLE: Final = (SQLAlchemyError, Unavailable, OSError)
"""What the database, its lock file and the disk under it raise when they cannot be used just now."""

FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0


class Persistence:
    """Does what the database must do, again and again until it has done it.

    Args:
        stop: set when the worker is to end.
        patience: seconds after which to give up; None for never.
        grace: seconds after which to give up once `stop` is set.
    """

    def __init__(self, stop: threading.Event, *, patience: float | None, grace: float = 5.0) -> None:
        self._stop = stop
        self._patience = float("inf") if patience is None else patience
        self._grace = grace

    def __call__(self, action: Callable[[], Result]) -> Result:
        """Return what `action` returns, as soon as it does not raise `DATABASE_TROUBLE`.

        It is called again after each failure, and may then have been done although it failed.

        Raises:
            Unavailable: it was given up.
        """
        begun, wait = time.monotonic(), FIRST_WAIT
        while True:
            try:
                result = action()
            except DATABASE_TROUBLE as error:
                self._check_patience(time.monotonic() - begun)
                if wait == FIRST_WAIT:
                    log.warning("the database cannot be used (%s); waiting for it", type(error).__name__)
            else:
                if wait > FIRST_WAIT:
                    log.warning("the database can be used again")
                return result
            self._wait(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    def _check_patience(self, waited: float) -> None:
        if waited > (self._grace if self._stop.is_set() else self._patience):
            raise Unavailable(
                _("The database cannot be used. What was not delivered stays in the queue.")
            ) from None

    def _wait(self, seconds: float) -> None:
        if self._stop.is_set():
            time.sleep(FIRST_WAIT)
        else:
            rest(self._stop, seconds)


class Pause:
    """Keeps a worker from a mail server that cannot be used by any mail, for growing spans.

    Args:
        first: seconds of the first pause.
        longest: seconds of the longest.
        chance: makes workers that were stopped together come back one by one.
    """

    def __init__(self, *, first: float, longest: float, chance: random.Random) -> None:
        self._first = first
        self._longest = longest
        self._chance = chance
        self._until = 0.0
        self.troubles = 0

    @property
    def lasts(self) -> bool:
        """Whether it is too early to try again."""
        return time.monotonic() < self._until

    def begin(self) -> None:
        """The server could not be used."""
        seconds = min(self._first * 2**self.troubles, self._longest)
        self._until = time.monotonic() + seconds * (0.75 + self._chance.random() / 2)
        self.troubles = min(self.troubles + 1, 20)

    def end(self) -> None:
        """The server was reached."""
        self._until = 0.0
        self.troubles = 0
