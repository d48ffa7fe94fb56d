"""What an import would do, in words: a section for each sort of change, a line for each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import words
from app.admin.recipient_forms import told
from app.recipients.importer import Change, Place, Plan

MOST_LINES = 100
MOST_CODES = 20
HEADINGS = {
    "new": _l("Added"),
    "changed": _l("Changed"),
    "closed": _l("Closed, ended or withdrawn"),
    "conflict": _l("Kept as an organizer edited it"),
}
KINDS = {
    "area": _l("Areas"),
    "postal_codes": _l("Areas with postal codes"),
    "office": _l("Offices"),
    "holder": _l("Holders"),
    "contact": _l("Contacts"),
}
ONE = {
    "area": _l("Area"),
    "postal_codes": _l("Postal codes"),
    "office": _l("Office"),
    "holder": _l("Holder"),
    "contact": _l("Contact"),
}
_OF_NEW = {
    "area": ("kind", "parent"),
    "postal_codes": ("added",),
    "office": ("institution", "title", "accepts"),
    "holder": ("starts_on", "ends_on", "acting", "vacant"),
    "contact": (),
}
"""What is told of a row that is new."""
_NAMED: dict[str, Mapping[str, Any]] = {
    "level": words.LEVELS,
    "status": {**words.STATUSES, **words.CONTACT_STATUSES},
    "accepts": words.ACCEPTS,
    "confidence": words.CONFIDENCE_SHORT,
    "channel": words.CHANNELS,
    "address_style": words.STYLES,
    "rhythm": words.RHYTHMS,
}


@dataclass(frozen=True)
class Part:
    """One value of a row: what it is called, what it was (None for a new row) and what it is to be."""

    name: str
    old: str | None
    new: str


@dataclass(frozen=True)
class Line:
    """One row: what sort it is of, its name, id of its office, what changes, and where the file says so."""

    kind: str
    name: str
    office: str
    parts: list[Part]
    place: Place


@dataclass(frozen=True)
class Section:
    """All changes of one sort; `lines` are the first of `total`."""

    key: str
    heading: str
    total: int
    lines: list[Line]


def sections(plan: Plan) -> list[Section]:
    """Return the sections that have something in them, in the order of `HEADINGS`."""
    sorted_out: dict[str, list[Change]] = {key: [] for key in HEADINGS}
    for change in plan.changes:
        sorted_out[_section_of(change)].append(change)
    return [
        Section(key, str(HEADINGS[key]), len(changes), [_line(change) for change in changes[:MOST_LINES]])
        for key, changes in sorted_out.items()
        if changes
    ]


def untouched(plan: Plan) -> list[tuple[str, int]]:
    """Return how many rows of each kind are as the file says: (name of the kind, number)."""
    return [(str(name), plan.unchanged[kind]) for kind, name in KINDS.items() if plan.unchanged[kind]]


def done(counts: Mapping[str, str]) -> list[tuple[str, str, int]]:
    """Return what was done: (heading, name of the kind, number), from counts by kind and action."""
    found: dict[tuple[str, str], int] = {}
    for name, count in counts.items():
        kind, _blank, action = name.partition(" ")
        key = (action if action in HEADINGS else "closed", kind)
        found[key] = found.get(key, 0) + int(count)
    return [
        (str(heading), str(KINDS[kind]), found[key, kind])
        for key, heading in HEADINGS.items()
        for kind in KINDS
        if (key, kind) in found
    ]


def _section_of(change: Change) -> str:
    if change.action == "changed" and change.kind == "office" and change.values.get("status") == "closed":
        return "closed"
    return change.action if change.action in HEADINGS else "closed"


def _line(change: Change) -> Line:
    office = "" if change.office == change.external_id else change.office
    name = change.name or change.external_id
    return Line(str(ONE[change.kind]), name, office, list(_parts(change)), change.place)


def _parts(change: Change) -> Iterator[Part]:
    if change.kind == "postal_codes":
        for name in ("added", "removed"):
            if change.values[name]:
                yield Part(str(words.COLUMNS[name]), None, _codes(change.values[name]))
    elif change.action == "new":
        for name in _OF_NEW[change.kind]:
            if change.values.get(name):
                yield Part(str(words.COLUMNS[name]), None, _value(name, change.values[name]))
    else:
        for name, value in change.values.items():
            yield Part(str(words.COLUMNS[name]), _value(name, change.before.get(name)), _value(name, value))


def _codes(codes: Iterable[str]) -> str:
    listed = list(codes)
    more = len(listed) - MOST_CODES
    text = ", ".join(listed[:MOST_CODES])
    return _("%(codes)s and %(count)s more", codes=text, count=more) if more > 0 else text


def _value(name: str, value: Any) -> str:
    named = _NAMED.get(name, {}).get(value) if isinstance(value, str) else None
    return told(value) if named is None else str(named)
