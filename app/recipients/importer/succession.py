"""Terms of one office, as the database has them and as a file tells them, brought together.

A term of the file is found by its id, or else by its person (same name, days that touch). What is new
ends whom it follows. Terms never overlap: where the file cannot be brought together with what is known,
that is an error, or a warning where the file is somebody else's data set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _

from app.recipients.importer.comparing import change_of, differences
from app.recipients.importer.plans import Change
from app.recipients.importer.records import HolderRecord, Place, Records, with_values
from app.recipients.importer.stored import Stored
from app.recipients.search import normalised

_DAY = timedelta(days=1)
_DAYS = frozenset({"starts_on", "ends_on", "acting"})
Report = Callable[[Place, str], None]


@dataclass
class _Term:
    """A term as it will be: `row` is what is stored of it, `record` what the file says.

    `followed` says that it was ended for somebody who follows: it gives way to nobody else.
    """

    key: str
    starts_on: date | None
    ends_on: date | None
    acting: bool
    row: Stored | None = None
    record: HolderRecord | None = None
    followed: bool = False

    @property
    def first(self) -> date:
        return self.starts_on or date.min

    @property
    def last(self) -> date:
        return self.ends_on or date.max

    @property
    def name(self) -> str:
        known = self.record.values if self.record and self.record.values.get("name") else self.row
        return str(known["name"]) if known else ""

    def shares_days_with(self, other: _Term) -> bool:
        return self.acting == other.acting and self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class _Room:
    """Whether a term can have its days, and what that takes; or the conflict that it cannot."""

    changes: list[Change]
    is_made: bool


@dataclass
class Succession:
    """Brings the terms of one office together.

    Attributes:
        records: what was read.
        office: its external id.
        day: today: the last day of somebody who left on a day that nobody tells.
        overwrite: whether an organizer's edits give way.
        refuse: takes what cannot be done: an error, or a warning for a data set.
        warn: takes what is not done because an organizer's edit stands against it.
    """

    records: Records
    office: str
    day: date
    overwrite: bool
    refuse: Report
    warn: Report

    def changes(self, stored: dict[str, Stored], told: list[HolderRecord]) -> tuple[list[Change], int]:
        """Return what is to be done, and how many terms stay as they are."""
        matched = self._matched(stored, told)
        taken = {term.key for term in matched if term.row}
        rest = {key: _of_row(key, row) for key, row in stored.items() if key not in taken}
        known, changes = self._continued([term for term in matched if term.row is not None], rest)
        for term in sorted((term for term in matched if term.row is None), key=lambda term: term.first):
            changes += self._begin(term, known, rest)
        changes += self._leave(rest, known, bool(told))
        return changes, len(taken - {change.external_id for change in changes})

    def _matched(self, stored: dict[str, Stored], told: list[HolderRecord]) -> list[_Term]:
        terms: list[_Term] = []
        free = dict(stored)
        for record in told:
            row = free.pop(record.external_id, None)
            terms.append(_of_record(record, record.external_id, row))
        for number, term in enumerate(terms):
            if term.row is None and term.record is not None:
                key = next((key for key, row in free.items() if _is_same(term, _of_row(key, row))), None)
                if key is not None:
                    terms[number] = _of_record(term.record, key, free.pop(key))
        return terms

    def _continued(self, terms: list[_Term], rest: dict[str, _Term]) -> tuple[list[_Term], list[Change]]:
        """Return terms that are stored already as they will be, and what changes for that.

        A change that finds no room is left out. Then others are looked at again: they may have relied on it.
        """
        wanted = {term.key: change for term in terms if (change := self._change(term)) is not None}
        conflicts: list[Change] = []
        while True:
            known = [self._as_it_will_be(term, wanted.get(term.key)) for term in terms]
            ended: dict[str, Change] = {}
            for will_be in known:
                room = self._room_for(will_be, wanted.get(will_be.key), known, rest)
                if not room.is_made:
                    conflicts += room.changes
                    del wanted[will_be.key]
                    break
                for change in room.changes:
                    _keep_the_earlier(ended, change)
            else:
                _end(rest, ended.values())
                return known, [*wanted.values(), *ended.values(), *conflicts]

    def _room_for(
        self, will_be: _Term, change: Change | None, known: list[_Term], rest: dict[str, _Term]
    ) -> _Room:
        if change is None or change.action == "conflict" or not _DAYS & change.values.keys():
            return _Room([], is_made=True)
        others = [other for other in known if other is not will_be]
        return self._make_room(will_be, [*rest.values(), *others], change.place)

    def _make_room(self, term: _Term, others: list[_Term], place: Place) -> _Room:
        """Return the ends of those who give way to a term; and a report, where somebody does not."""
        ended: list[Change] = []
        for other in others:
            if not term.shares_days_with(other):
                continue
            if not self._gives_way(other, term):
                self._tell_overlap(term, other, place, self.refuse)
                return _Room([], is_made=False)
            change = self._ended(other, term.first - _DAY, place)
            if change.action == "conflict":
                self._tell_overlap(term, other, place, self.warn)
                return _Room([change], is_made=False)
            ended.append(change)
        return _Room(ended, is_made=True)

    def _change(self, term: _Term) -> Change | None:
        record, row = term.record, term.row
        if record is None or row is None or not self._may_change(term.key):
            return None
        but = {"starts_on", "term_note"} if record.loose else ()
        values = differences(record.values, row, but)
        if record.loose and record.ends_on and row["starts_on"] and record.ends_on < row["starts_on"]:
            values.pop("ends_on", None)
        if not values:
            return None
        return self._changed(term, values, record.place)

    def _may_change(self, key: str) -> bool:
        # A data set changes its own rows. Those of the seeds and of organizers know more than it does.
        return not self.records.origin or key.startswith(f"{self.records.origin}:")

    def _changed(self, term: _Term, values: dict[str, Any], place: Place, **more: Any) -> Change:
        row = term.row
        if row is None:
            raise ValueError("a new term is not changed")
        return change_of(
            "holder", term.key, self.office, place=place, row=row, values=values,
            overwrite=self.overwrite, **more,
        )  # fmt: skip

    def _as_it_will_be(self, term: _Term, change: Change | None) -> _Term:
        row = term.row
        if row is None:
            return term
        full = {**row, **(change.values if change and change.action != "conflict" else {})}
        return replace(
            term, starts_on=full["starts_on"], ends_on=full["ends_on"], acting=bool(full["acting"])
        )

    def _begin(self, term: _Term, known: list[_Term], rest: dict[str, _Term]) -> list[Change]:
        record = term.record
        if record is None:
            return []
        term = self._not_before_its_news(term, rest)
        room = self._make_room(term, [*rest.values(), *known], record.place)
        if not room.is_made:
            return room.changes
        _end(rest, room.changes)
        known.append(term)
        return [*room.changes, self._new(record, term)]

    def _not_before_its_news(self, term: _Term, rest: dict[str, _Term]) -> _Term:
        """Return a term whose first day nobody tells from today on, if somebody else held it until now."""
        record = term.record
        if record is None or not record.loose or term.first > self.day or term.last < self.day:
            return term
        if any(term.shares_days_with(other) and other.first >= term.first for other in rest.values()):
            return replace(term, starts_on=self.day)
        return term

    def _gives_way(self, other: _Term, term: _Term) -> bool:
        is_new = other.row is None
        if is_new or other.followed or other.first >= term.first or other.record is not None:
            return False
        own = bool(self.records.origin) and other.key.startswith(f"{self.records.origin}:")
        return other.ends_on is None or own or other.ends_on == term.starts_on

    def _ended(self, other: _Term, end: date, place: Place) -> Change:
        return self._changed(other, {"ends_on": end}, place, action="ended")

    @staticmethod
    def _tell_overlap(term: _Term, other: _Term, place: Place, report: Report) -> None:
        sentence = _(
            "The term of %(name)s shares days with that of %(other)s, which is known; it is left out.",
            name=term.name or _("vacant"),
            other=other.name or _("vacant"),
        )
        report(place, sentence)

    def _new(self, record: HolderRecord, term: _Term) -> Change:
        values = record.values
        if term.starts_on != record.starts_on:
            values = with_values(record, starts_on=term.starts_on).values
        name = str(record.values.get("name") or "")
        return Change("new", "holder", record.external_id, self.office, name, record.place, values)

    def _leave(self, rest: dict[str, _Term], known: list[_Term], is_told: bool) -> list[Change]:
        """End the terms of those whom a complete data set does not name any more."""
        prefixes = self.records.complete
        if not prefixes or not self.office.startswith(prefixes) or not self.records.origin:
            return []
        # Who is followed already has an end, set now or when the successor came.
        ends = {term.first - _DAY for term in known if term.first > date.min}
        gone = [
            term
            for key, term in rest.items()
            if key.startswith(f"{self.records.origin}:")
            and term.first < self.day < term.last
            and not term.followed
            and term.last not in ends
        ]
        place = self.records.offices[self.office].place if is_told else Place(self.records.origin)
        return [self._ended(term, self.day - _DAY, place) for term in gone]


def _keep_the_earlier(ended: dict[str, Change], change: Change) -> None:
    """Add an end of a term, unless it ends earlier already: two may follow it, one after the other."""
    known = ended.get(change.external_id)
    if known is None or change.values["ends_on"] < known.values["ends_on"]:
        ended[change.external_id] = change


def _end(rest: dict[str, _Term], ends: Iterable[Change]) -> None:
    for change in ends:
        term = rest[change.external_id]
        rest[change.external_id] = replace(term, ends_on=change.values["ends_on"], followed=True)


def _of_row(key: str, row: Stored) -> _Term:
    return _Term(key, row["starts_on"], row["ends_on"], bool(row["acting"]), row=row)


def _of_record(record: HolderRecord, key: str, row: Stored | None) -> _Term:
    acting = bool(record.values.get("acting"))
    return _Term(key, record.starts_on, record.ends_on, acting, row=row, record=record)


def _is_same(term: _Term, other: _Term) -> bool:
    if term.record is None or other.row is None or not term.shares_days_with(other):
        return False
    mine, theirs = term.record.values, other.row
    if not mine.get("name") or not theirs["name"]:
        return not mine.get("name") and not theirs["name"]
    return bool(_names(mine) & _names(theirs))


def _names(values: Any) -> set[str]:
    names = {normalised(name) for name in (values["name"], *(values.get("variants") or ()))}
    family, given = normalised(values.get("family_name") or ""), normalised(values["name"])
    return names | ({f"{given[0]}. {family}"} if family and given else set())
