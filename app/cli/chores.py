"""What a worker does beside delivering: deleting what is no longer needed, once an hour."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

from flask import Flask
from sqlalchemy.exc import DBAPIError

from app import clock
from app.errors import Unavailable
from app.letters.retention import purge

log = logging.getLogger("redress.chores")

FIRST_AFTER = 60.0
EVERY = 3600.0
"""Seconds. A worker that is started anew every minute does no chores, and need not: others do them."""


@contextlib.contextmanager
def beside(app: Flask, stop: threading.Event) -> Iterator[None]:
    """Do the chores in a thread for the length of a block.

    Args:
        app: the application.
        stop: set when the worker is told to stop.
    """
    thread = threading.Thread(target=_go_on, args=(app, stop), name="chores", daemon=True)
    thread.start()
    yield


def _go_on(app: Flask, stop: threading.Event) -> None:
    wait = FIRST_AFTER
    while not stop.wait(wait):
        wait = EVERY
        try:
            with app.app_context():
                purged = purge(now=clock.now())
        except (DBAPIError, Unavailable):
            log.warning("nothing was deleted: the database could not be used")
        else:
            if purged:
                log.info("deleted what was no longer needed: %s", purged)
