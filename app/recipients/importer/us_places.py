"""The United States as their data sets spell them: states, divisions, addresses in one line."""

from __future__ import annotations

import re

from app.recipients.importer.records import AreaRecord, Place, Records, Values

COUNTRY = "ocd-division/country:us"
STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
    "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts",
    "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
    "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico",
    "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma",
    "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina",
    "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    "DC": "District of Columbia", "AS": "American Samoa", "GU": "Guam",
    "MP": "Northern Mariana Islands", "PR": "Puerto Rico", "VI": "U.S. Virgin Islands",
}  # fmt: skip
TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})

_ADDRESS = re.compile(
    r"(?P<street>.+?)[;,]\s*(?P<city>[^;,\d]+?)\s*[;,]\s*(?P<region>[A-Z]{2})\s*"
    r"(?P<postal_code>\d{5}(?:-\d{4})?)?-?\Z",
    re.DOTALL,
)
_CAPITOL = re.compile(r"(?P<street>.+?)[;,]?\s+Washington,?\s+DC\s+(?P<postal_code>\d{5}(?:-\d{4})?)\Z", re.I)
_NEW_LINE = re.compile(r"\s*;\s*|,?\s+(?=P\.? ?O\.? Box\b)", re.IGNORECASE)


def state_division(code: str) -> str:
    """Return the Open Civic Data division of a state, district or territory (`CA`)."""
    kind = "district" if code == "DC" else "territory" if code in TERRITORIES else "state"
    return f"{COUNTRY}/{kind}:{code.lower()}"


def district_division(code: str, number: int) -> str:
    """Return the division of a congressional district; number 0 is the whole state (at large)."""
    return f"{state_division(code)}/cd:{number or 'at-large'}"


def add_country(records: Records, place: Place) -> str:
    """Add the country, unless it is there; return its key."""
    return _add(records, COUNTRY, place, kind="country", name="United States", code="US", parent=None)


def add_state(records: Records, code: str, place: Place) -> str:
    """Add a state with its country, unless they are there; return its key."""
    parent = add_country(records, place)
    key = state_division(code)
    return _add(records, key, place, kind="region", name=STATES[code], code=code, parent=parent)


def add_congressional_district(records: Records, code: str, number: int, place: Place) -> str:
    """Add a congressional district with its state, unless they are there; return its key."""
    parent = add_state(records, code, place)
    name = f"{STATES[code]}, {ordinal(number)} congressional district" if number else (
        f"{STATES[code]}, at large")  # fmt: skip
    label = f"{code}-{number}" if number else f"{code}-AL"
    key = district_division(code, number)
    return _add(records, key, place, kind="district", name=name, code=label, parent=parent)


def add_local(
    records: Records, key: str, place: Place, *, kind: str, name: str, code: str, state: str
) -> str:
    """Add a district or city of a state, unless it is there; return its key."""
    parent = add_state(records, state, place)
    return _add(records, key, place, kind=kind, name=name, code=code, parent=parent)


def _add(records: Records, key: str, place: Place, **values: str | None) -> str:
    if key not in records.areas:
        records.areas[key] = AreaRecord(key, place, {"country": "US", **values})
    return key


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 11th …"""
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def postal_address(line: str, *, but: str = "") -> dict[str, str]:
    """Divide an address that stands in one line.

    Args:
        line: such as `1303 10th Street, Suite 1173; Sacramento, CA 95814`.
        but: leave out parts before the street that contain this (the holder's family name).

    Returns:
        street, city, region and postal_code; nothing where it cannot be divided with certainty.
    """
    text = " ".join(line.split())
    match = _CAPITOL.match(text)
    city, region = ("Washington", "DC") if match else ("", "")
    match = match or _ADDRESS.match(text)
    if match is None:
        return {}
    parts: Values = match.groupdict(default="")
    lines = [part.strip(" ,") for part in _NEW_LINE.split(parts["street"]) if part.strip(" ,")]
    kept = [part for part in lines if not (but and but in part)] if len(lines) > 1 else lines
    return {
        "street": "\n".join(kept or lines),
        "city": city or parts["city"],
        "region": region or parts["region"],
        "postal_code": parts["postal_code"],
    }
