"""A clock is believed by whoever deletes only after it has not jumped for a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Flask

from app.letters.steadiness import BELIEVED_AFTER, JUMP, clock_is_steady

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def looked_at(begin: datetime, hours: int) -> list[bool]:
    return [clock_is_steady(now=begin + hour * HOUR) for hour in range(hours)]


def test_a_clock_is_believed_when_it_has_run_evenly_for_a_day(app_context: Flask) -> None:
    day = BELIEVED_AFTER // HOUR
    assert looked_at(NOON, day + 3) == [False] * day + [True] * 3


def test_a_clock_that_jumps_is_not_believed_for_a_day_and_neither_is_the_right_one_after_it(
    app_context: Flask,
) -> None:
    looked_at(NOON, 26)
    later = NOON + 26 * HOUR
    assert not clock_is_steady(now=later + timedelta(days=365))
    assert not clock_is_steady(now=later)
    assert looked_at(later, 25)[-1]
    assert not clock_is_steady(now=NOON - timedelta(days=365))


def test_a_site_that_was_off_over_a_week_end_is_believed(app_context: Flask) -> None:
    looked_at(NOON, 26)
    assert clock_is_steady(now=NOON + 25 * HOUR + JUMP)
    assert not clock_is_steady(now=NOON + 26 * HOUR + 2 * JUMP)
