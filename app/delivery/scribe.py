"""Group commit: what several connections have to write down at the same time is one transaction.

A commit waits for the disk, and a mail needs three of them: its beginning, its mark before the dot,
and its end. With one commit for all that wait, being durable costs each of them a part only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, TypeVar

from sqlalchemy.orm import Session

from app.database import transaction

Result = TypeVar("Result")
MOST: Final = 64
"""Entries of one transaction."""


class Write(Protocol):
    """Does something in a transaction and returns what came of it, after that is durable."""

    def __call__(self, work: Callable[[Session], Result], /) -> Result:
        """Do it. Needs an application context, and no transaction that is open."""


def alone(work: Callable[[Session], Result], /) -> Result:
    """Do something in a transaction of its own."""
    with transaction() as session:
        return work(session)


class _Entry(Generic[Result]):
    """What somebody waits for to be written down."""

    def __init__(self, work: Callable[[Session], Result]) -> None:
        self.work = work
        self.done = False
        self.result: Result | None = None
        self.error: BaseException | None = None


class Scribe:
    """Writes down for many threads. Whoever comes while the pen is free writes for all who wait.

    What is to be done is a function of a session, which may be called twice: a transaction that
    failed is undone, and then each of its entries gets one of its own, so that nobody is stopped by a
    neighbour's mistake.
    """

    def __init__(self) -> None:
        self._pen = threading.Lock()
        self._door = threading.Lock()
        self._waiting: list[_Entry[Any]] = []

    def __call__(self, work: Callable[[Session], Result], /) -> Result:
        """Do something in a transaction, with all that others do at the same time: see `Write`.

        Raises:
            BaseException: what `work`, or the commit, raised.
        """
        entry = _Entry(work)
        with self._door:
            self._waiting.append(entry)
        with self._pen:
            while not entry.done:
                self._write()
        if entry.error is not None:
            raise entry.error
        return entry.result  # type: ignore[return-value]

    def _write(self) -> None:
        with self._door:
            entries, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        try:
            with transaction() as session:
                for entry in entries:
                    entry.result = entry.work(session)
        except Exception as error:
            for entry in entries:
                _write_alone(entry) if len(entries) > 1 else _fail(entry, error)
        except BaseException as error:
            for entry in entries:
                _fail(entry, error)
            raise
        finally:
            for entry in entries:
                entry.done = True


def _write_alone(entry: _Entry[Any]) -> None:
    try:
        entry.result = alone(entry.work)
    except Exception as error:
        _fail(entry, error)


def _fail(entry: _Entry[Any], error: BaseException) -> None:
    entry.error, entry.result = error, None
