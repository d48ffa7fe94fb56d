"""Postal addresses in the form of each country."""

from __future__ import annotations

from typing import Any

import pytest

from app.rendering.postal_address import country_line, lines


def _lines(**given: Any) -> list[str]:
    usual = {
        "name_lines": ["Name"],
        "street": [],
        "city": "",
        "region": "",
        "postal_code": "",
        "language": "en",
    }
    return list(lines(**{**usual, "country_code": "", "sender_country": "", **given}))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("CH", ["Palais des Nations"], "Geneva 10", "", "1211"), ["Palais des Nations", "1211 Geneva 10"]),
        (("CH", ["Bundeshaus West"], "Bern", "BE", "3003"), ["Bundeshaus West", "3003 Bern"]),
        (("US", ["2201 C Street NW"], "Washington", "DC", "20520"),
         ["2201 C Street NW", "Washington, DC 20520"]),
        (("US", ["Room 340"], "Los Angeles", "CA", "90012"), ["Room 340", "Los Angeles, CA 90012"]),
        (("US", [], "Sacramento", "CA", ""), ["Sacramento, CA"]),
        (("US", [], "", "CA", "95814"), ["CA 95814"]),
        (("AT", ["Wallnerstrasse 6"], "Vienna", "", "1010"), ["Wallnerstrasse 6", "1010 Vienna"]),
        (("PL", ["ul. Miodowa 10"], "Warsaw", "", "00-251"), ["ul. Miodowa 10", "00-251 Warsaw"]),
        (("FR", ["Avenue de l’Europe"], "Strasbourg Cedex", "Grand Est", "67075"),
         ["Avenue de l’Europe", "67075 Strasbourg Cedex"]),
        (("BE", ["Rue Wiertz 60"], "Brussels", "", "1047"), ["Rue Wiertz 60", "1047 Brussels"]),
        (("GB", ["1 Easton Street"], "London", "", "WC1X 0DW"), ["1 Easton Street", "London", "WC1X 0DW"]),
        (("AM", ["Saryan str 22"], "Yerevan", "", "0002"), ["Saryan str 22", "0002 Yerevan"]),
        (("RU", ["Смоленская-Сенная пл., 32/34"], "Москва", "", "119200"),
         ["Смоленская-Сенная пл., 32/34", "Москва", "119200"]),
        (("CA", [], "Ottawa", "ON", "K1A 0B1"), ["Ottawa ON K1A 0B1"]),
        (("JP", ["1-1"], "Tokyo", "Tokyo-to", "100-0001"), ["1-1", "100-0001 Tokyo", "Tokyo-to"]),
    ],
)  # fmt: skip
def test_form_of_each_country(parts: tuple[str, list[str], str, str, str], expected: list[str]) -> None:
    code, street, city, region, postal_code = parts

    found = _lines(
        country_code=code,
        sender_country=code,
        street=street,
        city=city,
        region=region,
        postal_code=postal_code,
    )

    assert found == ["Name", *expected]


@pytest.mark.parametrize(
    ("sender", "language", "expected"),
    [
        ("US", "en", "SWITZERLAND"),
        ("US", "fr", "SWITZERLAND"),
        ("FR", "en", "SUISSE"),
        ("BE", "fr", "SUISSE"),
        ("BE", "de", "SCHWEIZ"),
        ("AM", "en", "ՇՎԵՅՑԱՐԻԱ / SWITZERLAND"),
        ("RU", "fr", "ШВЕЙЦАРИЯ / SWITZERLAND"),
        ("GR", "en", "ΕΛΒΕΤΙΑ / SWITZERLAND"),
        ("", "fr", "SUISSE"),
        ("", "hy", "SWITZERLAND"),
        ("ZZ", "en", "SWITZERLAND"),
    ],
)
def test_country_is_named_for_the_post_that_takes_the_letter(
    sender: str, language: str, expected: str
) -> None:
    assert country_line("CH", sender_country=sender, language=language) == expected


def test_capitals_that_python_does_not_know() -> None:
    assert country_line("BA", sender_country="AM", language="hy").startswith("ԲՈՍՆԻԱ ԵՎ ")
    assert country_line("CH", sender_country="TR", language="tr") == "İSVİÇRE"


def test_own_country_is_left_out() -> None:
    address = {"street": ["Palais Wilson"], "city": "Geneva", "postal_code": "1201", "country_code": "CH"}

    assert _lines(**address, sender_country="ch") == ["Name", "Palais Wilson", "1201 Geneva"]
    assert _lines(**address, sender_country="US")[-1] == "SWITZERLAND"
    assert _lines(**address, sender_country="")[-1] == "SWITZERLAND"


def test_unknown_country_leaves_no_line() -> None:
    assert _lines(city="Somewhere", country_code="", sender_country="US") == ["Name", "Somewhere"]
    assert _lines(city="Somewhere", country_code="ZY", sender_country="US") == ["Name", "Somewhere"]


def test_street_that_repeats_the_name_is_told_once() -> None:
    found = _lines(name_lines=["The Secretary of State"], street=["Secretary of State", "2201 C Street NW"])

    assert found == ["The Secretary of State", "2201 C Street NW"]


def test_long_lines_wrap_to_the_window() -> None:
    title = "Assistant Secretary of State for Democracy, Human Rights, and Labor"

    found = _lines(name_lines=["The Honorable Riley M. Barnes", title], street=["x" * 90], width=38)

    assert found[0] == "The Honorable Riley M. Barnes"
    assert " ".join(found[1:3]) == title
    assert "".join(found[3:]) == "x" * 90
    assert max(map(len, found)) <= 38
