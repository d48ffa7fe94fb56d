"""Languages, countries and dates."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import get_locale

from app.i18n import countries, country_name, page_language
from app.i18n.dates import locale_of, long_date, month_of, term_of

DAY = date(2026, 5, 3)
ONE = pytest.mark.backends("sqlite")  # nothing of it is the database's


@pytest.mark.parametrize(
    ("language", "country", "written"),
    [
        ("en", None, "3 May 2026"),
        ("en", "FR", "3 May 2026"),
        ("en", "US", "May 3, 2026"),
        ("fr", None, "3 mai 2026"),
        ("ru", None, "3 мая 2026 г."),
        ("hy", None, "03 մայիսի, 2026 թ."),
        ("pt-BR", None, "3 de maio de 2026"),
    ],
)
def test_a_date_is_written_as_the_letters_language_writes_it(
    language: str, country: str | None, written: str
) -> None:
    assert re.sub(r"\s", " ", long_date(DAY, language, country)) == written


def test_months_are_named() -> None:
    assert month_of(DAY, "en") == "May 2026"
    assert month_of(DAY, "fr") == "mai 2026"
    assert locale_of("pt-BR") == "pt_BR"


@ONE
def test_terms_are_written_in_words(app_context: Flask) -> None:
    assert term_of("N", date(2025, 1, 1), None, "en") == "N, since January 2025"
    assert term_of("N", None, None, "en") == "N"


def test_countries_are_those_that_there_are_sorted_as_readers_expect() -> None:
    english = countries("en")
    names = [name for _code, name in english]
    codes = [code for code, _name in english]
    assert len(codes) == len(set(codes)) == 250
    assert names[0] == "Afghanistan"
    assert names[1] == "Åland Islands"  # with A, not after Z
    assert {"EU", "UN", "ZZ", "XA", "AC"}.isdisjoint(codes)
    assert dict(countries("fr"))["AM"] == "Arménie"
    assert dict(countries("hy"))["AM"] == "Հայաստան"
    assert {code for code, _name in countries("fr")} == set(codes)


def test_a_country_without_a_name_keeps_its_code() -> None:
    assert country_name("FR", "hy") == "Ֆրանսիա"
    assert country_name("QQ", "en") == "QQ"
    assert country_name("", "en") == ""


@ONE
def test_outside_of_a_request_the_language_is_that_of_the_sources(app_context: Flask) -> None:
    # Workers and commands have no browser that says what it prefers, and must speak all the same.
    assert str(get_locale()) == "en"
    assert page_language() == "en"


@ONE
def test_a_browser_gets_the_nearest_language_there_is(app: Flask) -> None:
    for asked in ("en-GB,en;q=0.5", "fr", "", "*", "xx-not-a-language", ";;;,,,"):
        with app.test_request_context(headers={"Accept-Language": asked}):
            assert page_language() == "en", asked


def test_no_sentence_in_our_code_is_built_from_pieces() -> None:
    """A translator needs whole sentences: gettext gets a literal, never an f-string or a sum."""
    wrong = []
    for path in (Path(__file__).resolve().parents[2] / "app").rglob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(r"\b(_|_l|gettext|ngettext|lazy_gettext)\(f[\"']", line):
                wrong.append(f"{path.name}:{number}")
    assert wrong == []
