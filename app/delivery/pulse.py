"""The heartbeat of a worker: a thread that shows the others that it lives, while it waits for a server."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from flask import Flask
from flask_babel import force_locale

from app.delivery import claims, presence
from app.delivery.patience import DATABASE_TROUBLE
from app.delivery.processes import Process
from app.i18n import LOCALES


@contextlib.contextmanager
def working_in(app: Flask) -> Iterator[None]:
    """Work in the context of `app`, where nobody's browser says which language to speak."""
    with app.app_context(), force_locale(LOCALES[0]):
        yield


class Pulse:
    """Beats until it is stopped.

    Args:
        app: the application.
        worker: the worker's name.
        process: the process that it runs in.
        now: tells the time.
        every: seconds between two beats.
        lease: what each beat extends the leases of what is held to.
    """

    def __init__(
        self,
        *,
        app: Flask,
        worker: str,
        process: Process,
        now: Callable[[], datetime],
        every: float,
        lease: timedelta,
    ) -> None:
        self._app = app
        self._worker = worker
        self._process = process
        self._now = now
        self._every = every
        self._lease = lease
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
        self._in_hand: tuple[uuid.UUID, ...] = ()
        self.trouble = ""

    def hold(self, deliveries: tuple[uuid.UUID, ...]) -> None:
        """Extend the leases of these from now on, and of no other ones."""
        self._in_hand = deliveries

    def start(self) -> None:
        """Give the first sign of life, then beat in a thread of its own.

        Raises:
            SQLAlchemyError, Unavailable: the database cannot be used; nothing was started.
        """
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """Stop beating, and wait for a beat that is under way."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            try:
                with working_in(self._app):
                    self._beat()
            except DATABASE_TROUBLE:
                continue  # the worker itself meets the same trouble, and says so

    def _beat(self) -> None:
        now = self._now()
        presence.appear(self._worker, self._process, now=now, trouble=self.trouble)
        if self._in_hand:
            claims.renew(self._in_hand, worker=self._worker, now=now, lease=self._lease)
