"""Postal addresses, set as the country of destination wants them.

The order of the lines is that of the Universal Postal Union's country sheets (UPU, Addressing
Solutions; template language S42): what the sheet leaves out is left out. Cities are not put into
capitals, the country is (UPU Letter Post Regulations; USPS Publication 28, A31).
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Collection

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

_CODE_FIRST = ("{postal_code} {city}",)
_CITY_REGION_CODE = ("{city}, {region} {postal_code}",)
# What follows the street, by country. Countries without an entry get the code first and the region below.
_FORMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("AM", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GE", "GR", "HR", "HU",
         "IL", "IS", "IT", "LI", "LT", "LU", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE",
         "SI", "SK", "TR"),
        _CODE_FIRST,
    ),
    "US": _CITY_REGION_CODE,
    "CA": ("{city} {region} {postal_code}",),
    "AU": ("{city} {region} {postal_code}",),
    "NZ": ("{city} {postal_code}",),
    "GB": ("{city}", "{postal_code}"),
    "IE": ("{city}", "{region}", "{postal_code}"),
    "RU": ("{city}", "{region}", "{postal_code}"),
    "UA": ("{city}", "{region}", "{postal_code}"),
    "LV": ("{city}, {postal_code}",),
    "IN": ("{city} {postal_code}", "{region}"),
    "LB": ("{city} {postal_code}",),
}  # fmt: skip
_DEFAULT = ("{postal_code} {city}", "{region}")


def lines(
    *,
    name_lines: Collection[str],
    street: Collection[str],
    city: str,
    region: str,
    postal_code: str,
    country_code: str,
    sender_country: str,
    language: str,
    width: int | None = None,
) -> tuple[str, ...]:
    """Return the lines of an address, from the name to the country.

    Args:
        name_lines: what comes before the street: the envelope's lines of a form of address.
        street: one line each; one that repeats a line above is left out.
        city, region, postal_code: may be empty.
        country_code: ISO 3166-1 alpha-2, or empty.
        sender_country: where the letter is posted; the same country is not named. Empty if unknown.
        language: that of the letter: the country is named in it where the sender's country uses it.
        width: longest line in characters (a DL or #10 window takes about 38); longer ones are wrapped.
    """
    below = _locality(country_code.upper(), city=city, region=region, postal_code=postal_code)
    country = "" if country_code.upper() == sender_country.upper() else country_line(
        country_code, sender_country=sender_country, language=language
    )  # fmt: skip
    told = _without_repeats([*name_lines, *street])
    return tuple(part for line in (*told, *below, country) for part in _wrapped(line.strip(), width))


def country_line(country_code: str, *, sender_country: str, language: str) -> str:
    """Return the name of a country in capitals for the last line, empty if it is unknown.

    It is in a language of the country where the letter is posted, so that its post can read it: the
    letter's own language where that is one of them. Beside a name in another script stands the English one.
    """
    name = _in_capitals(country_code, _postal_language(sender_country.upper(), language))
    english = _in_capitals(country_code, "en")
    return name if name == english or _is_latin(name) else f"{name} / {english}"


def _postal_language(sender_country: str, language: str) -> str:
    spoken = get_official_languages(sender_country, de_facto=True) if sender_country else ()
    known = [code for code in spoken if _names(code)]
    if not known:
        return language if language in ("en", "fr") else "en"
    return language if language in known else known[0]


def _names(language: str) -> dict[str, str]:
    try:
        return dict(Locale.parse(language).territories)
    except (UnknownLocaleError, ValueError):
        return {}


def _in_capitals(country_code: str, language: str) -> str:
    name = _names(language).get(country_code.upper(), "")
    if language in ("tr", "az"):
        name = name.replace("i", "İ")
    # Capitals of Greek carry no tonos; the Armenian ligature և is written out as ԵՎ.
    capitals = name.upper().replace("\u0535\u0552", "\u0535\u054e")
    return _without_tonos(capitals) if language == "el" else capitals


def _without_tonos(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).replace("\u0301", ""))


def _is_latin(text: str) -> bool:
    return all(unicodedata.name(letter, "").startswith("LATIN") for letter in text if letter.isalpha())


def _locality(country_code: str, **parts: str) -> list[str]:
    """Return the lines of city, region and code; what is empty goes, together with the comma before it."""
    found = []
    for pattern in _FORMS.get(country_code, _DEFAULT):
        groups = (" ".join(group.split()) for group in pattern.format(**parts).split(","))
        found.append(", ".join(group for group in groups if group))
    return found


def _without_repeats(given: list[str]) -> list[str]:
    found: dict[str, str] = {}
    for line in given:
        found.setdefault(re.sub("^the ", "", line.strip().casefold()), line)
    return list(found.values())


def _wrapped(line: str, width: int | None) -> list[str]:
    if width is None or len(line) <= width:
        return [line] if line else []
    return textwrap.wrap(line, width, break_long_words=True, break_on_hyphens=False)
