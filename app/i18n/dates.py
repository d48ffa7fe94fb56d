"""Dates in words, by language."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from babel.dates import format_date, format_interval, format_skeleton
from flask_babel import gettext as _


@lru_cache(maxsize=1024)
def long_date(day: date, language: str, country: str | None = None) -> str:
    """Return "21 November 2026" as `language` writes it (to `country`, see `locale_of`)."""
    return format_date(day, "long", locale=locale_of(language, country))


def month_of(day: date, language: str) -> str:
    """Return "November 2026" as `language` writes it."""
    return format_skeleton("yMMMM", day, locale=locale_of(language))


def span_of(first: date, last: date, language: str) -> str:
    """Return "9–10 November 2020" as `language` writes it."""
    return format_interval(first, last, "yMMMMd", locale=locale_of(language))


def locale_of(language: str, country: str | None = None) -> str:
    """Return the locale whose habits a letter follows.

    Args:
        language: of the letter.
        country: where it goes. English is written day first, except to offices in the United States.
    """
    if language == "en":
        return "en_US" if country == "US" else "en_GB"
    return language.replace("-", "_")


def term_of(name: str, starts_on: date | None, ends_on: date | None, language: str) -> str:
    """Return a holder's name with as much of the term as is known: "Name, since January 2025"."""
    if starts_on and ends_on:
        if starts_on.year == ends_on.year:
            return _("%(name)s, %(year)s", name=name, year=str(starts_on.year))
        return _(
            "%(name)s, %(start)s to %(end)s", name=name, start=str(starts_on.year), end=str(ends_on.year)
        )
    if starts_on:
        return _("%(name)s, since %(month)s", name=name, month=month_of(starts_on, language))
    if ends_on:
        return _("%(name)s, until %(month)s", name=name, month=month_of(ends_on, language))
    return name
