"""Open States people (github.com/openstates/people): legislators, state executives, mayors, the retired.

A file is a person with roles. An office is a seat: `us-ca-senate-25`, `us-ca-assembly-43`,
`us-ca-governor`, `us-ca-mayor-los-angeles`. Roles that are over make past holders of the seat. Party,
gender, portraits, birthdays, telephones and accounts elsewhere are not taken over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flask_babel import gettext as _

from app.recipients.importer.data_sets import (
    HONORABLE,
    add_email,
    add_form,
    add_office,
    add_post,
    all_located,
    day,
    text,
)
from app.recipients.importer.located_yaml import Located, items
from app.recipients.importer.openstates_seats import Seat, seat_of
from app.recipients.importer.reading import Unreadable
from app.recipients.importer.records import HolderRecord, Place, Records, Values
from app.recipients.importer.settling import settle
from app.recipients.importer.us_places import postal_address

ORIGIN = "openstates"
SOURCE = [{"label": "openstates/people", "url": "https://github.com/openstates/people"}]
_RETIRED = "retired"
_WHOLE = 30
"""From so many sitting members of a house on, a folder is taken to hold all of them."""
_FORM = re.compile(r"web ?form|contact form", re.IGNORECASE)
_COMPANION = re.compile(r"municipalities\.ya?ml\Z")
_PLACES = {"capitol": "post", "primary": "post", "district": "post:district", "district-mail": "post:mail"}


@dataclass(frozen=True)
class _Person:
    item: Located
    key: str
    values: Values
    retired: bool


_Sitting = dict[str, tuple[date, _Person, Seat]]
"""Who sits in a seat and until when, by the seat's key."""


def read_openstates(path: Path) -> Records:
    """Read the folder of a state, a part of it, or one person. Whatever is wrong is in the problems."""
    records = Records(origin=ORIGIN)
    files = [path] if path.is_file() else sorted(path.rglob("*.y*ml"))
    if not files:
        records.error(Place(path.name), _("There is no file of the data set openstates here."))
    names = _names_of_places(records, [file for file in files if _COMPANION.search(file.name)])
    people = [
        person
        for file in files
        if not _COMPANION.search(file.name)
        for person in _people(records, file, file.name if file == path else str(file.relative_to(path)))
    ]
    # The sitting first: they tell which seats there are now.
    sitting: _Sitting = {}
    for person in sorted(people, key=lambda person: person.retired):
        for role in all_located(records, person.item, "roles"):
            _role(records, person, role, names, sitting)
    for _last, person, seat in sitting.values():
        _contacts(records, person, seat)
    _leave_out_the_deserted(records, path, set(sitting))
    records.map_holders(lambda holders: settle(records, holders))
    records.complete = tuple(_whole_houses(records))
    return records


def _names_of_places(records: Records, files: list[Path]) -> dict[str, str]:
    names: dict[str, str] = {}
    for file in files:
        for item in _located(records, file, file.name):
            names[str(item.get("id"))] = text(records, item, "name")
    return names


def _located(records: Records, file: Path, name: str) -> Iterator[Located]:
    try:
        for item in items(file, name):
            if isinstance(item, Located):
                yield item
            else:
                records.warn(item.where(), _("Something that is no person is left out."))
    except Unreadable as trouble:
        records.error(trouble.place, trouble.sentence)


def _people(records: Records, file: Path, name: str) -> Iterator[_Person]:
    for item in _located(records, file, name):
        key, whole = text(records, item, "id", 120), text(records, item, "name", 200)
        if not key or not whole:
            records.warn(item.where(), _("A person without a name or an identifier is left out."))
            continue
        others = [text(records, other, "name", 200) for other in all_located(records, item, "other_names")]
        values = {
            "name": whole,
            "family_name": text(records, item, "family_name", 100),
            "honorific": HONORABLE,
            "country": "US",
            "confidence": "medium",
            "sources": SOURCE,
            "variants": sorted(set(others) - {"", whole}),
        }
        retired = _RETIRED in file.parts[-2:-1]
        yield _Person(item, key.rpartition("/")[2], values, retired)


def _role(records: Records, person: _Person, role: Located, names: dict[str, str], sitting: _Sitting) -> None:
    seat = seat_of(records, role, names)
    if seat is None:
        records.warn(role.where(), _("A role whose office is not told is left out."))
        return
    first, last = day(records, role, "start_date"), day(records, role, "end_date")
    is_past = person.retired or (last is not None and _is_left(person, role))
    if is_past and last is None:
        records.warn(role.where(), _("A role that is over without a last day is left out."))
        return
    if first and last and last < first:
        records.warn(role.where(), _("A role that ends before it begins is left out."))
        return
    add_office(records, seat.key, role.where(), {**seat.values, "area": seat.area(records, role.where())})
    values = person.values | {"starts_on": first, "ends_on": last}
    key = f"{ORIGIN}:{person.key}:{seat.key}:{first or last or ''}"
    if any(holder.external_id == key for holder in records.holders[-8:]):
        records.warn(role.where(), _("This role is here twice; the second one is left out."))
        return
    records.holders.append(HolderRecord(key, seat.key, role.where(), values))
    # Two mayors of one town among the sitting: the contacts of whoever stays longer.
    if not is_past and (seat.key not in sitting or (last or date.max) > sitting[seat.key][0]):
        sitting[seat.key] = (last or date.max, person, seat)


def _leave_out_the_deserted(records: Records, path: Path, sitting: set[str]) -> None:
    """Leave out towns of which only former mayors are told: nothing there could be written to."""
    gone = {key for key in records.offices if key not in sitting and not _is_house(key)} if sitting else set()
    for key in gone:
        del records.offices[key]
    records.holders = [holder for holder in records.holders if holder.office not in gone]
    if gone:
        sentence = _("%(count)s offices are left out: only former holders are told of them.", count=len(gone))
        records.warn(Place(path.name), sentence)


def _is_left(person: _Person, role: Located) -> bool:
    # Everybody in the folders of the sitting has one role that is theirs now: one without a last day, or
    # else the one that ends last (mayors and executives have their last day told in advance).
    roles = [other for other in person.item.get("roles") or [] if isinstance(other, Located)]
    latest = max(roles, key=lambda other: str(other.get("end_date") or "9999"))
    return latest is not role


def _contacts(records: Records, person: _Person, seat: Seat) -> None:
    item = person.item
    if address := text(records, item, "email", 320):
        add_email(records, seat.key, address, item.where("email"))
    for link in all_located(records, item, "links"):
        if _FORM.search(text(records, link, "note")):
            add_form(records, seat.key, text(records, link, "url", 500), link.where())
            break
    seen: dict[str, int] = {}
    for office in all_located(records, item, "offices"):
        name = _PLACES.get(text(records, office, "classification"), "post:other")
        seen[name] = seen.get(name, 0) + 1
        own = name if seen[name] == 1 else f"{name}:{seen[name]}"
        if line := text(records, office, "address"):
            postal = postal_address(line, but=str(person.values["family_name"]))
            note = "District office" if name.startswith("post:d") else ""
            add_post(records, seat.key, own, postal, office.where("address"), note=note)


def _whole_houses(records: Records) -> Iterator[str]:
    for prefix in sorted({key.rpartition("-")[0] for key in records.offices if _is_house(key)}):
        count = sum(
            holder.office.rpartition("-")[0] == prefix and holder.ends_on is None
            for holder in records.holders
        )
        if count >= _WHOLE:
            yield f"{prefix}-"


def _is_house(key: str) -> bool:
    return re.match(r"us-[a-z]{2}-(?:senate|house|assembly|legislature)-", key) is not None
