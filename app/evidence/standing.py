"""What may be stated, named and asked for today: the rules, over rows that are at hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from app.evidence.models import Fact, Measure, Person

STALE_AFTER: Final = timedelta(days=30)
"""How long a check counts: after that somebody should look whether it is still so."""
IN_CUSTODY: Final = frozenset({"detained", "sentenced", "transferred"})
"""Statuses of people for whom a letter may ask."""
AT_AN_END: Final = frozenset({"released", "died"})
"""Statuses after which no letter may ask for somebody."""


def is_stale(row: Fact | Person | Measure, today: date) -> bool:
    """Whether something that is still in use was not checked for 30 days (or never)."""
    if isinstance(row, Fact) and row.status != "current":
        return False
    if isinstance(row, Person) and row.status in AT_AN_END:
        return False
    if isinstance(row, Measure) and (row.status in {"lapsed", "adopted"} or has_lapsed(row, today)):
        return False
    checked = row.last_verified_on if isinstance(row, Measure) else row.checked_on
    return checked is None or checked < today - STALE_AFTER


def has_lapsed(measure: Measure, today: date) -> bool:
    """Whether the session in which a measure was pending is over."""
    return measure.status == "lapsed" or (measure.lapses_on is not None and measure.lapses_on <= today)


def may_be_asked(measure: Measure, today: date) -> bool:
    """Whether a letter may ask somebody to support it: it has a number, is pending, and was looked up."""
    pending = measure.status == "introduced" and not has_lapsed(measure, today)
    return pending and bool(measure.number) and measure.last_verified_on is not None


def may_be_named(person: Person) -> bool:
    """Whether a page or a letter may show the name: family or counsel agreed."""
    return person.agreed_on is not None
