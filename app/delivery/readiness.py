"""Whether letters would leave: the tables are there, and a worker is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from app.database import db
from app.delivery.models import WorkerProcess

SILENT_AFTER: Final = timedelta(seconds=60)
"""A worker that gave no sign of life for so long is not counted on (it gives one every ten seconds)."""


def workers_alive(*, now: datetime) -> int:
    """Return how many workers gave a sign of life lately. For /readyz and `doctor`."""
    query = select(func.count()).where(WorkerProcess.seen_at > now - SILENT_AFTER)
    return db.session.scalars(query).one()


def trouble() -> str:
    """Return why workers wait although there may be work (a constant of `causes`), or ""."""
    return db.session.scalar(select(WorkerProcess.trouble).where(WorkerProcess.trouble != "").limit(1)) or ""


def check_tables() -> None:
    """Make sure that the outbox has its tables. A database that is away passes: a worker waits for it.

    Raises:
        DBAPIError: they are missing, or the address is that of something else.
    """
    try:
        with db.sessionmaker() as session:
            session.execute(select(WorkerProcess.id).limit(1)).first()
    except OperationalError as error:
        if "no such table" in str(error.orig):
            raise


def missing(*, now: datetime) -> str:
    """Return what keeps letters from leaving: "database", "worker", or "" where nothing does."""
    try:
        return "" if workers_alive(now=now) else "worker"
    except DBAPIError:
        return "database"
