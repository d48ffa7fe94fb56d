"""Points and wordings in one box: what is typed is read, what is stored is shown, errors name the line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rendering.point_lines import (
    PointLinesError,
    Section,
    read_sections,
    sections_of_points,
    sections_of_wordings,
    written,
)

TYPED = """\
# visits: Visits by the Red Cross
I ask for regular visits.

They are a comfort.
or:
Please let the Red Cross visit.

# Answers to families
Say what became of them: {{ fact.held_count.text }}.
"""


def test_points_are_read_with_their_ways_to_say_it() -> None:
    visits, answers = read_sections(TYPED)
    assert visits == Section(
        "visits",
        "Visits by the Red Cross",
        ("I ask for regular visits.\n\nThey are a comfort.", "Please let the Red Cross visit."),
    )
    assert (answers.key, answers.label) == ("answers_to_families", "Answers to families")
    assert read_sections("") == ()


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("Dear reader,\n# visits\nText", 1),
        ("# visits: Visits\nText\n# visits: Again\nText", 3),
        ("# visits: Visits\nText\nor:\n\n# more: More\nText", 1),
        ("# visits: Visits", 1),
        ("\n#\nText", 2),
        ("# Հանդիպում\nText", 1),
        ("# 9lives: Nine\nText", 1),
    ],
    ids=["text-before", "twice", "empty-way", "nothing-below", "no-name", "no-latin-letters", "digit-first"],
)
def test_what_cannot_be_read_is_told_with_its_line(typed: str, line: int) -> None:
    with pytest.raises(PointLinesError) as refused:
        read_sections(typed)
    assert f"Line {line}:" in refused.value.sentence


texts = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(
    lambda text: text == text.strip() and not text.startswith("#") and text.casefold() != "or:"
)
sections = st.builds(
    Section,
    st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True),
    texts.filter(lambda text: ":" not in text),
    st.lists(texts, min_size=1, max_size=3).map(tuple),
)


@given(st.lists(sections, max_size=4, unique_by=lambda section: section.key))
def test_what_is_shown_reads_back_as_it_was_stored(stored: list[Section]) -> None:
    assert read_sections(written(stored)) == tuple(stored)


def test_what_versions_store_becomes_sections() -> None:
    points = {"least": 1, "most": 1, "of": [{"key": "a", "label": "A", "texts": ["x", "y"]}]}
    assert sections_of_points(points) == (Section("a", "A", ("x", "y")),)
    assert sections_of_points(None) == sections_of_wordings(None) == ()
    assert written(sections_of_wordings({"opening": ["x"]})) == "# opening\nx"
