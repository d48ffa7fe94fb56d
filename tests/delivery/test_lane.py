"""A lane by itself: no minute holds more than its rate, whatever comes when."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from app.delivery.lane import SECOND, Lane, instant, micro

NOON = micro(datetime(2026, 11, 21, 12, tzinfo=UTC))
MINUTE = 60 * SECOND


def run(chance: random.Random, rate: int, letters: int) -> list[int]:
    """Let letters come at random and be asked for at random, with outages; return when each left."""
    now, left = NOON, []
    taken: list[list[int]] = []
    planned: list[list[int]] = []
    waiting = sorted((NOON + chance.randrange(20 * MINUTE), None) for _ in range(letters))
    while waiting:
        now += chance.choice([chance.randrange(3 * SECOND), MINUTE, chance.randrange(10 * MINUTE)])
        lane = Lane(rate, MINUTE, taken, planned)
        later = []
        for due, booked in sorted(waiting, key=lambda one: one[0]):
            if due > now:
                later.append((due, booked))
                continue
            until = lane.wait_until(now, booked=booked)
            if until is None:
                lane.take(now)
                left.append(now)
            else:
                assert until > now
                later.append((until, until))  # type: ignore[arg-type]
        waiting, taken, planned = later, lane.left, lane.planned
    return left


@pytest.mark.parametrize("seed", range(20))
def test_no_minute_holds_more_than_the_rate_and_all_leave(seed: int) -> None:
    chance = random.Random(seed)
    rate = chance.choice([1, 3, 20])
    left = run(chance, rate, 150)
    assert len(left) == 150
    for earlier, later in zip(left, left[rate:], strict=False):
        assert later // MINUTE > earlier // MINUTE
        assert later - earlier >= MINUTE // 2, "two minutes' worth do not leave in one breath"


def test_the_crowd_leaves_in_whole_rounds_a_minute_apart() -> None:
    lane = Lane(20, MINUTE)
    given = []
    for _ in range(50):
        until = lane.wait_until(NOON, booked=None)
        given.append(until)
        if until is None:
            lane.take(NOON)
    assert given == [None] * 20 + [NOON + MINUTE] * 20 + [NOON + 2 * MINUTE] * 10


def test_workers_that_come_a_little_late_each_time_lose_no_minute() -> None:
    lane = Lane(20, MINUTE)
    for minute, late in enumerate((3, 1, 0, 4, 29, 2)):
        now = NOON + minute * MINUTE + late * SECOND
        for _ in range(20):
            assert lane.wait_until(now, booked=None) is None
            lane.take(now)
        assert lane.wait_until(now, booked=NOON) == NOON + (minute + 1) * MINUTE
        lane = Lane(20, MINUTE, lane.left, lane.planned)


def test_who_comes_later_goes_behind_who_waits() -> None:
    lane = Lane(1, MINUTE)
    lane.take(NOON)
    assert lane.wait_until(NOON, booked=None) == NOON + MINUTE
    assert lane.wait_until(NOON + MINUTE - 1, booked=None) == NOON + 2 * MINUTE
    assert lane.wait_until(NOON + MINUTE, booked=None) == NOON + 3 * MINUTE, "two wait already"
    assert lane.wait_until(NOON + MINUTE, booked=NOON + MINUTE) is None


def test_a_day_of_silence_saves_up_one_round_only() -> None:
    lane = Lane(2, MINUTE)
    lane.take(NOON)
    tomorrow = NOON + 24 * 60 * MINUTE
    for _ in range(2):
        assert lane.wait_until(tomorrow, booked=None) is None
        lane.take(tomorrow)
    assert lane.wait_until(tomorrow, booked=None) == tomorrow + MINUTE


def test_a_clock_that_goes_back_does_not_close_the_lane_for_a_day() -> None:
    lane = Lane(1, MINUTE)
    lane.take(NOON)
    yesterday = NOON - 24 * 60 * MINUTE
    lane.set_right(yesterday)
    assert lane.wait_until(yesterday, booked=None) is None


def test_instants_survive_the_way_to_numbers_and_back() -> None:
    moment = datetime(2026, 11, 21, 12, 30, 15, 123457, tzinfo=UTC)
    assert instant(micro(moment)) == moment
