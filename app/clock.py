"""Time as an argument: the only place that reads the machine's clock.

Front doors ask `Clock.now()` once for each request or turn and hand the instant down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from flask import current_app


@dataclass(frozen=True)
class Clock:
    """A clock that runs with the machine's, shifted by a fixed span.

    Args:
        shift: added to the machine's time; zero everywhere but in tests (`REDRESS_TEST_NOW`).
    """

    shift: timedelta = timedelta()

    def now(self) -> datetime:
        """Return the current instant, in UTC, aware, with microseconds."""
        return datetime.now(UTC) + self.shift

    @classmethod
    def starting_at(cls, instant: datetime) -> Clock:
        """Return a clock that shows `instant` (aware) at this moment and runs on from there."""
        return cls(shift=instant - datetime.now(UTC))


def now() -> datetime:
    """Return the running application's current instant. For front doors only."""
    return cast(Clock, current_app.extensions["redress_clock"]).now()
