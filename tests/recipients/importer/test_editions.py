"""A newer edition of a data set: who came, who left, what was known before; on both databases."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from flask import Flask

from app.recipients.importer import read
from tests.recipients.importer.making import imported, office, terms, written

ANA = """\
- id: {bioguide: A000001}
  name: {first: Ana, last: Example, official_full: Ana B. Example}
  terms:
  - {type: rep, start: '2025-01-03', end: '2027-01-03', state: CA, district: 30,
     address: 1 Rayburn House Office Building Washington DC 20515}
"""
BO = """\
- id: {bioguide: B000002}
  name: {first: Bo, last: Sample}
  terms:
  - {type: rep, start: 'START', end: 'END', state: CA, district: 30,
     address: 2 Rayburn House Office Building Washington DC 20515}
"""
CY = """\
- id: {bioguide: C000003}
  name: {first: Cy, last: Third}
  terms:
  - {type: sen, start: '2023-01-03', end: '2029-01-03', state: CA, class: 1}
"""
SEAT = "us-house-ca-30"


def _edition(tmp_path: Path, *members: str) -> Path:
    return written(tmp_path, "".join(members), "legislators-current.yaml")


def _bo(first: str, last: str) -> str:
    return BO.replace("START", first).replace("END", last)


def test_a_regular_change(app_context: Flask, tmp_path: Path) -> None:
    imported(_edition(tmp_path, ANA, CY))
    assert imported(_edition(tmp_path, ANA, CY)).is_empty
    path = _edition(tmp_path, _bo("2027-01-03", "2029-01-03"), CY)
    plan = imported(path, day=date(2027, 1, 10))
    assert plan.counts()["holder", "new"] == 1
    assert terms(SEAT) == [
        ("Ana B. Example", date(2025, 1, 3), date(2027, 1, 2)),
        ("Bo Sample", date(2027, 1, 3), date(2029, 1, 2)),
    ]
    assert imported(path, day=date(2027, 1, 11)).is_empty


def test_somebody_follows_before_the_term_is_over(app_context: Flask, tmp_path: Path) -> None:
    imported(_edition(tmp_path, ANA, CY))
    plan = imported(_edition(tmp_path, _bo("2026-06-10", "2027-01-03"), CY))
    assert plan.counts()["holder", "ended"] == 1
    assert terms(SEAT) == [
        ("Ana B. Example", date(2025, 1, 3), date(2026, 6, 9)),
        ("Bo Sample", date(2026, 6, 10), date(2027, 1, 2)),
    ]


def test_whoever_is_not_named_any_more_has_left(app_context: Flask, tmp_path: Path) -> None:
    imported(_edition(tmp_path, ANA, CY))
    path = _edition(tmp_path, CY)
    plan = imported(path)
    assert plan.counts() == {("holder", "ended"): 1}
    assert terms(SEAT) == [("Ana B. Example", date(2025, 1, 3), date(2026, 11, 20))]
    assert imported(path, day=date(2026, 11, 25)).is_empty


def test_reelection_only_moves_the_last_day(app_context: Flask, tmp_path: Path) -> None:
    imported(_edition(tmp_path, ANA))
    again = ANA + "  - {type: rep, start: '2027-01-03', end: '2029-01-03', state: CA, district: 30}\n"
    plan = imported(_edition(tmp_path, again), day=date(2027, 1, 10))
    assert plan.counts() == {("holder", "changed"): 1, ("contact", "withdrawn"): 1}
    assert terms(SEAT) == [("Ana B. Example", date(2025, 1, 3), date(2029, 1, 2))]


SEEDED = """\
- external_id: us-house-ca-30
  slug: own-slug
  institution: The House
  title: Our own title
  short_name: Ours
  level: national
  country: US
  holders:
    - {external_id: own-former, name: Zoe Former, starts_on: 2021-01-03, ends_on: 2025-01-02}
    - {external_id: own-ana, name: Ana Example, family_name: Example, starts_on: 2025-01-03, rank: Ms.}
