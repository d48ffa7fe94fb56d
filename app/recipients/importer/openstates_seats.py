"""The seats of Open States roles: which office a role is about, and which area that represents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from app.recipients.importer.data_sets import slug, text
from app.recipients.importer.located_yaml import Located
from app.recipients.importer.records import Place, Records
from app.recipients.importer.us_places import STATES, add_local, add_state, state_division

_JURISDICTION = re.compile(
    r"ocd-jurisdiction/country:us/(?:state|territory|district):(?P<state>[a-z]{2})"
    r"(?:/(?P<kind>place|county):(?P<place>[^/]+))?/government\Z"
)
_ASSEMBLIES = frozenset({"CA", "NV", "NY", "WI"})
_EXECUTIVE = {
    "governor": ("Governor", "head_of_state"),
    "lt_governor": ("Lieutenant Governor", "official"),
    "attorney general": ("Attorney General", "official"),
    "secretary of state": ("Secretary of State", "secretary_of_state"),
    "chief election officer": ("Chief Election Officer", "official"),
}


@dataclass(frozen=True)
class Seat:
    """An office as Open States tells it; `local` is kind, division, name and code of its own area, if any."""

    key: str
    state: str
    values: dict[str, Any]
    local: tuple[str, str, str, str] | None = None

    def area(self, records: Records, place: Place) -> str:
        """Add the area that it represents; return its key."""
        if self.local is None:
            return add_state(records, self.state, place)
        kind, division, name, code = self.local
        return add_local(records, division, place, kind=kind, name=name, code=code, state=self.state)


def seat_of(records: Records, role: Located, names: dict[str, str]) -> Seat | None:
    """Return the seat of a role, or None where it is not told.

    Args:
        records: takes warnings.
        role: as read.
        names: of places, by their jurisdiction's id.
    """
    jurisdiction = text(records, role, "jurisdiction")
    match = _JURISDICTION.match(jurisdiction)
    state = match["state"].upper() if match else ""
    if match is None or state not in STATES:
        return None
    kind = text(records, role, "type").casefold()
    if match["place"]:
        name = names.get(jurisdiction) or match["place"].replace("_", " ").title()
        return _mayor(state, match["kind"], match["place"], name) if kind == "mayor" else None
    if kind in {"upper", "lower", "legislature"}:
        return _legislator(state, kind, text(records, role, "district", 40))
    return _executive(state, *_EXECUTIVE[kind]) if kind in _EXECUTIVE else None


def _legislator(state: str, kind: str, district: str) -> Seat | None:
    if not district:
        return None
    name, small = STATES[state], state.lower()
    upper, assembly = kind != "lower", kind == "lower" and state in _ASSEMBLIES
    house = "Legislature" if kind == "legislature" else "Senate" if upper else (
        "Assembly" if assembly else "House of Representatives")  # fmt: skip
    role = "Senator" if upper else "Assembly Member" if assembly else "Representative"
    style = "senator" if upper else "assembly_member" if assembly else "representative"
    word = slug(house).split("-", maxsplit=1)[0]
    values = {
        "institution": f"{name} State {house}" if house != "Legislature" else f"{name} {house}",
        "title": f"{role} for District {district}",
        "short_name": f"{name} {house}, District {district}",
        "level": "state",
        "jurisdiction": name,
        "accepts": "constituents",
        "address_style": style,
        "variants": [f"{state} {role} {district}"],
    }
    letter = "u" if upper else "l"
    division = f"{state_division(state)}/sld{letter}:{slug(district)}"
    local = (
        "district",
        division,
        f"{name}, {house} district {district}",
        f"SLD{letter.upper()}-{district}"[:20],
    )
    return Seat(f"us-{small}-{word}-{slug(district)}", state, values, local)


def _executive(state: str, title: str, style: str) -> Seat:
    name = STATES[state]
    values = {
        "institution": f"State of {name}",
        "title": f"{title} of {name}",
        "short_name": f"{title} of {name}",
        "level": "state",
        "jurisdiction": name,
        "accepts": "public",
        "address_style": style,
    }
    return Seat(f"us-{state.lower()}-{slug(title)}", state, values)


def _mayor(state: str, kind: str, place: str, name: str) -> Seat:
    values = {
        "institution": f"City of {name}" if kind == "place" else f"{name} County",
        "title": f"Mayor of {name}",
        "short_name": f"Mayor of {name}",
        "level": "local",
        "jurisdiction": f"{name}, {STATES[state]}",
        "accepts": "constituents",
        "address_style": "official",
    }
    division = f"{state_division(state)}/{kind}:{place}"
    return Seat(f"us-{state.lower()}-mayor-{slug(place)}", state, values, ("city", division, name, ""))
