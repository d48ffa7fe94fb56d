"""Points in the supporter's own words: plain text in its place, and nothing else of the letter changes."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.rendering.letter import paragraphs
from app.rendering.points import Said, Source, Wording, read_wording

NAMES = {"personal", "recipient.ask", "fact.wells.text"}
POINTS = {
    "least": 1,
    "most": 2,
    "editable": True,
    "of": [
        {"key": "well", "label": "The well", "texts": ["The well is dry.", "{{ fact.wells.text }} are dry."]},
        {"key": "mill", "label": "The mill", "texts": ["The mill stands still."]},
    ],
}
BODY = "{{ wording.opening }}\n\n{{ points }}\n\n{{ recipient.ask }}\n\n{{ personal }}"
WORDINGS = {"opening": ["Hello.", "Good day, {{ fact.wells.text }}.", "Dear all."]}
VALUES = {"personal": "Mine.", "recipient.ask": "Please open the sluice.", "fact.wells.text": "four wells"}
FREE, STATING = 1, 2


def wording(**points: object) -> Wording:
    """Return a wording that was read."""
    return read_wording(Source("Water", BODY, POINTS | points, WORDINGS), NAMES)


def said_in(said: Said, read: Wording | None = None, key: bytes = b"k") -> list[tuple[str, str]]:
    """Return the paragraphs of a letter with both points, each with whose it is."""
    body = (read or wording()).compose(("well", "mill"), key, said)
    found = paragraphs(body, {**said.own, **VALUES}, own={"personal", *said.own})
    return [(one.kind, one.text) for one in found]


def test_own_words_stand_in_the_place_of_the_point_and_are_the_supporters() -> None:
    said = Said({"points.well": FREE, "wording.opening": 3}, {"points.well": "Our well\ngave out."})
    assert said_in(said) == [
        ("fixed", "Dear all."),
        ("own", "Our well\ngave out."),
        ("fixed", "The mill stands still."),
        ("fixed", "Please open the sluice."),
        ("own", "Mine."),
    ]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_is_picked_stands_there_whatever_the_key(number: int) -> None:
    texts = ("Hello.", "Good day, four wells.", "Dear all.")
    for key in range(9):
        shown = said_in(Said({"wording.opening": number}), key=bytes([key]))
        assert shown[0] == ("fixed", texts[number - 1])


@pytest.mark.parametrize("number", [-1, 0, 4])
def test_a_number_that_there_is_not_is_drawn_instead(number: int) -> None:
    assert said_in(Said({"wording.opening": number})) == said_in(Said())


def test_what_states_something_stays_and_so_does_a_letter_that_cannot_be_edited() -> None:
    own = {"points.well": "Other words."}
    assert ("fixed", "four wells are dry.") in said_in(Said({"points.well": STATING}, own))
    picked = {"points.well": FREE}
    assert said_in(Said(picked, own), wording(editable=False)) == said_in(Said(picked))


@given(st.text(min_size=1).filter(lambda text: text.strip()))
@example("{{ recipient.ask }}{% if personal %}{# x #}")
@example("{{ points }}\n\n{{ wording.opening }}")
@example("\x00\x01\x02")
def test_whatever_is_typed_is_literal_and_changes_no_other_part(typed: str) -> None:
    picked = {"points.well": FREE}
    before, after = said_in(Said(picked)), said_in(Said(picked, {"points.well": typed}))
    assert after[1] == ("own", typed.strip("\n"))
    assert [*after[:1], *after[2:]] == [*before[:1], *before[2:]]


@given(
    st.dictionaries(
        st.sampled_from(
            ["wording.opening", "points", "personal", "recipient.ask", "fact.wells.text", "subject"]
        ),
        st.text(min_size=1),
    )
)
def test_nothing_but_a_point_can_be_said_in_other_words(own: dict[str, str]) -> None:
    assert [text for _kind, text in said_in(Said(own=own))] == [text for _kind, text in said_in(Said())]
