"""Whatever a file tells of an office's terms: they never overlap, and the second time nothing changes."""

from __future__ import annotations

import itertools
import uuid
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.recipients.importer.comparing import complete
from app.recipients.importer.plans import Change
from app.recipients.importer.records import HolderRecord, OfficeRecord, Place, Records
from app.recipients.importer.settling import settle
from app.recipients.importer.succession import Succession
from tests.support.lengths import length

START, TODAY = date(2020, 1, 1), date(2020, 2, 1)
NAMES = ("Ana Example", "Bo Sample", "Cy Third")
DAYS = st.none() | st.integers(0, 60).map(lambda number: START + timedelta(days=number))
ORIGINS = ("", "openstates")


def _in_order(one: date | None, other: date | None) -> dict[str, date | None]:
    if one and other and other < one:
        one, other = other, one
    return {"starts_on": one, "ends_on": other}


@st.composite
def editions(draw: st.DrawFn) -> list[HolderRecord]:
    """Terms of one office as a data set may tell them, put in order as its reader does."""
    found = []
    for number, (first, last, name, loose) in enumerate(
        draw(st.lists(st.tuples(DAYS, DAYS, st.sampled_from(NAMES), st.booleans()), max_size=4))
    ):
        values = {
            "name": name,
            "family_name": name.split()[1],
            "variants": [],
            **_in_order(first, last),
        }
        key = f"openstates:{draw(st.integers(0, 5))}-{number}"
        found.append(HolderRecord(key, "us-x-1", Place("f", number + 1, 1), values, loose=loose))
    return settle(Records(), found)


def _apply(stored: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    after = {key: dict(row) for key, row in stored.items()}
    for change in changes:
        if change.action == "conflict":
            continue
        if change.action == "new":
            own = {"id": uuid.uuid4(), "external_id": change.external_id, "edited_at": None}
            after[change.external_id] = {**own, **complete("holder", change.values)}
        else:
            after[change.external_id] |= change.values
    return after


def _import(
    stored: dict[str, Any], told: list[HolderRecord], origin: str, complete: bool
) -> tuple[list[Change], bool]:
    records = Records(origin=origin, complete=("us-x-",) if complete and origin else ())
    records.offices["us-x-1"] = OfficeRecord("us-x-1", Place("f"), {})
    refused: list[str] = []

    def refuse(_place: Place, sentence: str) -> None:
        refused.append(sentence)

    changes, unchanged = Succession(records, "us-x-1", TODAY, False, refuse, refuse).changes(stored, told)
    assert 0 <= unchanged <= len(told)
    # An error in one of our own files: nothing at all is done.
    return ([] if refused and not origin else changes), bool(refused)


@settings(max_examples=length(30, 300))
@given(st.lists(editions(), min_size=1, max_size=4), st.sampled_from(ORIGINS), st.booleans(), st.data())
def test_terms_never_overlap_and_the_second_time_nothing_changes(
    told: list[list[HolderRecord]], origin: str, complete: bool, data: st.DataObject
) -> None:
    stored: dict[str, Any] = {}
    for edition in told:
        changes, refused = _import(stored, edition, origin, complete)
        stored = _apply(stored, changes)
        spans = sorted((row["starts_on"] or date.min, row["ends_on"] or date.max) for row in stored.values())
        assert all(first <= last for first, last in spans)
        assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))
        again, _refused = _import(stored, edition, origin, complete)
        if not refused:
            assert [change for change in again if change.action != "conflict"] == []
        if stored and data.draw(st.booleans()):
            chosen = data.draw(st.sampled_from(sorted(stored)))
            stored[chosen]["edited_at"] = START


def _term(key: str, name: str, first: int | None, last: int | None) -> HolderRecord:
    days = [None if number is None else START + timedelta(days=number) for number in (first, last)]
    values = {"name": name, "family_name": name.split()[1], "variants": []}
    place = Place("f", 1, 1)
    return HolderRecord(key, "us-x-1", place, {**values, "starts_on": days[0], "ends_on": days[1]})


def test_whoever_was_ended_still_held_the_days_before() -> None:
    ana, bo, cy = NAMES
    older = [_term("openstates:a", bo, None, 0), _term("openstates:b", ana, 1, None)]
    stored = _apply({}, _import({}, older, "openstates", complete=False)[0])
    newer = [_term("openstates:c", cy, None, -1), _term("openstates:d", ana, 0, None)]
    changes, refused = _import(stored, newer, "openstates", complete=False)
    assert refused  # nobody knows how two can have held it before that day
    after = _apply(stored, changes)
    assert [(row["name"], row["ends_on"]) for row in after.values()] == [
        (bo, START - timedelta(days=1)),
        (ana, None),
    ]
