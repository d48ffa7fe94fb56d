"""Counting in the database: together over processes, by windows, and without telling of whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import func, select

from app.database import db, transaction
from app.security.rate_limits import RateWindow, count, hit, purge, seconds_left
from tests.factories.threads import at_once

NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def hits(purpose: str = "sign-in", subject: str = "192.0.2.1", *, now: datetime = NOW) -> int:
    with transaction() as session:
        return hit(session, purpose, subject, window=MINUTE, now=now)


def test_it_counts_by_purpose_subject_and_window(app_context: Flask) -> None:
    assert [hits(), hits(), hits()] == [1, 2, 3]
    assert hits(subject="192.0.2.2") == 1
    assert hits(purpose="write") == 1
    assert hits(now=NOW + timedelta(seconds=29)) == 4
    assert hits(now=NOW + timedelta(seconds=30)) == 1
    assert count(db.session, "sign-in", "192.0.2.1", window=MINUTE, now=NOW) == 4
    assert count(db.session, "sign-in", "nobody", window=MINUTE, now=NOW) == 0


def test_many_at_once_are_all_counted(app_context: Flask) -> None:
    counts = [
        number for turn in at_once(4, app_context, lambda: [hits() for _ in range(5)]) for number in turn
    ]
    assert sorted(counts) == list(range(1, 21))


def test_nothing_tells_who_was_counted(app_context: Flask) -> None:
    hits(subject="mariam@people.example")
    key = db.session.scalars(select(RateWindow.key)).one()
    assert b"mariam" not in key
    tomorrow = NOW + timedelta(days=1)
    hits(subject="mariam@people.example", now=tomorrow)
    assert db.session.scalars(select(RateWindow.key)).one() != key, "the next day has a key of its own"


def test_old_windows_are_deleted(app_context: Flask) -> None:
    for minute in range(5):
        hits(now=NOW + timedelta(minutes=minute))
    assert db.session.scalar(select(func.count(RateWindow.id))) <= 2
    with transaction() as session:
        purge(session, now=NOW + timedelta(days=1))
    assert db.session.scalar(select(func.count(RateWindow.id))) == 0


def test_seconds_left(app_context: Flask) -> None:
    assert seconds_left(MINUTE, now=NOW) == 30
    assert seconds_left(MINUTE, now=NOW + timedelta(seconds=29.9)) == 1
