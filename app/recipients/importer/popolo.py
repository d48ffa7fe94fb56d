"""Popolo (popoloproject.com): posts, memberships, persons, organizations and areas, as JSON.

A post is an office, a membership with a post a term, a contact detail a contact. What Redress knows
beyond Popolo stands in an object `redress` of a post, membership, contact detail or area: other readers
pass it over, and our own exports come back as they were.
"""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.recipients.areas import postal_code_key
from app.recipients.importer.building import add
from app.recipients.importer.reading import Unreadable, text_of
from app.recipients.importer.records import Place, Records
from app.recipients.importer.values import shown

COLLECTIONS = ("areas", "organizations", "persons", "posts", "memberships")
CHANNELS = {"email": "email", "address": "post", "url": "web_form", "form": "web_form"}
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?\Z")
_BLANKS = re.compile(r"[\s,]*")


class _Item(dict[str, Any]):
    """An item of a collection that knows where it begins."""

    place: Place

    def where(self, _name: str = "") -> Place:
        return self.place


def read_popolo(path: Path) -> Records:
    """Read a file. Whatever is wrong is in the problems of what it returns."""
    records = Records()
    try:
        found = _collections(path)
    except Unreadable as trouble:
        records.error(trouble.place, trouble.sentence)
        return records
    _Reading(records, found).all()
    return records


def _collections(path: Path) -> dict[str, list[_Item]]:
    # The standard decoder tells no places: we walk the outermost two levels ourselves, at its speed.
    text = text_of(path)
    decoder = json.JSONDecoder()
    found: dict[str, list[_Item]] = {name: [] for name in COLLECTIONS}
    lines = _Lines(path.name, text)
    try:
        at = _expect(text, _skip(text, 0), "{")
        while text[at : at + 1] != "}":
            _expect(text, at, '"')
            name, at = decoder.raw_decode(text, at)
            at = _expect(text, _skip(text, at), ":")
            if name in found and text[at : at + 1] == "[":
                at = _items(text, at + 1, decoder, found[name], lines)
            else:
                _value, at = decoder.raw_decode(text, at)
            at = _skip(text, at)
        if text[at + 1 :].strip():
            raise json.JSONDecodeError("something follows the end", text, at + 1)
    except json.JSONDecodeError as error:
        place = Place(path.name, error.lineno, error.colno)
        raise Unreadable(place, _("This is not JSON: %(why)s.", why=error.msg)) from None
    except ValueError:  # Python reads no number of thousands of digits
        sentence = _("Somewhere from here on is a number that nobody can read.")
        raise Unreadable(Place(path.name, lines.line), sentence) from None
    except RecursionError:
        raise Unreadable(
            Place(path.name), _("This cannot be read: %(why)s.", why=_("this is nested too deeply"))
        ) from None
    return found


def _items(text: str, at: int, decoder: json.JSONDecoder, into: list[_Item], lines: _Lines) -> int:
    at = _skip(text, at)
    while text[at : at + 1] != "]":
        value, end = decoder.raw_decode(text, at)
        if not isinstance(value, dict):
            raise json.JSONDecodeError("an object is expected", text, at)
        item = _Item(value)
        item.place = lines.place(at)
        into.append(item)
        at = _skip(text, end)
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, sign: str) -> int:
    if text[at : at + 1] != sign:
        raise json.JSONDecodeError(f"“{sign}” is expected", text, min(at, len(text)))
    return _skip(text, at + 1)


