"""Who holds an office on a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.recipients.models import Holder
from app.recipients.terms import holder_on, overlapping, overlaps
from tests.support.lengths import length

FIRST, LAST = date(2020, 1, 1), date(2027, 12, 31)
DAYS = st.dates(FIRST, LAST)


def term(first: date | None, last: date | None, *, acting: bool = False, vacant: bool = False) -> Holder:
    return Holder(
        name="" if vacant else "Somebody", starts_on=first, ends_on=last, acting=acting, vacant=vacant
    )


@st.composite
def terms(draw: st.DrawFn) -> Holder:
    """A term whose days are in order; open or unknown ends included."""
    days = sorted([draw(DAYS), draw(DAYS)])
    first = draw(st.sampled_from([days[0], None]))
    last = draw(st.sampled_from([days[1], None]))
    kind = draw(st.sampled_from(["regular", "acting", "vacant"]))
    return term(first, last, acting=kind == "acting", vacant=kind == "vacant")


def days_of(holder: Holder) -> set[date]:
    """Every day of a term between the first and last day that the tests look at."""
    span = (LAST - FIRST).days + 1
    return {day for number in range(span) if holder.holds_on(day := FIRST + timedelta(days=number))}


@settings(max_examples=length(40, 200))
@given(terms(), terms())
def test_two_terms_overlap_if_and_only_if_they_share_a_day_in_one_lane(one: Holder, other: Holder) -> None:
    same_lane = one.acting == other.acting
    # Terms that are open on the same side share days outside of the window too; inside they do so as well.
    assert overlaps(one, other) == (same_lane and bool(days_of(one) & days_of(other)))
    assert overlaps(one, other) == overlaps(other, one)


@given(st.lists(terms(), max_size=6), DAYS)
def test_without_overlaps_there_is_one_holder_and_no_doubt(candidates: list[Holder], day: date) -> None:
    kept: list[Holder] = []
    for candidate in candidates:
        if overlapping(kept, candidate) is None:
            kept.append(candidate)
    regular = [h for h in kept if not h.acting and not h.vacant and h.holds_on(day)]
    acting = [h for h in kept if h.acting and h.holds_on(day)]
    assert len(regular) <= 1
    assert len(acting) <= 1
    assert holder_on(kept, day) is next(iter([*regular, *acting]), None)
    assert holder_on(reversed(kept), day) is holder_on(kept, day)


@given(terms())
def test_a_term_is_not_held_against_itself(one: Holder) -> None:
    assert overlapping([one], one) is None


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 12, 31), "before"),
        (date(2026, 1, 1), "now"),
        (date(2026, 12, 31), "now"),
        (date(2027, 1, 1), None),
    ],
)
def test_first_and_last_day_both_count(day: date, expected: str | None) -> None:
    before, now = term(None, date(2025, 12, 31)), term(date(2026, 1, 1), date(2026, 12, 31))
    found = holder_on([now, before], day)
    assert {id(before): "before", id(now): "now", id(None): None}[id(found)] == expected


def test_acting_counts_only_where_nobody_holds_the_office_in_earnest() -> None:
    day = date(2026, 5, 1)
    regular, acting = term(date(2026, 1, 1), None), term(date(2026, 3, 1), None, acting=True)
    assert holder_on([acting, regular], day) is regular
    assert holder_on([acting], day) is acting


def test_somebody_acts_while_the_office_is_vacant() -> None:
    vacancy, acting = term(date(2026, 1, 1), None, vacant=True), term(date(2026, 3, 1), None, acting=True)
    assert overlapping([vacancy], acting) is None
    assert holder_on([vacancy, acting], date(2026, 2, 1)) is None
    assert holder_on([vacancy, acting], date(2026, 4, 1)) is acting


def test_of_two_with_unknown_days_the_one_that_begins_last() -> None:
    unknown, known = term(None, None), term(date(2026, 1, 1), None)
    assert holder_on([unknown, known], date(2026, 6, 1)) is known
