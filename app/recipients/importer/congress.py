"""congress-legislators (github.com/unitedstates/congress-legislators): members with all their terms.

An office is a seat: `us-house-ca-30`, `us-senate-ca-class1`. The file of current members tells the past
of their seats only as far as they held them themselves. Party, gender, birthdays, telephones and
accounts elsewhere are not taken over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.recipients.importer import congress_committees, congress_executive
from app.recipients.importer.congress_people import Member, name_values
from app.recipients.importer.data_sets import (
    add_form,
    add_office,
    add_post,
    all_located,
    day,
    located,
    text,
)
from app.recipients.importer.located_yaml import Located, items
from app.recipients.importer.reading import Unreadable
from app.recipients.importer.records import HolderRecord, Place, Records
from app.recipients.importer.settling import joined, settle
from app.recipients.importer.us_places import (
    STATES,
    add_congressional_district,
    add_country,
    add_state,
    ordinal,
    postal_address,
)

ORIGIN = "congress-legislators"
MEMBERS, OFFICES = "legislators-current", "legislators-district-offices"
COMMITTEES, MEMBERSHIPS, EXECUTIVE = "committees-current", "committee-membership-current", "executive"
_CURRENT_SEATS = date(2023, 1, 3)
"""Since when the districts are numbered as they are: the apportionment after the census of 2020."""


@dataclass
class _Seat:
    """A seat, and whether somebody sits in it or did since the districts are numbered as they are."""

    external_id: str
    place: Place
    values: dict[str, Any]
    holders: list[HolderRecord] = field(default_factory=list)


def read_congress(path: Path) -> Records:
    """Read the folder of the data set, or one of its files. Whatever is wrong is in the problems."""
    records = Records(origin=ORIGIN)
    files = {file.stem: file for file in sorted(path.glob("*.y*ml"))} if path.is_dir() else {path.stem: path}
    known = {MEMBERS, OFFICES, COMMITTEES, MEMBERSHIPS, EXECUTIVE}
    if not known & files.keys():
        records.error(Place(path.name), _("There is no file of the data set congress-legislators here."))
    try:
        members = _members(records, files[MEMBERS]) if MEMBERS in files else {}
        if OFFICES in files:
            _district_offices(records, files[OFFICES], members)
        if COMMITTEES in files and MEMBERSHIPS in files:
            congress_committees.read(records, files[COMMITTEES], files[MEMBERSHIPS], members)
        if EXECUTIVE in files:
            congress_executive.read(records, files[EXECUTIVE])
    except Unreadable as trouble:
        records.error(trouble.place, trouble.sentence)
    records.map_holders(lambda holders: settle(records, holders))
    return records


def _members(records: Records, path: Path) -> dict[str, Member]:
    members: dict[str, Member] = {}
    seats: dict[str, _Seat] = {}
    for item in _entries(records, path):
        key, values = _id_of(item), name_values(records, item)
        if not key or not values["name"]:
            records.warn(item.where(), _("A person without a name or an identifier is left out."))
            continue
        member = Member(key, values, item.where())
        members[key] = member
        for term in all_located(records, item, "terms"):
            _term(records, seats, member, term)
    _keep_present_seats(records, seats)
    for member in members.values():
        if member.latest is not None and member.seat in records.offices:
            _contacts(records, member)
    if members:
        records.complete = ("us-house-", "us-senate-")
    return members


def _entries(records: Records, path: Path) -> Iterator[Located]:
    for item in items(path):
        if isinstance(item, Located):
            yield item
        else:
            records.warn(item.where(), _("Something that is no person is left out."))


def _id_of(item: Located) -> str:
    ids = located(item.get("id"))
    return str(ids.get("bioguide") or "") if ids else ""


def _term(records: Records, seats: dict[str, _Seat], member: Member, term: Located) -> None:
    first, last = day(records, term, "start"), day(records, term, "end")
    state = text(records, term, "state").upper()
    if first is None or last is None or last < first or state not in STATES:
        records.warn(term.where(), _("A term without state, first and last day is left out."))
        return
    seat = _seat_of(term, state)
    if seat is None:
        records.warn(term.where(), _("A term whose seat is not told is left out."))
        return
    if (last.month, last.day) in {(1, 3), (3, 4)}:
        last -= timedelta(days=1)  # a Congress ends at noon of the day on which the next one begins
    found = seats.setdefault(seat.external_id, seat)
    values = member.values | {"starts_on": first, "ends_on": last}
    key = f"{ORIGIN}:{member.key}:{seat.external_id}:{first}"
    found.holders.append(HolderRecord(key, seat.external_id, term.where(), values))
    if member.latest_start is None or first >= member.latest_start:
        member.latest, member.seat = term, seat.external_id
        member.latest_start, member.latest_end = first, last


def _seat_of(term: Located, state: str) -> _Seat | None:
    kind, place = term.get("type"), term.where()
    name, small = STATES[state], state.lower()
    if kind == "sen" and term.get("class") in (1, 2, 3):
        number = term["class"]
        values = {
            "institution": "United States Senate",
            "title": f"United States Senator for {name}",
            "short_name": f"U.S. Senate, {name} (class {number})",
            "address_style": "senator",
            "variants": [f"Senator {name}", f"Senate {state}"],
        }
        return _Seat(f"us-senate-{small}-class{number}", place, _common(values, name, (state, None)))
    district = term.get("district")
    if kind != "rep" or isinstance(district, bool) or not isinstance(district, int) or district < 0:
        return None
    where = f"the {ordinal(district)} District of {name}" if district else name
    role = "Representative" if state in _STATES_PROPER else "Delegate"
    values = {
        "institution": "U.S. House of Representatives",
        "title": f"{'Resident Commissioner' if state == 'PR' else role} for {where}",
        "short_name": f"U.S. House, {name} {district or 'at large'}",
        "address_style": "representative",
        "variants": [f"{state}-{district:02}" if district else f"{state}-AL"],
    }
    return _Seat(
        f"us-house-{small}-{district or 'at-large'}", place, _common(values, name, (state, district))
    )


_STATES_PROPER = frozenset(STATES) - {"AS", "DC", "GU", "MP", "PR", "VI"}


def _common(values: dict[str, Any], name: str, area: tuple[str, int | None]) -> dict[str, Any]:
    return values | {"level": "national", "jurisdiction": name, "accepts": "constituents", "area": area}


def _keep_present_seats(records: Records, seats: dict[str, _Seat]) -> None:
    """Add the seats that there still are. Older ones share numbers with them, or are no more."""
    for seat in seats.values():
        if max(holder.ends_on or date.max for holder in seat.holders) < _CURRENT_SEATS:
            sentence = _("Nobody of this file has held the seat %(seat)s since %(day)s; it is left out.",
                         seat=seat.external_id, day=str(_CURRENT_SEATS))  # fmt: skip
            records.warn(seat.place, sentence)
            continue
        state, district = seat.values["area"]
        area = add_state(records, state, seat.place) if district is None else (
            add_congressional_district(records, state, district, seat.place))  # fmt: skip
        add_office(records, seat.external_id, seat.place, seat.values | {"area": area})
        for terms in _by_person(seat.holders):
            records.holders += joined(terms)
    if seats:
        add_country(records, next(iter(seats.values())).place)


def _by_person(holders: list[HolderRecord]) -> list[list[HolderRecord]]:
    found: dict[str, list[HolderRecord]] = {}
    for holder in holders:
        found.setdefault(holder.external_id.split(":")[1], []).append(holder)
    return list(found.values())


def _contacts(records: Records, member: Member) -> None:
    term = member.latest
    if term is None:
        return
    if form := text(records, term, "contact_form", 500):
        add_form(records, member.seat, form, term.where("contact_form"))
    if line := text(records, term, "address"):
        add_post(records, member.seat, "post", postal_address(line), term.where("address"))
    else:
        records.warn(term.where(), _("There is no postal address for %(seat)s.", seat=member.seat))


def _district_offices(records: Records, path: Path, members: dict[str, Member]) -> None:
    for item in _entries(records, path):
        member = members.get(_id_of(item))
        if member is None or member.seat not in records.offices:
            records.warn(
                item.where(), _("District offices of somebody who is no current member are left out.")
            )
            continue
        for office in all_located(records, item, "offices"):
            _district_office(records, member, office)


def _district_office(records: Records, member: Member, office: Located) -> None:
    names = ("building", "address", "suite")
    lines = [line for name in names if (line := text(records, office, name))]
    street = ", ".join(lines[-2:]) if office.get("suite") else "\n".join(lines)
    if office.get("suite") and len(lines) == 3:
        street = f"{lines[0]}\n{street}"
    if not text(records, office, "address"):
        street = ""  # a town alone, "by appointment": nothing that a letter could go to
    postal = {
        "street": street,
        "city": text(records, office, "city"),
        "region": text(records, office, "state"),
        "postal_code": text(records, office, "zip"),
    }
    name = text(records, office, "id").partition("-")[2] or postal["city"].casefold()
    add_post(records, member.seat, f"post:{name}", postal, office.where(), note="District office")
