"""When to try again, and when to give up."""

from __future__ import annotations

from datetime import timedelta
from itertools import accumulate, chain, repeat, takewhile
from typing import Final

GROWING: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 3 * 60, 6 * 60, 12 * 60))
GIVE_UP_AFTER: Final = timedelta(days=4)
"""RFC 5321 §4.5.4.1: at least 4–5 days. Counted in attempts, so that a clock that jumps gives nothing up."""

JITTER: Final = 0.2
SERVER_AWAY: Final = timedelta(seconds=30)
WITHHELD: Final = timedelta(seconds=5)
CRASHES: Final = 3
"""Attempts in a row that may end in an error of our own before a delivery is quarantined."""
AFTER_CRASHES: Final = (timedelta(), timedelta(seconds=10))


def _within_limit() -> tuple[timedelta, ...]:
    delays = chain(GROWING, repeat(GROWING[-1]))
    sums = takewhile(lambda total: total <= GIVE_UP_AFTER, accumulate(delays, initial=timedelta()))
    count = sum(1 for _ in sums) - 1
    return (*GROWING, *repeat(GROWING[-1], count - len(GROWING)))


SCHEDULE: Final = _within_limit()
"""The delay after the first temporary refusal, after the second, and so on; together at most four days."""


def next_delay(refusals: int, *, jitter: float) -> timedelta | None:
    """Return how long to wait after so many temporary refusals, or None to give up.

    Args:
        refusals: how many there were, this one included; at least 1.
        jitter: in [0, 1); spreads what was refused together, by a fifth either way.
    """
    return spread(SCHEDULE[refusals - 1], jitter=jitter) if refusals <= len(SCHEDULE) else None


def spread(delay: timedelta, *, jitter: float) -> timedelta:
    """Return a delay that is up to a fifth longer or shorter, as `jitter` in [0, 1) says."""
    return delay * (1 - JITTER + 2 * JITTER * jitter)
