"""Presidents and Vice Presidents, from executive.yaml of congress-legislators."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.recipients.importer.congress_people import name_values
from app.recipients.importer.data_sets import add_office, all_located, day, located
from app.recipients.importer.located_yaml import Located, items
from app.recipients.importer.records import HolderRecord, Records
from app.recipients.importer.settling import joined
from app.recipients.importer.us_places import add_country

_OFFICES: dict[str, tuple[str, dict[str, Any]]] = {
    "prez": (
        "us-president",
        {
            "institution": "The White House",
            "title": "President of the United States",
            "short_name": "President of the United States",
        },
    ),
    "viceprez": (
        "us-vice-president",
        {
            "institution": "Office of the Vice President",
            "title": "Vice President of the United States",
            "short_name": "Vice President of the United States",
        },
    ),
}
_COMMON = {"level": "national", "jurisdiction": "United States", "accepts": "public",
           "address_style": "head_of_state"}  # fmt: skip
_TURNS = {(1, 20), (3, 4)}
"""At noon of these days, the latter until 1933, one term ends and the next begins."""


def read(records: Records, path: Path) -> None:
    """Add both offices with all who held them."""
    for number, item in enumerate(items(path)):
        if not isinstance(item, Located):
            records.warn(item.where(), _("Something that is no person is left out."))
            continue
        _person(records, item, number)


def _person(records: Records, item: Located, number: int) -> None:
    values = name_values(records, item)
    if not values["name"]:
        records.warn(item.where(), _("A person without a name or an identifier is left out."))
        return
    ids: Mapping[str, Any] = located(item.get("id")) or {}
    person = ids.get("bioguide") or ids.get("govtrack") or f"{values['family_name']}-{number}"
    terms: dict[str, list[HolderRecord]] = {}
    for term in all_located(records, item, "terms"):
        first, last = day(records, term, "start"), day(records, term, "end")
        if term.get("type") not in _OFFICES or first is None or last is None or last < first:
            records.warn(term.where(), _("A term without office, first and last day is left out."))
            continue
        office, own = _OFFICES[term["type"]]
        area = add_country(records, term.where())
        add_office(records, office, term.where(), _COMMON | own | {"area": area})
        if (last.month, last.day) in _TURNS:
            last -= timedelta(days=1)
        key = f"{records.origin}:{person}:{office}:{first}"
        full = values | {"starts_on": first, "ends_on": last}
        terms.setdefault(office, []).append(HolderRecord(key, office, term.where(), full))
    for group in terms.values():
        records.holders += joined(group)
