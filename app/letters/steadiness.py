"""Whether the clock may be believed by whoever deletes: one that is a year fast would delete everything.

Workers look at the clock every hour and write down what it showed. Where it jumps, nothing is deleted until
all of them have agreed for a day: long enough for somebody to notice, and short against what is promised.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from app.database import transaction
from app.security.options import Option

CLOCK: Final = "clock"
"""The row: what the clock showed last, and since when it has not jumped."""
JUMP: Final = timedelta(days=2)
"""Between two looks: a site that was off over a week-end has not lost its clock."""
BELIEVED_AFTER: Final = timedelta(days=1)


def clock_is_steady(*, now: datetime) -> bool:
    """Write down that it is `now`, and return whether the clock has not jumped for long enough.

    An installation that never looked is as one whose clock has jumped.
    """
    with transaction() as session:
        row = session.scalar(select(Option).where(Option.name == CLOCK).with_for_update())
        if row is None:
            row = Option(name=CLOCK)
            session.add(row)
            seen = since = None
        else:
            seen, since = (datetime.fromisoformat(part) for part in row.value.split())
        if seen is None or since is None or abs(now - seen) > JUMP:
            since = now
        row.value = f"{now.isoformat()} {since.isoformat()}"
        return now - since >= BELIEVED_AFTER
