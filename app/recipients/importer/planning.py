"""From records to a plan: each office with its holders and contacts against what the database holds."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.recipients.importer import stored
from app.recipients.importer.comparing import change_of, differences, missing, name_of
from app.recipients.importer.data_sets import slug as slug_of
from app.recipients.importer.plans import Action, Change, Plan
from app.recipients.importer.records import (
    AreaRecord,
    ContactRecord,
    HolderRecord,
    OfficeRecord,
    Place,
    Problem,
    Records,
    grouped,
)
from app.recipients.importer.stored import AT_ONCE, Stored, StoredOffice
from app.recipients.importer.succession import Succession
from app.recipients.importer.values import shown
from app.recipients.models import Contact, Holder
from app.recipients.search import normalised

_LONGEST_SLUG = 80


def make_plan(
    session: Session, records: Records, *, day: date, version: int, overwrite: bool = False
) -> Plan:
    """Compare what was read with the database.

    Args:
        session: any.
        records: what was read.
        day: today.
        version: of content, to be noted in the plan.
        overwrite: whether organizers' edits give way to the file; else they are kept and told.

    Returns:
        What is to be done. With errors in it, nothing is.
    """
    planner = _Planner(session, records, day, overwrite, Plan.of(records, version))
    if not planner.plan.errors:
        planner.all()
    return planner.plan


@dataclass
class _Planner:
    session: Session
    records: Records
    day: date
    overwrite: bool
    plan: Plan
    holders: dict[str, list[HolderRecord]] = field(default_factory=dict)
    contacts: dict[str, list[ContactRecord]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    """By the beginning of a slug, the last number that was put behind it."""

    def all(self) -> None:
        self.holders, self.contacts = grouped(self.records.holders), grouped(self.records.contacts)
        self._areas()
        keys = [*self.records.offices, *self._unnamed()]
        self._references()
        for start in range(0, len(keys), AT_ONCE):
            self._offices(keys[start : start + AT_ONCE])

    @cached_property
    def slugs(self) -> dict[str, str]:
        """Every slug that is taken, with the external id of its office."""
        return stored.slugs(self.session)

    def error(self, place: Place, sentence: str) -> None:
        self.plan.problems.append(Problem(place, sentence, "error"))

    def warn(self, place: Place, sentence: str) -> None:
        self.plan.problems.append(Problem(place, sentence, "warning"))

    def _unnamed(self) -> list[str]:
        """Return the offices of which a complete file says by its silence that they are empty."""
        return [
            key
            for prefix in self.records.complete
            for key in stored.keys_beginning(self.session, prefix)
            if key not in self.records.offices
        ]

    def _areas(self) -> None:
        known = stored.areas(self.session, self.records.areas)
        for key, record in self.records.areas.items():
            self._area(record, known.get(key))
        told = dict(self.records.postal_codes)
        for prefix in self.records.whole_areas:
            gone = stored.areas_with_codes(self.session, prefix)
            told |= {key: set() for key in gone if key not in told}
        now = stored.postal_codes(self.session, told)
        for key, codes in told.items():
            self._codes(key, codes, now.get(key, set()))

    def _codes(self, key: str, told: set[str], now: set[str]) -> None:
        if told == now:
            self.plan.unchanged["postal_codes"] += len(told)
            return
        record = self.records.areas.get(key)
        name = str(record.values.get("name") or key) if record else key
        place = record.place if record else Place(self.records.origin)
        values = {"added": sorted(told - now), "removed": sorted(now - told)}
        action: Action = "changed" if now else "new"
        self.plan.changes.append(Change(action, "postal_codes", key, "", name, place, values))

    def _area(self, record: AreaRecord, row: Stored | None) -> None:
        if row is None:
            self._new("area", record, "")
            return
        self._known("area", record, "", row, differences(record.values, row))

    def _references(self) -> None:
        """Refuse what names an area, a parent or a successor that is neither in the file nor stored."""
        offices, areas = self.records.offices.values(), self.records.areas.values()
        self._refuse_unknown("area", offices, self.records.areas, stored.areas)
        self._refuse_unknown("successor", offices, self.records.offices, stored.offices)
        self._refuse_unknown("parent", areas, self.records.areas, stored.areas)

    def _refuse_unknown(
        self,
        name: str,
        records: Iterable[AreaRecord | OfficeRecord],
        in_file: Container[str],
        look_up: Callable[[Session, list[str]], Mapping[str, Any]],
    ) -> None:
        wanted = {
            key: record.place for record in records if (key := record.values.get(name)) and key not in in_file
        }
        known = look_up(self.session, list(wanted)) if wanted else {}
        for key in sorted(wanted.keys() - known.keys()):
            sentence = _("There is no “%(id)s” in this file or in the database.", id=shown(key))
            self.error(wanted[key], sentence)

    def _offices(self, keys: Sequence[str]) -> None:
        known = stored.offices(self.session, keys)
        self._refuse_foreign(keys, known)
        for key in keys:
            record, office = self.records.offices.get(key), known.get(key)
            if record is not None:
                self._office(record, office)
            if office is None:
                office = StoredOffice({})
            self._terms(key, office)
            self._ways(key, office)

    def _refuse_foreign(self, keys: Iterable[str], known: dict[str, StoredOffice]) -> None:
        """Refuse holders and contacts whose id belongs to a row of another office."""
        for kind, groups in ((Holder, self.holders), (Contact, self.contacts)):
            told = {record.external_id: record for key in keys for record in groups.get(key, ())}
            for key, owner in stored.owners(self.session, kind, list(told)).items():
                office = known.get(told[key].office)
                if office is None or office.row["id"] != owner:
                    sentence = _("“%(id)s” belongs to another office already.", id=shown(key))
                    self.error(told[key].place, sentence)

    def _office(self, record: OfficeRecord, office: StoredOffice | None) -> None:
        if office is None:
            self._slug_of_new(record)
            self._closed(record, record.values)
            self._new("office", record, record.external_id)
            return
        row = office.row
        values = differences(record.values, row)
        if self.records.origin and row["origin"] != self.records.origin:
            # Somebody else's office, such as a seed: the data set adds who holds it and how it is reached.
            values = {name: values[name] for name in ("area",) if name in values and row["area"] is None}
        slug = values.get("slug")
        if slug is None or self.records.origin:
            # An office keeps its slug, which stands in addresses, unless a file of ours tells another one.
            values.pop("slug", None)
        elif not self._is_free(slug, record):
            self._refuse_slug(record, slug)
        self._closed(record, {**row, **record.values})
        self._known("office", record, record.external_id, row, values)

    def _closed(self, record: OfficeRecord, values: Any) -> None:
        if values.get("status") == "closed" and not values.get("closed_on"):
            self.error(record.place, _("A closed office needs the day on which it was closed (closed_on)."))
        if values.get("successor") == record.external_id:
            self.error(record.place, _("An office cannot follow itself."))

    def _is_free(self, slug: str, record: OfficeRecord) -> bool:
        """Whether an office can have a slug; if so, it is taken from now on."""
        return self.slugs.setdefault(slug, record.external_id) == record.external_id

    def _refuse_slug(self, record: OfficeRecord, slug: str) -> None:
        self.error(record.place, _("Another office has the slug “%(slug)s” already.", slug=slug))

    def _slug_of_new(self, record: OfficeRecord) -> None:
        told = record.values.get("slug")
        if told and self._is_free(told, record):
            return
        if told and not self.records.origin:
            self._refuse_slug(record, told)
            return
        name = normalised(str(record.values.get("short_name") or record.external_id))
        stem = slug_of(name)[:_LONGEST_SLUG].strip("-") or "office"
        slug, number = stem, self.numbers.get(stem, 1)
        while not self._is_free(slug, record):
            number += 1
            slug = f"{stem}-{number}"
        self.numbers[stem] = number
        self.plan.slugs[record.external_id] = slug

    def _terms(self, key: str, office: StoredOffice) -> None:
        told = self.holders.get(key, [])
        refuse = self.warn if self.records.origin else self.error
        terms = Succession(self.records, key, self.day, self.overwrite, refuse, self.warn)
        changes, unchanged = terms.changes(office.holders, told)
        for change in changes:
            if change.action == "new" and not (change.values.get("vacant") or change.values.get("name")):
                self.error(change.place, _("Who is it? If nobody holds the office, say that it is vacant."))
        self.plan.changes += changes
        self.plan.unchanged["holder"] += unchanged

    def _ways(self, key: str, office: StoredOffice) -> None:
        told = self.contacts.get(key, [])
        for record in told:
            row = office.contacts.get(record.external_id)
            if row is None:
                self._reach(record, record.values)
                self._new("contact", record, key)
                continue
            values = differences(record.values, row)
            if row["status"] != "active" and record.values.get("status", "active") == "active":
                # Suspended after a bounce, or withdrawn: a person puts it to use again, not a file.
                self.warn(record.place, _("This contact is suspended or withdrawn; it stays so."))
                values.pop("status", None)
            self._reach(record, {**row, **record.values})
            self._known("contact", record, key, row, values)
        if key in self.records.offices:
            self._withdraw(key, office, {record.external_id for record in told})

    def _reach(self, record: ContactRecord, values: Any) -> None:
        if values.get("channel") == "post":
            if not (values.get("postal") or {}).get("city") or not values.get("country"):
                self.error(record.place, _("A postal address needs a street, a town and a country."))
        elif values.get("channel") and not values.get("value"):
            self.error(record.place, _("Where does it lead? The value is missing."))

    def _withdraw(self, key: str, office: StoredOffice, told: set[str]) -> None:
        if not self.records.origin:
            return
        for name, row in office.contacts.items():
            is_own = name.startswith(f"{self.records.origin}:")
            if not is_own or name in told or row["status"] == "withdrawn":
                continue
            place = self.records.offices[key].place
            change = change_of(
                "contact", name, key, place=place, row=row, values={"status": "withdrawn"},
                overwrite=self.overwrite, action="withdrawn",
            )  # fmt: skip
            self.plan.changes.append(change)

    def _new(self, kind: Any, record: AreaRecord | OfficeRecord | ContactRecord, office: str) -> None:
        for name in missing(kind, record.values):
            self.error(record.place, _("“%(name)s” is missing.", name=name))
        name = name_of(kind, record.values)
        change = Change("new", kind, record.external_id, office, name, record.place, record.values)
        self.plan.changes.append(change)

    def _known(
        self,
        kind: Any,
        record: AreaRecord | OfficeRecord | ContactRecord,
        office: str,
        row: Stored,
        values: dict[str, Any],
    ) -> None:
        if not values:
            self.plan.unchanged[kind] += 1
            return
        change = change_of(
            kind, record.external_id, office, place=record.place, row=row, values=values,
            overwrite=self.overwrite,
        )  # fmt: skip
        self.plan.changes.append(change)
