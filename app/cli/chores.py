"""What a worker does beside delivering: releasing what waited for a contact, and deleting what is over."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
from collections.abc import Iterator

from flask import Flask
from sqlalchemy.exc import DBAPIError

from app import clock
from app.errors import Unavailable
from app.letters.readdressing import release_waiting
from app.letters.retention import purge
from app.letters.steadiness import clock_is_steady

log = logging.getLogger("redress.chores")

EVERY = 60.0
"""Seconds. A worker that is started anew every minute does no chores, and need not: others do them."""
PURGE_EVERY = 60
"""Rounds: once an hour, and in the first one."""


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
    rounds = itertools.count()
    while not stop.wait(EVERY):
        try:
            with app.app_context():
                do_chores(all_of_them=next(rounds) % PURGE_EVERY == 0)
        except (DBAPIError, Unavailable):
            log.warning("chores were left undone: the database could not be used")


def do_chores(*, all_of_them: bool) -> None:
    """Release what waited for a contact that is there now; with `all_of_them`, delete what is over."""
    if released := release_waiting(now=clock.now()):
        log.info("released letters that had waited for a contact: %s", released)
    if not all_of_them:
        return
    if not clock_is_steady(now=clock.now()):
        log.warning("nothing is deleted: the clock has jumped, or nobody looked at it for long")
    elif purged := purge(now=clock.now()):
        log.info("deleted what was no longer needed: %s", purged)
