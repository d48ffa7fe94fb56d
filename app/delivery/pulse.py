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
        self.in_hand: set[uuid.UUID] = set()
        """Each beat extends the leases of these deliveries, and of no other ones."""
        self.trouble = ""

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
        in_hand = tuple(self.in_hand)  # at once: the worker changes it meanwhile
        if in_hand:
            claims.renew(in_hand, worker=self._worker, now=now, lease=self._lease)
