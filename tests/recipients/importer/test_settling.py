"""Terms of data sets, whatever they look like, end up one after the other."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.recipients.importer.records import HolderRecord, Place, Records
from app.recipients.importer.settling import joined, settle

DAYS = st.none() | st.integers(0, 40).map(lambda number: date(2020, 1, 1) + timedelta(days=number))


def _in_order(one: date | None, other: date | None) -> dict[str, date | None]:
    if one and other and other < one:
        one, other = other, one
    return {"starts_on": one, "ends_on": other}


@st.composite
def holders(draw: st.DrawFn) -> list[HolderRecord]:
    found = []
    for number, (first, last) in enumerate(draw(st.lists(st.tuples(DAYS, DAYS), max_size=8))):
        values = {"name": f"Person {number % 3}", **_in_order(first, last)}
        found.append(HolderRecord(f"h{number}", "o", Place("f", number + 1, 1), values))
    return found


@given(holders())
def test_no_day_is_shared_and_nothing_is_lost_in_silence(told: list[HolderRecord]) -> None:
    records = Records()
    settled = settle(records, told)
    spans = [(term.starts_on or date.min, term.ends_on or date.max) for term in settled]
    assert all(first <= last for first, last in spans)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(sorted(spans)))
    assert len(settled) + len(records.problems) >= len(told)
    assert {problem.severity for problem in records.problems} <= {"warning"}


@given(holders())
def test_settling_twice_is_settling_once(told: list[HolderRecord]) -> None:
    once = settle(Records(), told)
    assert settle(Records(), once) == once


def test_an_unbroken_service_is_one_term() -> None:
    days = [("2001-01-03", "2007-01-03"), ("2007-01-04", "2013-01-03"), ("2015-01-03", "2017-01-03")]
    told = [
        HolderRecord(f"h{first}", "o", Place("f"), {"starts_on": date.fromisoformat(first),
                                                    "ends_on": date.fromisoformat(last)})
        for first, last in days
    ]  # fmt: skip
    spans = [(term.starts_on, term.ends_on) for term in joined(told)]
    assert spans == [
        (date(2001, 1, 3), date(2013, 1, 3)),
        (date(2015, 1, 3), date(2017, 1, 3)),
    ]
