"""What an import would do: said before anything is changed, and then exactly this is done."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from app.recipients.importer.fields import RecordKind
from app.recipients.importer.records import Place, Problem, Records

Action = Literal["new", "changed", "ended", "withdrawn", "conflict"]
Kind = RecordKind | Literal["postal_codes"]


@dataclass(frozen=True, slots=True)
class Change:
    """One row that an import makes or changes, or would if an organizer had not (`conflict`).

    Attributes:
        action: `ended` is a term that a successor or an absence ends, `withdrawn` a contact that is no more.
        kind: of row.
        external_id: of the row.
        office: external id of its office; of an office its own, of an area empty.
        name: what a person reads.
        place: where the reason stands in the file.
        values: by field, what is to be; of a new row all that the file says.
        before: by field, what was.
        row_id: of the row, None if it is new.
    """

    action: Action
    kind: Kind
    external_id: str
    office: str
    name: str
    place: Place
    values: dict[str, Any]
    before: dict[str, Any] = field(default_factory=dict)
    row_id: uuid.UUID | None = None


@dataclass
class Plan:
    """All of it.

    Attributes:
        changes: in the order of the file.
        unchanged: how many rows of each kind are as the file says.
        problems: of the file, and of file and database together.
        slugs: by external id, the slugs made for new offices whose file tells none that is free.
        version: of content as it was compared with (`app.content.content_version`).
        origin: name of the data set, empty for our own formats.
    """

    origin: str = ""
    changes: list[Change] = field(default_factory=list)
    unchanged: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    slugs: dict[str, str] = field(default_factory=dict)
    version: int = 0

    @property
    def errors(self) -> list[Problem]:
        """What keeps it from being done."""
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        """What was odd, and is done all the same."""
        return [problem for problem in self.problems if problem.severity == "warning"]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be written."""
        return not self.writes

    @property
    def writes(self) -> list[Change]:
        """What would be written: all but the conflicts."""
        return [change for change in self.changes if change.action != "conflict"]

    @property
    def conflicts(self) -> list[Change]:
        """Where an organizer's edit is kept against the file."""
        return [change for change in self.changes if change.action == "conflict"]

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many changes there are, by kind and action."""
        return dict(Counter((change.kind, change.action) for change in self.changes))

    @classmethod
    def of(cls, records: Records, version: int) -> Plan:
        """Return a plan with the problems of what was read, and nothing to do yet."""
        return cls(origin=records.origin, problems=list(records.problems), version=version)
