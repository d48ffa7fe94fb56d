"""Two wordings in one: nothing of either is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.rendering.differences import LONGEST, Stretch, differences


def test_a_changed_word_is_taken_out_and_put_in() -> None:
    assert differences("Open the sluice soon.", "Open the gate soon.") == (
        Stretch("same", "Open the "),
        Stretch("out", "sluice "),
        Stretch("in", "gate "),
        Stretch("same", "soon."),
    )


def test_the_same_is_one_stretch_and_nothing_is_none() -> None:
    assert differences("a b", "a b") == (Stretch("same", "a b"),)
    assert differences("", "") == ()


def test_what_is_very_long_is_shown_whole() -> None:
    old, new = "word " * (LONGEST + 1), "word " * LONGEST
    assert [stretch.kind for stretch in differences(old, new)] == ["out", "in"]


@given(st.text(max_size=80), st.text(max_size=80))
def test_both_texts_can_be_read_out_of_it(old: str, new: str) -> None:
    found = differences(old, new)
    assert "".join(one.text for one in found if one.kind != "in") == old
    assert "".join(one.text for one in found if one.kind != "out") == new
