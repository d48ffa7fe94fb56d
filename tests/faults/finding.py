"""What a row of the table of promises found, and where it was tried."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from app.database import db
from app.delivery.models import Attempt, Delivery
from tests.support.databases import Backend
from tests.support.smtp import RecordingSmtpServer


@dataclass(frozen=True)
class Place:
    """An installation of its own to try a row on. Its application's context is pushed.

    Args:
        app: the application.
        environ: its REDRESS_… variables, for processes.
        folder: for logs and whatever else a row makes.
        backend: its kind of database.
    """

    app: Flask
    environ: dict[str, str]
    folder: Path
    backend: Backend


@dataclass
class Finding:
    """What came of a row.

    Args:
        count: how often the fault was brought about.
        note: what exactly was done, where the row's name does not tell.
        lost: what was acknowledged or queued and is not there.
        twice: what arrived twice without being marked, or was applied twice.
        unclear: what is marked `unclear`.
        broken: other promises that broke, in sentences.
        skipped: why the row was not tried; "" where it was.
    """

    count: int = 0
    note: str = ""
    lost: int = 0
    twice: int = 0
    unclear: int = 0
    broken: list[str] = field(default_factory=list)
    skipped: str = ""

    @property
    def kept(self) -> bool:
        """Whether nothing broke."""
        return not (self.lost or self.twice or self.broken)

    def promise(self, kept: object, otherwise: str) -> None:
        """Note a promise that broke."""
        if not kept:
            self.broken.append(otherwise)


Row = Callable[[Place, int], Finding]
"""Brings a fault about so many times and returns what came of it."""


def wait_until(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Wait for something, and raise what it was where it does not come to that."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {otherwise}")
        time.sleep(0.02)


def copies(server: RecordingSmtpServer) -> Counter[str]:
    """Return how often a mail server accepted each mail, by Message-ID."""
    return Counter(str(taken.message["Message-ID"]) for taken in server.envelopes)


def judge_mails(finding: Finding, taken: Counter[str], *, others: frozenset[str] = frozenset()) -> None:
    """Hold what a mail server accepted against what the outbox says, after all workers have ended.

    Args:
        finding: where it is noted.
        taken: how often each mail was accepted, by Message-ID.
        others: states that are right beside `accepted` and `unclear`.
    """
    with db.sessionmaker() as session:
        rows = session.execute(select(Delivery.message_id, Delivery.state, Delivery.id)).all()
        open_attempts = session.scalars(select(Attempt.id).where(Attempt.ended_at.is_(None))).all()
    for message_id, state, _id in rows:
        count = taken[message_id or ""]
        if state == "accepted":
            finding.lost += count == 0
            finding.twice += count > 1
        elif state == "unclear":
            finding.unclear += 1
            finding.twice += count > 1
        elif state in others:
            finding.twice += count > 0
        else:
            finding.lost += 1
            finding.broken.append(f"a mail ended as {state}")
    finding.promise(not open_attempts, f"{len(open_attempts)} attempts have no end")
