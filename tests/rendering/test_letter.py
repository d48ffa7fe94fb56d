"""A letter's plain text and its segments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rendering.letter import (
    LetterContent,
    Paragraph,
    Segment,
    cut,
    paragraphs,
    place_and_date,
    plain_text,
    segments,
)
from app.rendering.placeholders import MissingValue, parse

CONTENT = LetterContent(
    language="en",
    address_lines=("Mr. Volker Türk", "United Nations High Commissioner for Human Rights", "1211 Geneva 10"),
    place_and_date="Glendale, November 21, 2026",
    subject="The detainees held in Baku: an appeal",
    salutation="Dear High Commissioner,",
    paragraphs=(
        Paragraph("I live in Glendale\nand write  to you.", "fixed"),
        Paragraph("My grandmother\n.\n..came from Shushi. 💔\n\n  Twice.", "own"),
        Paragraph("Please raise this.", "fixed"),
    ),
    closing="Yours respectfully,",
    signature_lines=("Anna Petrosyan", "Glendale"),
    footer_lines=("Sent through Redress.",),
)
NAMES = ("personal", "supporter.city", "recipient.ask")


def test_plain_text_to_the_letter() -> None:
    assert plain_text(CONTENT) == (
        "Mr. Volker Türk\n"
        "United Nations High Commissioner for Human Rights\n"
        "1211 Geneva 10\n"
        "\n"
        "Glendale, November 21, 2026\n"
        "\n"
        "The detainees held in Baku: an appeal\n"
        "\n"
        "Dear High Commissioner,\n"
        "\n"
        "I live in Glendale and write  to you.\n"
        "\n"
        "My grandmother\n.\n..came from Shushi. 💔\n\n  Twice.\n"
        "\n"
        "Please raise this.\n"
        "\n"
        "Yours respectfully,\n"
        "\n"
        "Anna Petrosyan\n"
        "Glendale\n"
        "\n"
        "Sent through Redress.\n"
    )


def test_segments_are_the_plain_text() -> None:
    found = segments(CONTENT)

    assert "".join(segment.text for segment in found) == plain_text(CONTENT)
    assert [segment.kind for segment in found] == [
        "address",
        "date",
        "subject",
        "salutation",
        "paragraph",
        "own",
        "paragraph",
        "closing",
        "signature",
        "footer",
    ]
    assert found[5] == Segment("own", CONTENT.paragraphs[1].text + "\n\n")


def test_empty_parts_are_left_out() -> None:
    bare = LetterContent("en", (), "", "", "Excellency,", (Paragraph("Text.", "fixed"),), "", ("Anna",), ())

    assert plain_text(bare) == "Excellency,\n\nText.\n\nAnna\n"


TEXTS = st.text(st.sampled_from("ab. \n"), max_size=12)


@given(TEXTS, TEXTS, st.lists(st.tuples(TEXTS, st.sampled_from(["fixed", "own"])), max_size=4))
def test_shape_of_any_letter(first: str, last: str, body: list[tuple[str, str]]) -> None:
    written = tuple(Paragraph(text.strip("\n"), kind) for text, kind in body)  # type: ignore[arg-type]
    content = LetterContent(
        "en", (first.strip() or "A",), "", "", "S,", written, "C,", (last.strip() or "B",), ()
    )

    text = plain_text(content)

    assert text == "".join(segment.text for segment in segments(content))
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    for paragraph in written:
        if paragraph.kind == "own":
            assert paragraph.text in text or not paragraph.text.strip()


def test_template_becomes_paragraphs() -> None:
    template = parse(
        "I live in {{ supporter.city }}\nand write to you.\n\n{{ personal }}\n \n"
        "{% if recipient.ask %}\n{{ recipient.ask }}\n{% endif %}\n\nThank you.\n",
        NAMES,
    )
    values = {
        "supporter.city": "Glendale",
        "personal": "Mine.\n\nTwo  lines {{ personal }}.",
        "recipient.ask": "Act.\n\nNow.",
    }

    assert paragraphs(template, values) == (
        Paragraph("I live in Glendale and write to you.", "fixed"),
        Paragraph("Mine.\n\nTwo  lines {{ personal }}.", "own"),
        Paragraph("Act.", "fixed"),
        Paragraph("Now.", "fixed"),
        Paragraph("Thank you.", "fixed"),
    )


def test_own_text_stands_alone_wherever_it_is_named() -> None:
    template = parse("Because: {{ personal }} That is all.", NAMES)

    assert [paragraph.text for paragraph in paragraphs(template, {"personal": "Mine."})] == [
        "Because:",
        "Mine.",
        "That is all.",
    ]


def test_own_text_may_be_left_out_only_where_the_template_allows_it() -> None:
    assert paragraphs(parse("A\n\n{% if personal %}\n{{ personal }}\n{% endif %}\n\nB", NAMES), {}) == (
        Paragraph("A", "fixed"),
        Paragraph("B", "fixed"),
    )
    with pytest.raises(MissingValue):
        paragraphs(parse("A\n\n{{ personal }}", NAMES), {})


@pytest.mark.parametrize(
    ("place", "day", "language", "expected"),
    [
        ("Glendale", date(2026, 11, 21), "en", "Glendale, November 21, 2026"),
        ("London", date(2026, 11, 21), "en-GB", "London, 21 November 2026"),
        ("Paris", date(2026, 11, 21), "fr", "Paris, le 21 novembre 2026"),
        ("Paris", date(2026, 5, 1), "fr", "Paris, le 1er mai 2026"),
        ("Երևան", date(2026, 11, 21), "hy", "Երևան, 21 նոյեմբերի, 2026 թ."),
        ("Ереван", date(2026, 11, 21), "ru", "Ереван, 21 ноября 2026 г."),
        ("", date(2026, 11, 21), "fr", "21 novembre 2026"),
        (" ", date(2026, 11, 21), "en", "November 21, 2026"),
        ("Bern", date(2026, 11, 21), "no such language", "Bern, November 21, 2026"),
    ],
)
def test_place_and_date(place: str, day: date, language: str, expected: str) -> None:
    assert place_and_date(place, day, language).replace("\u202f", " ") == expected


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["C", "Z"]), min_size=1)))
def test_what_was_kept_as_text_is_cut_into_its_parts_again(own: list[str]) -> None:
    words = Paragraph("\n\n".join(own) or "x", "own")
    content = replace(CONTENT, paragraphs=(CONTENT.paragraphs[0], words))
    found = cut(plain_text(content), content.subject)
    assert "".join(segment.text for segment in found) == plain_text(content)
    whole = segments(content)
    assert (found[:5], found[-3:]) == (whole[:5], whole[-3:])


@pytest.mark.parametrize("text", ["", "a\n", "a\n\nb\n\nc\n\nd\n\ne\n\nf\n\ng\n\nh\n", plain_text(CONTENT)])
def test_what_has_not_the_frame_of_a_letter_stays_whole(text: str) -> None:
    assert cut(text, "another subject") == (Segment("paragraph", text),)
