"""Open States people: made-up persons in files of that form."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from app.recipients.importer import Records, read
from tests.recipients.importer.making import written

STATE = "ocd-jurisdiction/country:us/state:ca/government"
FILES = {
    "legislature/Ana.yml": f"""\
id: ocd-person/aaaa
name: Ana Example
family_name: Example
birth_date: 1970-01-01
gender: Female
email: assemblymember.example@assembly.example
image: https://x.example/a.jpg
party:
- name: Green
roles:
- {{type: lower, district: '43', jurisdiction: '{STATE}', start_date: 2022-12-05}}
- {{type: lower, district: '41', jurisdiction: '{STATE}', end_date: '2022-12-05'}}
offices:
- {{classification: capitol, voice: 916-1,
   address: 'Room 1, 1021 O St. P.O. Box 942849, Sacramento, CA 94249'}}
- {{classification: district, address: 'somewhere in town'}}
links:
- {{url: 'https://form.example/x', note: Contact Form}}
- {{url: 'https://a.example'}}
other_names:
- name: A. Example
""",
    "legislature/Bo.yml": f"""\
id: ocd-person/bbbb
name: Bo Sample
family_name: Sample
roles:
- {{type: lower, district: '41', jurisdiction: '{STATE}', start_date: 2022-12-05}}
- {{type: upper, jurisdiction: '{STATE}', start_date: 2020-12-05}}
""",
    "executive/Gov.yml": f"""\
id: ocd-person/cccc
name: Gov Ernor
family_name: Ernor
roles:
- {{type: governor, jurisdiction: '{STATE}', start_date: '2019-01-07', end_date: '2027-01-04'}}
offices:
- {{classification: capitol, address: 'Governor Gov Ernor; 1 10th Street, Suite 2; Sacramento, CA 95814'}}
""",
    "municipalities/May.yml": """\
id: ocd-person/dddd
name: May Or
family_name: Or
email: may.or@gmail.com
roles:
- {type: mayor, end_date: '2026-12-31',
   jurisdiction: 'ocd-jurisdiction/country:us/state:ca/place:elk_grove/government'}
offices:
- {classification: primary, address: '8401 Palms Way;Elk Grove, CA 95758'}
""",
    "municipalities.yml": """\
- {name: The Grove, id: 'ocd-jurisdiction/country:us/state:ca/place:elk_grove/government'}
""",
    "retired/Old.yml": f"""\
id: ocd-person/eeee
name: Old Timer
family_name: Timer
email: old@senate.example
roles:
- {{type: lower, district: '43', jurisdiction: '{STATE}', start_date: '2014-12-01', end_date: '2022-12-31'}}
- {{type: lower, district: '41', jurisdiction: '{STATE}', start_date: '2009-01-01', end_date: '2012-12-31'}}
- {{type: mayor, end_date: '2001-01-01',
   jurisdiction: 'ocd-jurisdiction/country:us/state:ca/place:gone/government'}}
offices: []
""",
}


def _read(tmp_path: Path, but: str = "") -> Records:
    for name, text in FILES.items():
        if name != but:
            written(tmp_path / "ca", text, name)
    records = read(tmp_path / "ca", "openstates")
    assert records.errors == []
    return records


def _terms(records: Records, office: str) -> list[tuple[str, date | None, date | None]]:
    return [(h.values["name"], h.starts_on, h.ends_on) for h in records.holders if h.office == office]


def test_the_retired_are_past_holders(tmp_path: Path) -> None:
    records = _read(tmp_path)
    assert _terms(records, "us-ca-assembly-43") == [
        ("Old Timer", date(2014, 12, 1), date(2022, 12, 4)),
        ("Ana Example", date(2022, 12, 5), None),
    ]
    assert any("ended on 2022-12-04" in problem.sentence for problem in records.problems)


def test_a_first_day_that_nobody_tells_is_the_one_after_the_term_before(tmp_path: Path) -> None:
    records = _read(tmp_path)
    assert _terms(records, "us-ca-assembly-41") == [
        ("Old Timer", date(2009, 1, 1), date(2012, 12, 31)),
        ("Ana Example", date(2013, 1, 1), date(2022, 12, 4)),
        ("Bo Sample", date(2022, 12, 5), None),
    ]
    unknown = next(h for h in records.holders if h.starts_on == date(2013, 1, 1))
    assert "does not tell the first day" in unknown.values["term_note"]


def test_addresses_are_divided_and_forms_found(tmp_path: Path) -> None:
    contacts = {one.external_id.split(":", 1)[1]: one.values for one in _read(tmp_path).contacts}
    assert contacts["us-ca-assembly-43:post"]["postal"] == {
        "street": "Room 1, 1021 O St.\nP.O. Box 942849",
        "city": "Sacramento",
        "region": "CA",
        "postal_code": "94249",
    }
    assert contacts["us-ca-assembly-43:web_form"]["value"] == "https://form.example/x"
    assert contacts["us-ca-governor:post"]["postal"]["street"] == "1 10th Street, Suite 2"
    assert "us-ca-mayor-elk-grove:email" not in contacts  # a private mailbox
    assert "us-ca-mayor-elk-grove:post" in contacts


def test_offices_are_seats_with_their_areas(tmp_path: Path) -> None:
    records = _read(tmp_path)
    values = records.offices["us-ca-assembly-43"].values
    assert (values["address_style"], values["area"]) == (
        "assembly_member",
        "ocd-division/country:us/state:ca/sldl:43",
    )
    assert records.offices["us-ca-mayor-elk-grove"].values["title"] == "Mayor of The Grove"
    assert "us-ca-mayor-gone" not in records.offices
    assert records.complete == ()  # two members are not the whole Assembly


def test_nothing_private_is_taken_over(tmp_path: Path) -> None:
    records = _read(tmp_path)
    told = repr([records.offices, records.holders, records.contacts, records.areas])
    assert [word for word in ("Green", "1970", "Female", "a.jpg", "916-1") if word in told] == []


def test_one_person_can_be_imported_alone(tmp_path: Path) -> None:
    records = read(written(tmp_path, FILES["legislature/Bo.yml"], "Bo.yml"), "openstates")
    assert set(records.offices) == {"us-ca-assembly-41"}
    assert [problem.place.line for problem in records.problems] == [6]  # a role without a district
