"""Letters on paper: what a reader of the PDF gets, told by programs that did not make it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from app.rendering.letter import LetterContent, Paragraph, Segment, place_and_date, plain_text, segments
from app.rendering.paper import press
from app.rendering.paper.fitting import SIZES, probable_size
from app.rendering.paper.press import bundle, pdf
from app.rendering.paper.sheet import Sheet, laid_out
from app.rendering.sentences import RenderingError
from app.rendering.typography import clean_text
from app.yaml_files import read_yaml
from tests.support.lengths import length
from tests.support.poppler import Poppler, words_of

CONTENT = LetterContent(
    language="en",
    address_lines=("Ms. Ada Example", "President of the Council", "Council of the Valley"),
    place_and_date=place_and_date("Lyon", date(2026, 11, 22), "en"),
    subject="Water for the valley",
    salutation="Dear President,",
    paragraphs=(Paragraph("I write about the well.", "fixed"), Paragraph("I drank from it.", "own")),
    closing="Yours respectfully,",
    signature_lines=("Mariam Writer", "Lyon, France"),
    footer_lines=("Letter R-1, sent through Redress.",),
)


def sheet(
    own: str = "I drank from it.", *, country: str = "CH", language: str = "en", **parts: object
) -> Sheet:
    """Return a letter with these own words; keywords replace other parts of it."""
    paragraphs = (CONTENT.paragraphs[0], Paragraph(own, "own"))
    content = replace(CONTENT, **{"paragraphs": paragraphs, **parts})  # type: ignore[arg-type]
    return Sheet(language=language, country=country, segments=segments(content))


def text_of(given: Sheet) -> str:
    return words_of("".join(segment.text for segment in given.segments))


def test_the_text_is_the_letter_and_nothing_else(poppler: Poppler) -> None:
    made = pdf(sheet())
    assert poppler.letter(made) == words_of(plain_text(CONTENT))
    assert poppler.page_numbers(made) == []


@pytest.mark.parametrize(
    ("country", "size"),
    [("CH", "A4"), ("", "A4"), ("AM", "A4"), ("US", "letter"), ("us", "letter"), ("CA", "letter")],
)
def test_the_paper_is_that_of_the_country_of_the_recipient(poppler: Poppler, country: str, size: str) -> None:
    assert size in poppler.info(pdf(sheet(country=country)))["Page size"]


# Millimetres that a window shows wherever the folded sheet lies in its envelope: DL (DIN 680, sheet folded at
# 105 mm) and No. 10 (window 7/8 in from the left, 1/2 in from below, 4 1/2 by 1 1/8 in; sheet folded thrice).
WINDOWS = {"CH": (20, 45, 110, 90), "US": (22.3, 51.9, 136.5, 92)}


@pytest.mark.parametrize("country", WINDOWS)
def test_the_address_stands_in_the_window_and_nothing_else_does(poppler: Poppler, country: str) -> None:
    left, top, right, bottom = WINDOWS[country]
    address = ("The Office with a Name that is Much Longer than any Window of an Envelope is Wide", "Second")
    words = poppler.words(pdf(sheet(country=country, address_lines=address)))
    inside = [w for w in words if left < w.left and w.right < right and top < w.top and w.bottom < bottom]
    assert " ".join(word.text for word in inside) == " ".join(address)
    assert words[: len(inside)] == inside, "the address is read first"
    assert min(word.top for word in words[len(inside) :]) > (bottom if country == "CH" else 84)


def test_a_screen_reader_gets_structure_language_and_title(poppler: Poppler) -> None:
    info = poppler.info(pdf(sheet(language="fr-CA")))
    assert info["Tagged"] == "yes"
    assert info["Title"] == CONTENT.subject
    root = PdfReader(io.BytesIO(pdf(sheet(language="fr-CA")))).trailer["/Root"]
    assert root["/Lang"] == "fr"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    metadata = root["/Metadata"].get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "Creat" not in poppler.info(pdf(sheet())).get("CreationDate", ""), "no clock is asked"


def test_the_same_sheet_is_the_same_bytes() -> None:
    assert pdf(sheet()) == pdf(sheet())


SCRIPTS: dict[str, str] = read_yaml(Path(__file__).with_name("scripts.yaml"))


@pytest.mark.parametrize("language", SCRIPTS)
def test_scripts_are_set_in_letters_that_there_are(poppler: Poppler, language: str) -> None:
    made = pdf(sheet(SCRIPTS[language], language=language, subject=SCRIPTS[language]))
    assert b"pdfuaid" in made, "with a letter that no font has it would be no PDF/UA"
    assert poppler.letter(made) == text_of(sheet(SCRIPTS[language], subject=SCRIPTS[language]))


HOSTILE = [
    '#foo #let x = 1; #read("/etc/passwd") #eval("1") $x^2$ \\ *b* _i_ `raw` @ref <label> //no -- - --- end',
    '\\#import "@preview/x:1.0.0" [a] {b} ]]]]} = Title\n= Title\n- item\n+ item\n/ term: x',
    "%PDF-1.7 (a) << /JS >> \\u{48} \\n \\0 &amp; <b>&lt;</b> {{ name }} {% if x %}",
    "\"straight\" 'quotes' ... 1/2 -> => <= != ~= (c) :smile: fi ffi ffl ﬁ",
    "W" * 5000,
    "a" * 41 + " " + "b" * 40 + " https://example.org/" + "path/" * 60 + "?q=" + "x" * 300,
    "Nagorno-Karabakh " * 60 + "either/or " * 40 + "one—two " * 40 + "he - she -- it " * 40,
    "e\u0301" * 300 + " " + "ա" * 300,
    "line\n" * 80,
    "word " * 2000,
]


@pytest.mark.parametrize("words", HOSTILE, ids=lambda words: words[:12])
def test_whatever_somebody_types_is_text(poppler: Poppler, words: str) -> None:
    given = sheet(clean_text(words))
    made = pdf(given)
    # A very long word was broken: there the lines have ends that the text has not.
    assert poppler.letter(made).replace(" ", "") == text_of(given).replace(" ", "")
    if max(map(len, words.split())) <= 40:
        assert poppler.letter(made) == text_of(given)
    assert max(word.right for word in poppler.words(made)) < 210 - 20, "nothing runs off the paper"


def test_what_no_font_has_does_not_stop_a_letter(poppler: Poppler) -> None:
    made = pdf(sheet("Before 👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 中文 ไทย\u0e33 after"))
    assert b"pdfuaid" not in made
    assert poppler.info(made)["Tagged"] == "yes"
    found = poppler.letter(made)
    assert "Before" in found
    assert "after Yours respectfully, Mariam Writer" in found


@settings(max_examples=length(12, 500), suppress_health_check=list(HealthCheck))
@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_that_can_be_sent_can_be_printed(words: str, name: str) -> None:
    try:
        own, signature = clean_text(words), clean_text(name).replace("\n", " ")
    except RenderingError:
        return
    assert pdf(sheet(own or "x", signature_lines=(signature or "x",))).startswith(b"%PDF")


def test_a_letter_of_several_pages_counts_them_and_keeps_its_end_together(poppler: Poppler) -> None:
    made = pdf(sheet("\n\n".join(["A paragraph with some words in it. " * 12] * 9)))
    pages = int(poppler.info(made)["Pages"])
    assert pages > 1
    assert poppler.page_numbers(made) == [(number, pages) for number in range(1, pages + 1)]
    last = poppler.text(made).split("\f")[pages - 1]
    for part in ("Yours respectfully,", "Mariam Writer", "Letter R-1"):
        assert part in last


def test_a_letter_that_nearly_fits_is_set_smaller_to_be_one_page(poppler: Poppler) -> None:
    heights = set()
    for count in range(4, 9):
        made = pdf(sheet("\n\n".join(["A paragraph with some words in it. " * 8] * count)))
        if poppler.info(made)["Pages"] == "1":
            word = next(w for w in poppler.words(made) if w.text == "paragraph")
            heights.add(round(word.bottom - word.top, 1))
    assert len(heights) > 1


def test_five_hundred_signatures_go_over_the_pages_in_their_order(poppler: Poppler) -> None:
    names = tuple(f"Signatory Number{number}, Town" for number in range(500))
    made = pdf(sheet(signature_lines=names))
    assert poppler.letter(made) == text_of(sheet(signature_lines=names))


def test_notes_stand_below_the_signature(poppler: Poppler) -> None:
    given = replace(sheet(), notes=("1. United Nations, 23 February 2026 #x", " "))
    assert "France 1. United Nations, 23 February 2026 #x Letter R-1" in poppler.letter(pdf(given))


def test_parts_that_there_are_not_are_left_out(poppler: Poppler) -> None:
    nothing = {"place_and_date": "", "subject": "", "salutation": "", "closing": ""}
    none: dict[str, tuple[str, ...]] = {"address_lines": (), "signature_lines": (), "footer_lines": ()}
    bare = Sheet("en", "", segments(replace(CONTENT, **nothing, **none)))  # type: ignore[arg-type]
    assert poppler.letter(pdf(bare)) == "I write about the well. I drank from it."


def test_a_bundle_is_every_letter_in_its_order_with_its_own_pages(
    poppler: Poppler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(press, "CHUNK", 4)
    long = "\n\n".join(["A paragraph with some words in it. " * 12] * 9)
    sheets = [
        sheet(long if number % 3 == 1 else f"Letter number {number}.", country=("CH", "US")[number % 2])
        for number in range(10)
    ]
    made = bundle(iter(sheets))
    assert poppler.letter(made) == " ".join(map(text_of, sheets))
    several = [pages for _page, pages in poppler.page_numbers(made)]
    assert several == [pages for pages in several[:1] for _letter in range(3) for _page in range(pages)]
    sizes = [round(float(page.mediabox.width)) for page in PdfReader(io.BytesIO(made)).pages]
    assert {595, 612} == set(sizes)


def test_several_letters_in_one_document(poppler: Poppler) -> None:
    sheets = [sheet("One."), sheet("Deux.", language="fr", country="US")]
    assert poppler.letter(pdf(*sheets)) == " ".join(map(text_of, sheets))


def test_pages_are_counted_right_however_wrong_their_number_was_guessed(
    poppler: Poppler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(press, "probable_size", lambda letter: (SIZES[0], 1))
    long = "\n\n".join(["A paragraph with some words in it. " * 12] * 9)
    sheets = [sheet("Short."), sheet(long), sheet("Short, too."), sheet(long)]
    made = bundle(sheets)
    assert poppler.letter(made) == " ".join(map(text_of, sheets))
    assert poppler.page_numbers(made) == [(1, 2), (2, 2)] * 2
    assert len(PdfReader(io.BytesIO(made)).pages) == 6
    for parts in ((sheet("word " * 2000),), (Sheet("en", "", (Segment("paragraph", "word " * 2000),)),)):
        words = poppler.words(bundle(parts))
        assert sum(word.text == "word" for word in words) == 2000
        assert max(word.bottom for word in words) < 297 - 10, "nothing runs off the paper"


@pytest.mark.parametrize("language", SCRIPTS)
def test_the_size_of_a_letter_is_told_before_it_is_set(language: str) -> None:
    words = (SCRIPTS[language] + " ") * (400 // len(SCRIPTS[language]) + 1)
    for count in range(1, 9):
        given = sheet("\n\n".join([words] * count), language=language)
        letter = laid_out(given)
        size, pages = probable_size(letter)
        letter.update(size=size, pages=pages)
        made = press._set(press._compiler(), [letter], "plain")
        assert abs(len(PdfReader(io.BytesIO(made)).pages) - pages) <= (size == SIZES[-1])
