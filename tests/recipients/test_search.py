"""Finding an office by whatever spelling somebody remembers."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.database import transaction
from app.recipients.listing import offices
from app.recipients.search import normalised, refresh_search_text
from tests.factories.recipients import ClosedOfficeFactory, HolderFactory, OfficeFactory

TODAY = date(2026, 11, 21)


@pytest.fixture
def stored(app_context: Flask) -> None:
    """Four offices."""
    rows = [
        OfficeFactory.build(
            title="High Commissioner for Human Rights",
            institution="United Nations",
            variants=["OHCHR", "Haut-Commissaire"],
            holders=[HolderFactory.build(name="Volker Türk", variants=["Fólker Tyurk"])],
        ),
        OfficeFactory.build(
            title="Secretary General",
            institution="OSCE",
            holders=[HolderFactory.build(name="Feridun H. Sinirlioğlu")],
        ),
        OfficeFactory.build(title="President 100%_sure", institution="Council \\ of Łódź", level="local"),
        ClosedOfficeFactory.build(title="Co-Chair", institution="Minsk Group"),
    ]
    for row in rows:
        refresh_search_text(row)
    with transaction() as session:
        session.add_all(rows)


def found(query: str = "", **filters: object) -> list[str]:
    return [line.recipient.title for line in offices(day=TODAY, query=query, **filters).lines]  # type: ignore[arg-type]


SPELLINGS = (
    "turk",
    "TÜRK",
    "Tu\u0308rk",
    "volker commissioner",
    "rights nations",
    "ohchr",
    "haut-commissaire",
    "tyurk",
)


def test_found_by_every_spelling(stored: None) -> None:
    for query in SPELLINGS:
        assert found(query) == ["High Commissioner for Human Rights"], query


def test_letters_that_no_mark_makes(stored: None) -> None:
    assert found("sinirlioglu") == ["Secretary General"]
    assert found("lodz") == ["President 100%_sure"]


def test_signs_are_signs(stored: None) -> None:
    assert found("100%_sure") == ["President 100%_sure"]
    for query in ("%", "\\", "' OR 1=1 --", "ure"):
        assert found(query) == [], query


def test_filters_and_order(stored: None) -> None:
    assert found(status="closed") == ["Co-Chair"]
    assert found(level="local") == ["President 100%_sure"]
    assert found(level="local", status="closed") == []
    assert found() == [
        "President 100%_sure",
        "Secretary General",
        "High Commissioner for Human Rights",
        "Co-Chair",
    ]


def test_pages(stored: None) -> None:
    first, second = (offices(day=TODAY, size=3, number=number) for number in (1, 2))
    assert [len(page.lines) for page in (first, second)] == [3, 1]
    assert (first.total, first.pages) == (4, 2)
    assert offices(day=TODAY, size=3, number=99).number == 2
    assert offices(day=TODAY, size=3, number=-1).number == 1
    assert offices(day=TODAY, query="nobody is called that").lines == []


@given(st.text())
def test_normalised_twice_is_normalised_once(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll"])))
def test_case_makes_no_difference(text: str) -> None:
    assert normalised(text.upper()) == normalised(text.upper().lower().upper())
