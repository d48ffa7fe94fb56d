"""Group commit: what several connections have to write down at the same time is one transaction.

A commit waits for the disk, and a mail needs three of them: its beginning, its mark before the dot,
and its end. With one commit for all that wait, being durable costs each of them a part only; and what is
of one kind is written by one statement for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from sqlalchemy.orm import Session

from app.database import transaction
from app.delivery.turns import Turn, current
from app.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Session, Sequence[Item]], Sequence[Result]]
"""Does something for each of several items in a transaction; returns what came of each, in their order."""
MOST: Final = 64
"""Entries of one transaction."""


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

    def __init__(self, work: Work[Item, Result], item: Item, turn: Turn[Any]) -> None:
        self.work = work
        self.item = item
        self.turn = turn
        self.result: Result | None = None
        self.error: BaseException | None = None


class Scribe:
    """Writes down for several jobs that take turns, for all who wait at the same time.

    Work may be called twice for an item: a transaction that failed is undone, and then each of its
    entries gets one of its own, so that nobody is stopped by a neighbour's mistake.
    """

    def __init__(self) -> None:
        self._waiting: list[_Entry[Any, Any]] = []

    def __call__(self, work: Work[Item, Result], item: Item, /) -> Result:
        """Do something for an item in a transaction, with all that others do at the same time: see `Write`.

        Raises:
            BaseException: what `work`, or the commit, raised.
        """
        turn = current()
        if turn is None:
            return alone(work, item)
        entry = _Entry(work, item, turn)
        self._waiting.append(entry)
        turn.turns.park(turn)
        if entry.error is not None:
            raise entry.error
        return entry.result  # type: ignore[return-value]

    def write_down(self) -> bool:
        """Write down what is waited for, in one transaction; returns whether there was anything."""
        entries, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        if entries:
            try:
                _write_together(entries)
            finally:
                for entry in entries:
                    entry.turn.turns.go_on(entry.turn)
        return bool(entries)


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
