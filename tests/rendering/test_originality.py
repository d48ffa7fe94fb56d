"""How much is one's own, how close two letters are, and what a sketch remembers."""

from __future__ import annotations

import random
import time

import pytest

from app.rendering.originality import (
    SKETCH,
    closeness,
    count_words,
    own_share,
    sketch,
    sketched_closeness,
    usual_closeness,
)

KEY = b"k" * 32


def text(seed: int, words: int = 200) -> str:
    """Return words by chance."""
    chance = random.Random(seed)
    return " ".join(f"w{chance.randrange(10_000)}" for _word in range(words))


@pytest.mark.parametrize(
    ("said", "count"),
    [("", 0), (" — … ", 0), ("One, two.", 2), ("J’écris : oui", 2), ("Բարև աշխարհ։", 2), ("a\n\nb", 2)],
)
def test_words_are_counted_as_people_count(said: str, count: int) -> None:
    assert count_words(said) == count


def test_shares_and_closeness_at_their_ends() -> None:
    assert own_share("", "") == 0
    assert own_share("one", "two three four") == 0.25
    assert closeness("", "") == 0
    same = text(1)
    assert closeness(same, same.upper()) == 1
    assert closeness(same, text(2)) == 0
    assert closeness("too short", "too short") == 1


def test_a_sketch_tells_closeness_nearly_and_needs_its_key() -> None:
    one, other = text(1), text(2)
    for kept in (0, 50, 100, 150, 200):
        mixed = " ".join(one.split()[:kept] + other.split()[kept:])
        found = sketched_closeness(sketch(one, KEY), sketch(mixed, KEY))
        assert found == pytest.approx(closeness(one, mixed), abs=0.12)
    assert sketched_closeness(sketch(one, KEY), sketch(one, b"other")) == 0
    assert len(sketch(one, KEY)) <= 4 * SKETCH
    assert usual_closeness(sketch(one, KEY), []) is None


def test_a_very_long_letter_costs_no_more_than_a_long_one() -> None:
    begun = time.perf_counter()
    sketch("word " * 1_000_000, KEY)
    assert time.perf_counter() - begun < 2
