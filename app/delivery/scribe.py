"""Group commit: what several connections have to write down at the same time is one transaction.

A commit waits for the disk, and a mail needs three of them: its beginning, its mark before the dot,
and its end. With one commit for all that wait, being durable costs each of them a part only; and what is
of one kind is written by one statement for all of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from sqlalchemy.orm import Session

from app.database import transaction
from app.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Session, Sequence[Item]], Sequence[Result]]
"""Does something for each of several items in a transaction; returns what came of each, in their order."""
MOST: Final = 64
"""Entries of one transaction."""
LINGER: Final = 0.001
"""Seconds in which neighbours come who were there the last time, and share the commit."""


class Write(Protocol):
    """Does something for an item in a transaction and returns what came of it, after that is durable."""

    def __call__(self, work: Work[Item, Result], item: Item, /) -> Result:
        """Do it. Needs an application context, and no transaction that is open."""


def alone(work: Work[Item, Result], item: Item, /) -> Result:
    """Do something for an item in a transaction of its own."""
    with transaction() as session:
        return work(session, [item])[0]


class _Entry(Generic[Item, Result]):
    """What somebody waits for to be written down."""

    def __init__(self, work: Work[Item, Result], item: Item) -> None:
        self.work = work
        self.item = item
        self.done = False
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.turn = threading.Lock()
        self.turn.acquire()


class Scribe:
    """Writes down for many threads. Whoever comes while the pen is free writes for all who wait.

    Work may be called twice for an item: a transaction that failed is undone, and then each of its
    entries gets one of its own, so that nobody is stopped by a neighbour's mistake.
    """

    def __init__(self) -> None:
        self._door = threading.Lock()
        self._pen_is_free = True
        self._has_company = False
        self._waiting: list[_Entry[Any, Any]] = []

    def __call__(self, work: Work[Item, Result], item: Item, /) -> Result:
        """Do something for an item in a transaction, with all that others do at the same time: see `Write`.

        Raises:
            BaseException: what `work`, or the commit, raised.
        """
        entry = _Entry(work, item)
        with self._door:
            self._waiting.append(entry)
            writes, self._pen_is_free = self._pen_is_free, False
        if not writes:
            entry.turn.acquire()  # until somebody has written it down, or hands over the pen
        if not entry.done:
            self._write()
        if entry.error is not None:
            raise entry.error
        return entry.result  # type: ignore[return-value]

    def _write(self) -> None:
        if self._has_company:
            time.sleep(LINGER)
        with self._door:
            entries, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        self._has_company = len(entries) > 1
        try:
            _write_together(entries)
        finally:
            for entry in entries:
                entry.done = True
            self._hand_over()
            for entry in entries:
                entry.turn.release()

    def _hand_over(self) -> None:
        """Give the pen to the first who waits; there is one place in each transaction for who has it."""
        with self._door:
            if self._waiting:
                self._waiting[0].turn.release()
            else:
                self._pen_is_free = True


def _write_together(entries: Sequence[_Entry[Any, Any]]) -> None:
    try:
        with transaction() as session:
            for work, alike in _by_work(entries).items():
                results = work(session, [entry.item for entry in alike])
                for entry, result in zip(alike, results, strict=True):
                    entry.result = result
    except Exception as error:
        again = len(entries) > 1 and not _is_away(error)
        for entry in entries:
            _write_alone(entry) if again else _fail(entry, error)
    except BaseException as error:
        for entry in entries:
            _fail(entry, error)
        raise


def _is_away(error: Exception) -> bool:
    # It would keep each of them waiting for as long as it kept all of them.
    return isinstance(error, (Unavailable, OSError)) or getattr(error, "connection_invalidated", False)


def _by_work(entries: Sequence[_Entry[Any, Any]]) -> dict[Work[Any, Any], list[_Entry[Any, Any]]]:
    kinds: dict[Work[Any, Any], list[_Entry[Any, Any]]] = {}
    for entry in entries:
        kinds.setdefault(entry.work, []).append(entry)
    return kinds


def _write_alone(entry: _Entry[Any, Any]) -> None:
    try:
        entry.result = alone(entry.work, entry.item)
    except Exception as error:
        _fail(entry, error)


def _fail(entry: _Entry[Any, Any], error: BaseException) -> None:
    entry.error, entry.result = error, None
