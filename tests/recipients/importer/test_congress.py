"""congress-legislators: made-up people in files of that form."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from app.recipients.importer import Records, read
from tests.recipients.importer.making import written

MEMBERS = """\
- id: {bioguide: A000001}
  name: {first: Ana, last: Example, nickname: Annie, official_full: Ana B. Example}
  bio: {birthday: '1970-01-01', gender: F}
  terms:
  - {type: rep, start: '2021-01-03', end: '2023-01-03', state: CA, district: 28, party: Green}
  - {type: rep, start: '2023-01-03', end: '2025-01-03', state: CA, district: 30, party: Green}
  - {type: rep, start: '2025-01-03', end: '2027-01-03', state: CA, district: 30, party: Green,
     phone: 202-225-0000, address: 2442 Rayburn House Office Building Washington DC 20515-0530,
     contact_form: 'http://ana.example/contact'}
- id: {bioguide: B000002}
  name: {first: Bo, last: Sample}
  terms:
  - {type: sen, start: '2019-01-03', end: '2025-01-03', state: CA, class: 1}
  - {type: sen, start: '2025-01-03', end: '2031-01-03', state: CA, class: 1,
     address: 1 Hart Senate Office Building Washington DC 20510}
- id: {bioguide: C000003}
  name: {first: Cy, last: Former}
  terms:
  - {type: rep, start: '2021-01-03', end: '2023-01-03', state: CA, district: 30}
  - {type: rep, start: '2025-01-03', end: '2027-01-03', state: VT, district: 0}
- id: {bioguide: D000004}
  name: {first: Di}
- not a person
- id: {bioguide: E000005}
  name: {first: Ed, last: Odd}
  terms:
  - {type: rep, start: 'soon', end: '2027-01-03', state: CA, district: 1}
  - {type: rep, start: '2025-01-03', end: '2027-01-03', state: ZZ, district: 1}
  - {type: rep, start: '2025-01-03', end: '2027-01-03', state: CA, district: many}
  - {type: sen, start: '2025-01-03', end: '2027-01-03', state: CA, class: 7}
"""
OFFICES = """\
- id: {bioguide: A000001}
  offices:
  - {id: A000001-town, address: 1 Main St., suite: 2, building: City Hall,
     city: Town, state: CA, zip: '91205'}
  - {id: A000001-none, address: '', city: Town, state: CA, zip: ''}
- id: {bioguide: X000009}
  offices: []
"""
COMMITTEES = """\
- {type: senate, name: Senate Committee on Foreign Relations, thomas_id: SSFR}
- {type: house, name: House Committee on the Moon, thomas_id: HSMO,
   address: '2170 RHOB; Washington, DC 20515-6128',
   subcommittees: [{name: Far Side, thomas_id: '01'}]}
- {type: house, thomas_id: HSXX}
"""
MEMBERSHIPS = """\
SSFR:
- {name: Bo Sample, party: majority, rank: 1, title: Chairman, bioguide: B000002}
- {name: Bo Sample, party: minority, rank: 1, title: Ranking Member, bioguide: Z999999}
HSMO:
- {name: Ana Example, rank: 1, title: Chairwoman, bioguide: A000001}
- {name: Cy Former, rank: 2, title: Chair, bioguide: C000003}
- {name: Cy Former, rank: 1, title: Ranking Member, bioguide: C000003}
HSMO01:
- {name: Cy Former, title: Chair, bioguide: C000003}
"""
EXECUTIVE = """\
- id: {bioguide: P000001, govtrack: 1}
  name: {first: Pat, last: First}
  terms:
  - {type: prez, start: '1945-01-20', end: '1945-04-12', how: election}
- id: {govtrack: 2}
  name: {first: Sam, last: Second}
  terms:
  - {type: viceprez, start: '1945-01-20', end: '1945-04-12'}
  - {type: prez, start: '1945-04-12', end: '1949-01-20'}
  - {type: prez, start: '1949-01-20', end: '1953-01-20'}
