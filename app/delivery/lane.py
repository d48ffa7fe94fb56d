"""One lane of the way out: so many in any span of so long, and a plan for those who wait. Pure.

Windows are those of the clock: each minute from its full minute on, each day from midnight. What
left is remembered as instants, the last `rate` of them; the next may leave when the window of the one
`rate` places before it is over, and half a window has gone by since. So no minute ever holds more than its
rate, two minutes' worth never leave in one breath, a lane that stood still for a day has saved up nothing,
and workers that come a few seconds late each time lose nothing. Whoever must wait is given the instant at
which its turn should come, behind all who were given one before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
SECOND: Final = 1_000_000
SKEW: Final = 5 * SECOND
"""So much may the clocks of two machines differ before what one wrote is taken for a mistake."""

Run = list[int]
"""An instant in microseconds, and how many left then."""


def micro(instant: datetime) -> int:
    """Return an instant as whole microseconds."""
    return (instant - EPOCH) // MICROSECOND


def instant(micros: int) -> datetime:
    """Return the instant of whole microseconds."""
    return EPOCH + micros * MICROSECOND


@dataclass
class Lane:
    """A lane as of one look; times are whole microseconds.

    Args:
        rate: how many may leave in any window; at least 1.
        window: its length.
        left: when the last ones left, in order.
        planned: the instants of the last who left or were told to wait, in order.
        ahead: how far the clock by which windows begin is ahead of UTC.
    """

    rate: int
    window: int
    left: list[Run] = field(default_factory=list)
    planned: list[Run] = field(default_factory=list)
    ahead: int = 0
    _displaced: int = 0

    def set_right(self, now: int) -> None:
        """Forget what left in the future (the clock went back), and so long ago that it bars nobody."""
        self.left = [run for run in self.left if now - self.window < run[0] <= now + SKEW]

    def wait_until(self, now: int, *, booked: int | None, earliest: int = 0) -> int | None:
        """Return None if one more may leave now, else the instant at which its turn should come.

        Args:
            now: the instant.
            booked: the instant that it was given before and that has come; None for one that is new.
            earliest: nobody leaves before it.
        """
        if booked is None and self.planned and self.planned[-1][0] > now:
            return self._plan(now, earliest)
        if max(self._free(0), earliest) <= now:
            return None
        if booked is not None and self._displaced < self.rate:
            # Late through no fault of its own: it need not go behind all others.
            self._displaced += 1
            return max(self._free(self._displaced - 1), earliest, now + 1)
        return self._plan(now, earliest)

    def take(self, now: int) -> None:
        """Let one leave now."""
        _add(self.left, now, self.rate)

    def _free(self, after: int) -> int:
        """Return when one may leave, were `after` others to leave as soon as they could."""
        return self._after(_nth_last(self.left, self.rate - after))

    def _after(self, before: int | None) -> int:
        """Return when one may leave, `rate` places behind one that left at `before`."""
        if before is None:
            return 0
        begun = before - (before + self.ahead) % self.window
        return max(begun + self.window, before + self.window // 2)

    def _plan(self, now: int, earliest: int) -> int:
        if not self.planned or self.planned[-1][0] <= now:
            self.planned = [list(run) for run in self.left]
        last = self.planned[-1][0] if self.planned else 0
        at = max(now + 1, earliest, last, self._after(_nth_last(self.planned, self.rate)))
        _add(self.planned, at, self.rate)
        return at


def _nth_last(runs: list[Run], number: int) -> int | None:
    for at, count in reversed(runs):
        number -= count
        if number <= 0:
            return at
    return None


def _add(runs: list[Run], at: int, keep: int) -> None:
    if runs and runs[-1][0] >= at:
        runs[-1][1] += 1
    else:
        runs.append([at, 1])
    spare = sum(count for _at, count in runs) - keep
    while spare > 0:
        taken = min(spare, runs[0][1])
        runs[0][1] -= taken
        spare -= taken
        if not runs[0][1]:
            del runs[0]
