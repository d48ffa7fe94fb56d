"""Points in the supporter's order, wordings that follow from the submission's key."""

from __future__ import annotations

from collections import Counter

import pytest

from app.rendering.placeholders import TemplateError
from app.rendering.points import Source, Wording, draw, problems_of, read_wording

NAMES = {"personal", "place"}
POINTS = {
    "least": 1,
    "most": 2,
    "of": [
        {"key": "well", "label": "The well", "texts": ["Well one.", "Well two in {{ place }}."]},
        {"key": "mill", "label": "The mill", "texts": ["Mill."]},
        {"key": "dam", "label": "The dam", "texts": ["Dam{% if place %} near {{ place }}{% endif %}."]},
    ],
}
BODY = "{{ wording.opening }} Now.\n\n{{ points }}\n\n{{ personal }}"
VALUES = {"personal": "Mine.", "place": "Lyon"}


def source(body: str = BODY, **other: object) -> Source:
    """Return a wording's texts."""
    return Source("Water", body, POINTS, {"opening": ["Hello.", "Good day.", "Dear all."]} | other)  # type: ignore[dict-item]


def wording() -> Wording:
    """Return a wording that was read."""
    return read_wording(source(), NAMES)


def said(chosen: tuple[str, ...], key: bytes) -> str:
    """Return the letter's text."""
    return wording().compose(chosen, key).render(VALUES)


def test_points_stand_in_the_supporters_order_as_paragraphs() -> None:
    text = said(("dam", "mill"), b"k")
    assert text.split("\n\n")[1:] == ["Dam near Lyon.", "Mill.", "Mine."]


def test_the_same_key_makes_the_same_letter_and_other_keys_other_ones() -> None:
    texts = Counter(said(("well",), str(number).encode()) for number in range(300))
    assert len(texts) == 6  # three openings, two wells
    assert min(texts.values()) > 25
    assert len({said(("well",), b"one") for _time in range(5)}) == 1


def test_draws_are_even_and_differ_by_name() -> None:
    drawn = Counter(draw("opening", 3, str(number).encode()) for number in range(3000))
    assert all(900 < count < 1100 for count in drawn.values())
    assert any(draw("a", 7, bytes([n])) != draw("b", 7, bytes([n])) for n in range(20))


@pytest.mark.parametrize(
    ("chosen", "settled"),
    [
        (("mill", "well"), ("mill", "well")),
        (("mill", "mill", "unknown"), ("mill",)),
        (("dam", "well", "mill"), ("dam", "well")),
    ],
)
def test_what_a_letter_takes_of_what_was_chosen(chosen: tuple[str, ...], settled: tuple[str, ...]) -> None:
    assert wording().settle(chosen, b"k") == settled


def test_too_few_are_filled_up_from_the_letters_own() -> None:
    found = {wording().settle(("elsewhere",), bytes([number])) for number in range(50)}
    assert found == {("well",), ("mill",), ("dam",)}


def test_a_text_that_cannot_be_read_is_told_with_its_place() -> None:
    bad = source(closing=["Bye {{ nobody }}.", "{% if place %}"])
    found = [(where, problem.line, problem.column) for where, problem in problems_of(bad, NAMES)]
    assert found == [("wording.closing.1", 1, 8), ("wording.closing.2", 1, 1)]
    with pytest.raises(TemplateError):
        read_wording(bad, NAMES)


def test_points_and_wordings_can_only_be_named_where_there_are_some() -> None:
    plain = Source("Water", "{{ points }} {{ wording.opening }}", {}, {})
    assert [problem.column for _where, problem in problems_of(plain, NAMES)] == [4, 17]
    nested = source(opening=["{{ wording.opening }}", "{{ points }}"])
    assert [where for where, _problem in problems_of(nested, NAMES)] == [
        "wording.opening.1",
        "wording.opening.2",
    ]
