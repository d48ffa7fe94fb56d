"""Committees of Congress: the offices of their chairs and ranking members.

The membership file tells who chairs a committee and not since when; the terms taken are the days of the
present Congress that the person's own term covers. Subcommittees are not taken over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flask_babel import gettext as _

from app.recipients.importer.congress_people import Member
from app.recipients.importer.data_sets import add_office, add_post, all_located, slug, text
from app.recipients.importer.located_yaml import Located, Stray, items
from app.recipients.importer.records import HolderRecord, Records
from app.recipients.importer.us_places import add_country, postal_address

_CHAIRS = frozenset({"Chair", "Chairman", "Chairwoman", "Cochairman", "Cochair", "Co-Chair", "Co-Chairman"})
_RANKING = frozenset({"Ranking Member"})
_HOUSES = {"house": "U.S. House of Representatives", "senate": "United States Senate"}
_BUILDINGS = {
    "RHOB": "Rayburn House Office Building", "LHOB": "Longworth House Office Building",
    "CHOB": "Cannon House Office Building", "FHOB": "Ford House Office Building",
    "DSOB": "Dirksen Senate Office Building", "RSOB": "Russell Senate Office Building",
    "HSOB": "Hart Senate Office Building", "CAPITOL": "The Capitol",
}  # fmt: skip
_LONGEST_SLUG = 80

Days = tuple[date, date]


@dataclass(frozen=True)
class _Committee:
    key: str
    name: str
    house: str
    item: Located

    @property
    def stem(self) -> str:
        """What its offices' ids begin with: the house, and the name without what every committee has."""
        rest = re.sub(r"\A(?:House|Senate|Joint)\s+", "", self.name)
        rest = re.sub(r"\ACommittee\s+on\s+(?:the\s+)?", "", rest)
        stem = f"us-{self.house}-{slug(rest)}"
        return stem if len(stem) <= _LONGEST_SLUG else f"us-{self.house}-{self.key.casefold()}"

    @property
    def bare_name(self) -> str:
        """Its name without the house, which stands in the institution."""
        return re.sub(r"\A(?:House|Senate)\s+", "", self.name)


def read(records: Records, committees: Path, memberships: Path, members: Mapping[str, Member]) -> None:
    """Add the chairs and ranking members of all committees."""
    known = {found.key: found for item in items(committees) if (found := _committee(records, item))}
    congress = _congress(members)
    for item in items(memberships):
        if not isinstance(item, Located):
            records.warn(item.where(), _("Something that is no committee is left out."))
            continue
        for key in item:
            if key in known:
                _leaders(records, known[key], all_located(records, item, key), members, congress)


def _committee(records: Records, item: Located | Stray) -> _Committee | None:
    if isinstance(item, Stray):
        records.warn(item.where(), _("Something that is no committee is left out."))
        return None
    key, name, house = (text(records, item, part) for part in ("thomas_id", "name", "type"))
    if not key or not name or house not in {"house", "senate", "joint"}:
        records.warn(item.where(), _("A committee without a name or an identifier is left out."))
        return None
    return _Committee(key, name, house, item)


def _leaders(
    records: Records,
    committee: _Committee,
    rows: list[Located],
    members: Mapping[str, Member],
    congress: Days,
) -> None:
    taken: set[str] = set()
    for row in rows:
        title = row.get("title")
        role = "Chair" if title in _CHAIRS else "Ranking Member" if title in _RANKING else ""
        if not role:
            continue
        member = members.get(str(row.get("bioguide")))
        if member is None or member.latest is None:
            records.warn(row.where(), _("Whoever leads %(name)s is no current member of the file.",
                                        name=committee.name))  # fmt: skip
        elif role in taken:
            records.warn(row.where(), _("A second person leads %(name)s as %(role)s; the first one is taken.",
                                        name=committee.name, role=role))  # fmt: skip
        else:
            taken.add(role)
            _leader(records, committee, role, member=member, row=row, congress=congress)


def _leader(
    records: Records, committee: _Committee, role: str, *, member: Member, row: Located, congress: Days
) -> None:
    office = committee.stem if role == "Chair" else f"{committee.stem}-ranking"
    place = committee.item.where()
    short = re.sub(
        r"\b(?:Permanent Select |Select |Special |Joint )?Committee on (?:the )?", "", committee.name
    )
    values = {
        "institution": _HOUSES.get(committee.house, "United States Congress"),
        "title": f"{role} of the {committee.bare_name}",
        "short_name": short if role == "Chair" else f"{short[:61]}, ranking member",
        "level": "national",
        "jurisdiction": "United States",
        "accepts": "constituents",
        "area": add_country(records, place),
        "address_style": "committee_chair" if role == "Chair" else _style(member),
        "variants": [committee.name],
    }
    add_office(records, office, place, values)
    _holder(records, office, member, row, congress)
    if line := text(records, committee.item, "address"):
        whole = re.sub(r"\b[A-Z]+\b", lambda word: _BUILDINGS.get(word[0], word[0]), line)
        add_post(records, office, "post", postal_address(whole), committee.item.where("address"))


def _style(member: Member) -> str:
    return "senator" if member.seat.startswith("us-senate") else "representative"


def _holder(records: Records, office: str, member: Member, row: Located, congress: Days) -> None:
    # A Senator's own term covers three Congresses, and a Representative's may begin within one.
    first = max(member.latest_start or congress[0], congress[0])
    last = min(member.latest_end or congress[1], congress[1])
    values = member.values | {
        "starts_on": first,
        "ends_on": max(first, last),
        "term_note": "The data set tells who leads the committee in this Congress, not since which day.",
    }
    key = f"{records.origin}:{member.key}:{office}:{first}"
    records.holders.append(HolderRecord(key, office, row.where(), values, loose=True))


def _congress(members: Mapping[str, Member]) -> Days:
    """Return the first and the last day of the present Congress: the one in which the newest term began."""
    newest = max(
        (member.latest_start for member in members.values() if member.latest_start), default=date.min
    )
    year = max(newest.year - (newest.year + 1) % 2, 1)
    return date(year, 1, 3), date(year + 2, 1, 2)
