"""Who holds an office on a day. Pure: dates in, a holder out.

An office has two lanes. In the first, regular holders and recorded vacancies follow each other; in
the second, acting holders stand in. Within a lane two terms never share a day; across the lanes
they may, for that is what standing in means.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class Term(Protocol):
    """What a term of office needs to be judged: days (both included; None is open or unknown) and kind."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def starts_on(self) -> date | None: ...
    @property
    def ends_on(self) -> date | None: ...
    @property
    def acting(self) -> bool: ...
    @property
    def vacant(self) -> bool: ...


AnyTerm = TypeVar("AnyTerm", bound=Term)


def holder_on(holders: Iterable[AnyTerm], day: date) -> AnyTerm | None:
    """Return who is to be addressed on `day`.

    Args:
        holders: every term of one office, in any order.
        day: the day in question.

    Returns:
        The regular holder; where there is none, whoever is acting; None where the office is vacant
        or nobody is known. Of several (dates unknown) the one whose term is known to begin last.
    """
    serving = [holder for holder in holders if _covers(holder, day) and not holder.vacant]
    return max(serving, key=lambda holder: (not holder.acting, holder.starts_on or date.min), default=None)


def overlapping(holders: Iterable[AnyTerm], term: Term) -> AnyTerm | None:
    """Return the first of `holders` whose term shares a day with `term` in the same lane, or None.

    `term` may be one of them: it is not held against itself.
    """
    others = (holder for holder in holders if holder.id != term.id)
    return next((other for other in others if overlaps(other, term)), None)


def overlaps(one: Term, other: Term) -> bool:
    """Whether two terms of the same lane share a day."""
    if one.acting != other.acting:
        return False
    return _first(one) <= _last(other) and _first(other) <= _last(one)


def _covers(term: Term, day: date) -> bool:
    return _first(term) <= day <= _last(term)


def _first(term: Term) -> date:
    return term.starts_on or date.min


def _last(term: Term) -> date:
    return term.ends_on or date.max
