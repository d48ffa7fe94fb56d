"""When to try again."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.delivery import retries


def test_the_schedule_grows_and_fills_four_days_but_not_more() -> None:
    assert list(retries.SCHEDULE) == sorted(retries.SCHEDULE)
    assert retries.SCHEDULE[0] == timedelta(minutes=1)
    total = sum(retries.SCHEDULE, timedelta())
    assert retries.GIVE_UP_AFTER - timedelta(hours=12) < total <= retries.GIVE_UP_AFTER


def test_after_the_last_there_is_none() -> None:
    assert retries.next_delay(len(retries.SCHEDULE), jitter=0.5) == retries.SCHEDULE[-1]
    assert retries.next_delay(len(retries.SCHEDULE) + 1, jitter=0.5) is None


@given(st.integers(1, len(retries.SCHEDULE)), st.floats(0, 1, exclude_max=True))
def test_jitter_moves_by_a_fifth_at_most(refusals: int, jitter: float) -> None:
    delay = retries.next_delay(refusals, jitter=jitter)
    planned = retries.SCHEDULE[refusals - 1]
    assert delay is not None
    assert planned * 0.8 <= delay <= planned * 1.2
