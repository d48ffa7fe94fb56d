"""Signs of life: each worker's row, by which others can tell that it has died. One transaction each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update

from app.database import transaction
from app.delivery.models import WorkerProcess
from app.delivery.processes import Process

FORGOTTEN_AFTER: Final = timedelta(days=1)


def appear(worker: str, process: Process, *, now: datetime, trouble: str = "") -> None:
    """Give a sign of life; the first one makes the row.

    Args:
        worker: its name.
        process: the process that it runs in.
        now: the instant.
        trouble: why it waits although there may be work (`causes.SERVER_AWAY`), or "".
    """
    with transaction() as session:
        row = session.scalar(select(WorkerProcess).where(WorkerProcess.name == worker))
        if row is None:
            row = WorkerProcess(
                name=worker,
                machine=process.machine,
                pid=process.pid,
                process_start=process.start,
                started_at=now,
            )
            session.add(row)
        row.seen_at = now
        row.trouble = trouble


def leave(worker: str) -> None:
    """Take a worker's row away: it has given back what it had."""
    with transaction() as session:
        session.execute(delete(WorkerProcess).where(WorkerProcess.name == worker))


def note_trouble(worker: str, trouble: str) -> None:
    """Write down that the mail server cannot be used (`causes.SERVER_AWAY`), or with "" that it can again."""
    with transaction() as session:
        session.execute(update(WorkerProcess).where(WorkerProcess.name == worker).values(trouble=trouble))
