"""What every format is read into: offices, holders, contacts and areas, each with the place it was read at.

A record holds only what its file says. What it does not say is left as it is in the database, and takes
its default where the row is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from flask_babel import gettext as _

Severity = Literal["error", "warning"]
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was read: file name, line and column, both from 1; 0 where there is none."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


@dataclass(frozen=True, slots=True)
class Problem:
    """Something odd in a file. An error keeps the whole import from happening, a warning does not."""

    place: Place
    sentence: str
    severity: Severity = "error"


@dataclass(slots=True)
class AreaRecord:
    """An area; `values` by column of `Area`, with `parent` (its key) besides."""

    external_id: str
    place: Place
    values: Values


@dataclass(slots=True)
class OfficeRecord:
    """An office; `values` by column of `Recipient`, with `area` and `successor` (their keys) besides."""

    external_id: str
    place: Place
    values: Values


@dataclass(slots=True)
class HolderRecord:
    """A term of office. `loose` says that its first day is our reading of the data, not the data's."""

    external_id: str
    office: str
    place: Place
    values: Values
    loose: bool = False

    @property
    def starts_on(self) -> date | None:
        """Its first day, None if open or unknown."""
        return self.values.get("starts_on")

    @property
    def ends_on(self) -> date | None:
        """Its last day, None if open or unknown."""
        return self.values.get("ends_on")


@dataclass(slots=True)
class ContactRecord:
    """A way to reach an office."""

    external_id: str
    office: str
    place: Place
    values: Values


@dataclass(slots=True)
class Records:
    """All that was read.

    Attributes:
        origin: name of the data set; empty for our own formats.
        complete: beginnings of ids of offices about which the file says everything: whoever of the same
            data set holds one of them and is not in the file has left.
        whole_areas: beginnings of keys of areas: one that is not in the file loses its postal codes.
        postal_codes: by key of the area, all codes of it; an area that is not in it keeps its own.
    """

    origin: str = ""
    areas: dict[str, AreaRecord] = field(default_factory=dict)
    offices: dict[str, OfficeRecord] = field(default_factory=dict)
    holders: list[HolderRecord] = field(default_factory=list)
    contacts: list[ContactRecord] = field(default_factory=list)
    postal_codes: dict[str, set[str]] = field(default_factory=dict)
    complete: tuple[str, ...] = ()
    whole_areas: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        """What keeps the import from happening."""
        return [problem for problem in self.problems if problem.severity == "error"]

    def error(self, place: Place, sentence: str) -> None:
        """Note an error."""
        self.problems.append(Problem(place, sentence, "error"))

    def warn(self, place: Place, sentence: str) -> None:
        """Note a warning."""
        self.problems.append(Problem(place, sentence, "warning"))

    def add_office(self, record: OfficeRecord) -> None:
        """Add an office; a second one of the same id is an error."""
        if self._is_new(record, self.offices):
            self.offices[record.external_id] = record

    def add_area(self, record: AreaRecord) -> None:
        """Add an area; a second one of the same key is an error."""
        if self._is_new(record, self.areas):
            self.areas[record.external_id] = record

    def _is_new(self, record: AreaRecord | OfficeRecord, known: dict[str, Any]) -> bool:
        first = known.get(record.external_id)
        if first is not None:
            self.error(record.place, said_twice(record.external_id, first.place))
        return first is None

    def map_holders(self, change: Callable[[list[HolderRecord]], Iterable[HolderRecord]]) -> None:
        """Replace the holders of each office by what `change` makes of them."""
        self.holders = [holder for group in grouped(self.holders).values() for holder in change(group)]


def said_twice(external_id: str, first: Place) -> str:
    """Return the sentence about an id that occurs a second time."""
    return _("“%(id)s” is here twice; the first one is at %(place)s.", id=external_id, place=str(first))


def grouped(records: Iterable[Any]) -> dict[str, list[Any]]:
    """Return holders or contacts by the id of their office, in their order."""
    groups: dict[str, list[Any]] = {}
    for record in records:
        groups.setdefault(record.office, []).append(record)
    return groups


def with_values(holder: HolderRecord, **values: Any) -> HolderRecord:
    """Return a holder with some other values."""
    return replace(holder, values={**holder.values, **values})
