"""What a worker does beside delivering: contacts, the relay's log, questions to writers, and deleting."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import DBAPIError

from app import clock
from app.errors import Unavailable
from app.letters.bouncing import see_to_refused
from app.letters.readdressing import release_waiting
from app.letters.replies.asking import ask_what_came_back
from app.letters.resolving import count_unclear, resolve_unclear
from app.letters.retention import purge
from app.letters.steadiness import clock_is_steady
from app.letters.submitting import hold_what_changed

log = logging.getLogger("redress.chores")

EVERY = 60.0
"""Seconds. A worker that is started anew every minute does no chores, and need not: others do them."""
PURGE_EVERY = 60
"""Rounds: once an hour, and in the first one."""


@contextlib.contextmanager
def beside(app: Flask, stop: threading.Event, relay_log: Path | None = None) -> Iterator[None]:
    """Do the chores in a thread for the length of a block.

    Args:
        app: the application.
        stop: set when the worker is told to stop.
        relay_log: of Postfix; what is unclear is looked up there.
    """
    thread = threading.Thread(target=_go_on, args=(app, stop, relay_log), name="chores", daemon=True)
    thread.start()
    yield


def _go_on(app: Flask, stop: threading.Event, relay_log: Path | None) -> None:
    rounds = itertools.count()
    while not stop.wait(EVERY):
        with app.app_context():
            do_chores(all_of_them=next(rounds) % PURGE_EVERY == 0)
            if relay_log is not None:
                _attempt(partial(look_up, relay_log))


def do_chores(*, all_of_them: bool) -> None:
    """See to contacts that do not work, or work again, to letters for forms, and ask writers what came back.

    With `all_of_them`, delete what is over. One that goes wrong keeps no other one back.
    """
    for chore in (_suspend, _hold_forms, _release, _ask, *([_delete] if all_of_them else [])):
        _attempt(chore)


def _attempt(chore: Callable[[], None]) -> None:
    try:
        chore()
    except (DBAPIError, Unavailable):
        log.warning("chores were left undone: the database could not be used")
    except Exception as error:
        # Neither its text nor a traceback: both could hold an address.
        log.error("a chore was left undone: unforeseen %s", type(error).__name__)


def _suspend() -> None:
    if suspended := see_to_refused(now=clock.now()):
        log.warning("saw to addresses that do not exist: %s", suspended)


def _hold_forms() -> None:
    if held := hold_what_changed(now=clock.now()):
        log.info("held letters for forms that must not leave as they are: %s", held)


def _release() -> None:
    if released := release_waiting(now=clock.now()):
        log.info("released letters that had waited for a contact: %s", released)


def _ask() -> None:
    if asked := ask_what_came_back(now=clock.now()):
        log.info("asked writers what came back: %s", asked)


def _delete() -> None:
    if not clock_is_steady(now=clock.now()):
        log.warning("nothing is deleted: the clock has jumped, or nobody looked at it for long")
    elif purged := purge(now=clock.now()):
        log.info("deleted what was no longer needed: %s", purged)


def look_up(relay_log: Path) -> None:
    """Settle what is unclear by the relay's log, where that tells enough."""
    if not count_unclear():
        return
    try:
        with relay_log.open(encoding="utf-8", errors="replace") as lines:
            resolved = resolve_unclear(lines, now=clock.now())
    except OSError as error:
        log.warning("the relay's log cannot be read: %s", error.strerror)
        return
    if resolved.taken or resolved.came_back:
        log.info("settled by the relay's log: %s", resolved)