class _Lines:
    """Counts lines as it goes: places are asked for in their order."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text, self.at, self.line = file, text, 0, 1

    def place(self, at: int) -> Place:
        self.line += self.text.count("\n", self.at, at)
        self.at = at
        return Place(self.file, self.line, at - self.text.rfind("\n", 0, at))


class _Reading:
    def __init__(self, records: Records, found: Mapping[str, list[_Item]]) -> None:
        self.records = records
        self.found = found
        self.organizations = self._named("organizations")
        self.persons = self._named("persons")
        self.posts: set[str] = set()

    def all(self) -> None:
        for item in self.found["areas"]:
            self._area(item)
        for item in self.found["posts"]:
            self._post(item)
        for item in self.found["memberships"]:
            self._membership(item)

    def _named(self, collection: str) -> dict[str, _Item]:
        return {str(item.get("id")): item for item in self.found[collection]}

    def _area(self, item: _Item) -> None:
        raw: dict[str, Any] = {"name": item.get("name"), "parent": item.get("parent_id")}
        if item.get("classification"):
            raw["kind"] = item["classification"]
        more = self._own(item, item.place)
        codes = more.pop("postal_codes", None)
        key = add(self.records, "area", raw | more, external_id=item.get("id"), where=item.where)
        if isinstance(codes, list) and key in self.records.areas:
            country = self.records.areas[key].values.get("country") or ""
            self.records.postal_codes[key] = {postal_code_key(country, str(code)) for code in codes}

    def _post(self, item: _Item) -> None:
        organization: Mapping[str, Any] = self.organizations.get(str(item.get("organization_id")), {})
        label = item.get("label") or item.get("role")
        raw: dict[str, Any] = {"title": label, "institution": organization.get("name")}
        more = self._own(item, item.place)
        raw |= {"short_name": str(label or "")[:80], "level": "organization"} if not more else {}
        if item.get("area_id"):
            raw["area"] = item["area_id"]
        if item.get("end_date"):
            raw |= {"status": "closed", "closed_on": self._day(item, "end_date", last=True)}
        key = add(self.records, "office", raw | more, external_id=item.get("id"), where=item.where)
        self.posts.add(key)
        details = item.get("contact_details") or []
        for number, detail in enumerate(details if isinstance(details, list) else [details], start=1):
            self._contact(item, key, number, detail)

    def _contact(self, item: _Item, office: str, number: int, detail: Any) -> None:
        if not isinstance(detail, Mapping):
            self.records.error(item.place, _("A list of rows with names and values is expected here."))
            return
        channel = CHANNELS.get(str(detail.get("type")))
        if channel is None:
            return  # telephones and the like: nothing that a letter goes to
        more = self._own(detail, item.place)
        key = more.pop("external_id", None) or f"{office}:{channel}:{number}"
        raw: dict[str, Any] = {"channel": channel, "note": detail.get("note")}
        if channel != "post":
            raw["value"] = detail.get("value")
        elif "postal" not in more:
            place = item.place
            self.records.warn(place, _("A postal address in one line is not taken over: it has no parts."))
            return
        add(self.records, "contact", raw | more, external_id=key, where=item.where, office=office)

    def _membership(self, item: _Item) -> None:
        office = str(item.get("post_id") or "")
        if not office:
            return  # of an organization, not of an office
        if office not in self.posts:
            self.records.error(item.place, _("There is no post “%(id)s” in this file.", id=shown(office)))
            return
        more = self._own(item, item.place)
        person = self.persons.get(str(item.get("person_id")))
        if person is None and not more.get("vacant"):
            wanted = shown(item.get("person_id"))
            self.records.error(item.place, _("There is no person “%(id)s” in this file.", id=wanted))
            return
        raw = _of_person(person or {}) | {
            "starts_on": self._day(item, "start_date", last=False),
            "ends_on": self._day(item, "end_date", last=True),
        }
        key = item.get("id") or f"{office}:{item.get('person_id')}:{item.get('start_date') or ''}"
        add(self.records, "holder", raw | more, external_id=key, where=item.where, office=office)

    def _day(self, item: _Item, name: str, *, last: bool) -> Any:
        raw = item.get(name)
        match = _PARTIAL.match(raw) if isinstance(raw, str) else None
        if match is None:
            return raw
        year, month = int(match[1]), int(match[2] or (12 if last else 1))
        try:
            day = date(year, month, calendar.monthrange(year, month)[1] if last else 1)
        except (ValueError, calendar.IllegalMonthError):
            return raw
        self.records.warn(
            item.place, _("“%(day)s” says no day; %(taken)s is taken.", day=raw, taken=str(day))
        )
        return day

    def _own(self, item: Mapping[str, Any], place: Place) -> dict[str, Any]:
        more = item.get("redress")
        if more is None:
            return {}
        if isinstance(more, dict):
            return dict(more)
        self.records.error(place, _("“redress” must hold names and values."))
        return {}


def _of_person(person: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is taken over of a person: nothing about party, gender, birth or looks."""
    others = person.get("other_names")
    names = (
        [name.get("name") for name in others if isinstance(name, Mapping)] if isinstance(others, list) else []
    )
    raw: dict[str, Any] = {"name": person.get("name"), "family_name": person.get("family_name")}
    raw["honorific"] = person.get("honorific_prefix")
    raw["variants"] = [name for name in names if name]
    return raw