"""


def test_what_was_known_from_elsewhere_is_completed_and_not_renamed(
    app_context: Flask, tmp_path: Path
) -> None:
    imported(written(tmp_path, SEEDED))
    plan = imported(_edition(tmp_path, ANA, CY))
    assert office(SEAT).title == "Our own title"
    assert office(SEAT).area is not None
    assert plan.unchanged["holder"] == 1  # Ana is known, under another id
    assert [name for name, _first, _last in terms(SEAT)] == ["Zoe Former", "Ana Example"]
    imported(_edition(tmp_path, _bo("2027-01-03", "2029-01-03"), CY), day=date(2027, 1, 10))
    assert terms(SEAT)[1:] == [
        ("Ana Example", date(2025, 1, 3), date(2027, 1, 2)),
        ("Bo Sample", date(2027, 1, 3), date(2029, 1, 2)),
    ]


COMMITTEE = "- {type: senate, name: Senate Committee on the Sea, thomas_id: SSEA}\n"
DI = CY.replace("C000003", "D000004").replace("Cy", "Di").replace("class: 1", "class: 3")


def test_a_new_chair_within_a_congress_begins_on_the_day_of_the_import(
    app_context: Flask, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    written(folder, CY + DI + ANA, "legislators-current.yaml")
    written(folder, COMMITTEE, "committees-current.yaml")
    chair = "SSEA:\n- {name: x, title: Chairman, bioguide: C000003}\n"
    written(folder, chair, "committee-membership-current.yaml")
    imported(folder)
    assert terms("us-senate-sea") == [("Cy Third", date(2025, 1, 3), date(2027, 1, 2))]
    written(folder, chair.replace("C000003", "D000004"), "committee-membership-current.yaml")
    imported(folder)
    expected = [
        ("Cy Third", date(2025, 1, 3), date(2026, 11, 20)),
        ("Di Third", date(2026, 11, 21), date(2027, 1, 2)),
    ]
    assert terms("us-senate-sea") == expected
    assert imported(folder, day=date(2026, 12, 1)).is_empty
    assert terms("us-senate-sea") == expected


def test_a_newer_table_of_codes_replaces_the_old_one(app_context: Flask, tmp_path: Path) -> None:
    head = "state_fips,state_abbr,zcta,cd\n"
    first = written(
        tmp_path, head + "06,CA,91205,30\n06,CA,91206,30\n06,CA,91206,34\n50,VT,05401,0\n", "z.csv"
    )
    imported(first, "zip-districts")
    assert imported(first, "zip-districts").is_empty
    second = written(tmp_path, head + "06,CA,91205,30\n06,CA,91206,31\n", "z.csv")
    plan = imported(second, "zip-districts")
    told = {
        one.external_id.rpartition("/")[2]: one.values for one in plan.changes if one.kind == "postal_codes"
    }
    assert told == {
        "cd:30": {"added": [], "removed": ["91206"]},
        "cd:31": {"added": ["91206"], "removed": []},
        "cd:34": {"added": [], "removed": ["91206"]},
    }
    assert imported(second, "zip-districts").is_empty


def test_rows_of_a_table_that_are_wrong_are_errors(tmp_path: Path) -> None:
    head = "state_fips,state_abbr,zcta,cd\n"
    rows = "06,CA,9120,30\n06,XX,91205,30\n06,CA,91205,east\n06,CA,91205,200\n06,CA,91205,30\n"
    records = read(written(tmp_path, head + rows, "z.csv"), "zip-districts")
    assert [(one.place.line, one.place.column) for one in records.errors] == [(2, 3), (3, 2), (4, 4), (5, 4)]


def test_a_slug_that_was_taken_by_another_office_stays_as_it_was_made(
    app_context: Flask, tmp_path: Path
) -> None:
    imported(written(tmp_path, SEEDED.replace("us-house-ca-30\n", "elsewhere\n").replace("own-slug", SEAT)))
    path = _edition(tmp_path, ANA, CY)
    imported(path)
    assert office(SEAT).slug != SEAT
    assert imported(path).is_empty
