"""Languages of the interface, and names of countries, dates and numbers in them.

The language of a page and the language of a letter are two things: a supporter may read French
and write to an office in English.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from flask import Flask, has_request_context, request
from flask_babel import Babel, get_locale

LOCALES = ("en",)
"""Catalogues that there are; the first is the language of the source texts."""

DIRECTIONS = {"left-to-right": "ltr", "right-to-left": "rtl"}

# CLDR also lists regions that are no countries: continents, groupings, exceptional reservations. With two
# letters there are these (Kosovo's XK is user-assigned, and stays).
NOT_COUNTRIES = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)


babel = Babel()


def init_i18n(app: Flask) -> None:
    """Bind Flask-Babel, and give templates `current_locale` and `text_direction`."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", LOCALES[0])
    app.config.setdefault("BABEL_DEFAULT_TIMEZONE", "UTC")
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", "i18n/translations")
    # It takes a locale as well as its name, and reads a name anew in every request.
    babel.init_app(app, locale_selector=_best_locale)  # type: ignore[arg-type]
    app.context_processor(_locale_context)


def _best_locale() -> Locale:
    if not has_request_context():  # a worker or a command: nobody's browser says what it prefers
        return _locale(LOCALES[0])
    return _locale(request.accept_languages.best_match(LOCALES) or LOCALES[0])


@lru_cache(maxsize=len(LOCALES))
def _locale(code: str) -> Locale:
    return Locale.parse(code)


def _locale_context() -> dict[str, str]:
    locale = get_locale() or Locale(LOCALES[0])
    return {"current_locale": str(locale), "text_direction": DIRECTIONS[locale.character_order]}


def page_language() -> str:
    """Return the language of the page that is being answered."""
    return str(get_locale() or LOCALES[0])


@lru_cache(maxsize=16)
def countries(language: str) -> tuple[tuple[str, str], ...]:
    """Return (ISO 3166-1 alpha-2 code, name) of every country, by name, in `language`."""
    names = Locale.parse(language).territories
    found = [(code, name) for code, name in names.items() if len(code) == 2 and code.isalpha()]
    return tuple(sorted(((c, n) for c, n in found if c not in NOT_COUNTRIES), key=lambda pair: _key(pair[1])))


@lru_cache(maxsize=1)
def country_codes() -> frozenset[str]:
    """Return the ISO 3166-1 alpha-2 code of every country."""
    return frozenset(code for code, _name in countries(LOCALES[0]))


def _key(name: str) -> str:
    # Å, É and their like sort with their letter, as readers of a list expect.
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


@lru_cache(maxsize=1024)
def country_name(code: str, language: str) -> str:
    """Return the name of a country in `language`, or the code itself where it has none."""
    return str(Locale.parse(language).territories.get(code, code))


@lru_cache(maxsize=128)
def language_name(code: str) -> str:
    """Return what a language calls itself, such as “français”; the code where that is not known."""
    try:
        return Locale.parse(code.replace("-", "_")).get_language_name() or code
    except (UnknownLocaleError, ValueError):
        return code