"""
NOT_TAKEN = ("Green", "1970", "202-225", "party", "gender")


def _read(tmp_path: Path) -> Records:
    for name, text in (
        ("legislators-current", MEMBERS),
        ("legislators-district-offices", OFFICES),
        ("committees-current", COMMITTEES),
        ("committee-membership-current", MEMBERSHIPS),
        ("executive", EXECUTIVE),
    ):
        written(tmp_path / "data", text, f"{name}.yaml")
    records = read(tmp_path / "data")
    assert records.errors == []
    return records


def _terms(records: Records, office: str) -> list[tuple[str, date | None, date | None]]:
    return [
        (holder.values["name"], holder.starts_on, holder.ends_on)
        for holder in records.holders
        if holder.office == office
    ]


def test_a_seat_has_its_holders_one_after_the_other(tmp_path: Path) -> None:
    records = _read(tmp_path)
    assert _terms(records, "us-house-ca-30") == [
        ("Cy Former", date(2021, 1, 3), date(2023, 1, 2)),
        ("Ana B. Example", date(2023, 1, 3), date(2027, 1, 2)),
    ]
    assert _terms(records, "us-senate-ca-class1") == [("Bo Sample", date(2019, 1, 3), date(2031, 1, 2))]
    assert records.offices["us-house-ca-30"].values["area"] == "ocd-division/country:us/state:ca/cd:30"
    assert records.areas["ocd-division/country:us/state:vt/cd:at-large"].values["code"] == "VT-AL"


def test_a_seat_of_older_borders_is_left_out_with_a_warning(tmp_path: Path) -> None:
    records = _read(tmp_path)
    assert "us-house-ca-28" not in records.offices
    assert any("us-house-ca-28" in problem.sentence for problem in records.problems)


def test_contacts_are_forms_and_postal_addresses(tmp_path: Path) -> None:
    contacts = {one.external_id.split(":", 2)[2]: one.values for one in _read(tmp_path).contacts
                if one.office == "us-house-ca-30"}  # fmt: skip
    assert contacts["web_form"]["value"] == "https://ana.example/contact"
    assert contacts["post"]["postal"]["street"] == "2442 Rayburn House Office Building"
    assert contacts["post:town"]["postal"]["street"] == "City Hall\n1 Main St., 2"
    assert all(values["confidence"] == "unverified" for values in contacts.values())
    assert len(contacts) == 3


def test_chairs_hold_their_office_for_this_congress(tmp_path: Path) -> None:
    records = _read(tmp_path)
    chair = [("Bo Sample", date(2025, 1, 3), date(2027, 1, 2))]
    assert _terms(records, "us-senate-foreign-relations") == chair
    assert _terms(records, "us-house-moon")[0][0] == "Ana B. Example"
    assert _terms(records, "us-house-moon-ranking")[0][0] == "Cy Former"
    assert records.offices["us-house-moon"].values["title"] == "Chair of the Committee on the Moon"
    assert not any("01" in key for key in records.offices)
    post = next(one for one in records.contacts if one.office == "us-house-moon")
    assert post.values["postal"]["street"] == "2170 Rayburn House Office Building"


def test_presidents_follow_each_other(tmp_path: Path) -> None:
    records = _read(tmp_path)
    assert _terms(records, "us-president") == [
        ("Pat First", date(1945, 1, 20), date(1945, 4, 11)),
        ("Sam Second", date(1945, 4, 12), date(1953, 1, 19)),
    ]


def test_what_is_odd_is_told_and_left_out(tmp_path: Path) -> None:
    problems = _read(tmp_path).problems
    told = {one.place.line for one in problems if one.place.file == "legislators-current.yaml"}
    odd = ("start: 'soon'", "state: ZZ", "district: many", "class: 7", "bioguide: D000004")
    lines = {
        number
        for number, line in enumerate(MEMBERS.splitlines(), start=1)
        if any(word in line for word in odd)
    }
    assert len(lines) == len(odd)
    assert lines <= told


def test_nothing_private_is_taken_over(tmp_path: Path) -> None:
    records = _read(tmp_path)
    told = repr([records.offices, records.holders, records.contacts, records.areas])
    assert [word for word in NOT_TAKEN if word in told] == []
    assert {holder.values.get("rank") for holder in records.holders} == {None}
