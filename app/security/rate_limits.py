"""Counting how often something was done, in the database, so that all processes count together.

What is counted (an address, an account) is kept only as an HMAC under a key that changes with the
day: the table says how often, and never of whom.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import Base
from app.security.keys import current_keys


class RateWindow(Base):
    """How often something was done within one window of time."""

    __tablename__ = "rate_windows"
    __table_args__ = (sa.UniqueConstraint("key", "started_at"),)

    key: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    started_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int]


def hit(session: Session, purpose: str, subject: str, *, window: timedelta, now: datetime) -> int:
    """Count once more.

    Args:
        session: a session that may write (of `transaction()`).
        purpose: what is limited, such as "sign-in by address": the same subject counts apart in each.
        subject: of whom; never stored as it is.
        window: how long counts add up; the next one begins from nothing.
        now: the present instant.

    Returns:
        The count of the present window, this time included.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(RateWindow).values(id=uuid.uuid4(), count=1, **_place(purpose, subject, window, now))
    statement = statement.on_conflict_do_update(
        index_elements=[RateWindow.key, RateWindow.started_at], set_={"count": RateWindow.count + 1}
    )
    count: int = session.execute(statement.returning(RateWindow.count)).scalar_one()
    if count == 1:
        purge(session, now=now)
    return count


def count(session: Session, purpose: str, subject: str, *, window: timedelta, now: datetime) -> int:
    """Return the count of the present window without adding to it (arguments as of `hit`)."""
    place = _place(purpose, subject, window, now)
    found = session.scalar(
        sa.select(RateWindow.count).where(
            RateWindow.key == place["key"], RateWindow.started_at == place["started_at"]
        )
    )
    return found or 0


def purge(session: Session, *, now: datetime) -> None:
    """Delete windows that are over. `hit` does it whenever it begins a new one."""
    session.execute(sa.delete(RateWindow).where(RateWindow.ends_at < now))


def seconds_left(window: timedelta, *, now: datetime) -> int:
    """Return in how many seconds the present window ends (at least 1): what Retry-After says."""
    return max(1, round((_start(window, now) + window - now).total_seconds()))


def _place(purpose: str, subject: str, window: timedelta, now: datetime) -> dict[str, Any]:
    start = _start(window, now)
    name = f"{purpose}:{int(window.total_seconds())}"
    # The day is part of the key's name: yesterday's entries cannot be matched with today's.
    key = current_keys().mac(f"rate:{now.astimezone(UTC).date()}", f"{name}:{subject}".encode())
    return {"key": key, "started_at": start, "ends_at": start + window}


def _start(window: timedelta, now: datetime) -> datetime:
    seconds = int(window.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=UTC)
