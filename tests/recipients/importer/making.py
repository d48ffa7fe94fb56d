"""Small made-up files and the two steps of an import, for the tests of this room."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import sqlalchemy as sa

from app.database import db
from app.recipients.importer import Plan, Records, plan_import, read, run_import
from app.recipients.models import Recipient

DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

OFFICE = """\
- external_id: test-office
  institution: Assembly of Nations
  title: Secretary
  short_name: The Secretary
  level: international
  country: CH
  holders:
    - {external_id: test-holder, name: Ana Example, family_name: Example, starts_on: 2024-01-01}
  contacts:
    - {channel: email, value: secretary@offices.example}
    - {channel: post, country: CH, postal: {street: [Palace, Way 1], city: Geneva, postal_code: "1211"}}
"""


def written(folder: Path, text: str, name: str = "offices.yaml") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def imported(path: Path, name: str | None = None, *, day: date = DAY, overwrite: bool = False) -> Plan:
    """Import a file that has no errors; return what was done."""
    return imported_records(read(path, name), day=day, overwrite=overwrite)


def imported_records(records: Records, *, day: date = DAY, overwrite: bool = False) -> Plan:
    """Import what was read without errors; return what was done."""
    plan = plan_import(records, day=day, overwrite=overwrite)
    assert [f"{error.place} {error.sentence}" for error in plan.errors] == []
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    done = run_import(records, plan, now=now, actor="test", overwrite=overwrite)
    assert done == plan
    return done


def planned(path: Path, name: str | None = None, *, day: date = DAY) -> Plan:
    """Return what an import would do."""
    return plan_import(read(path, name), day=day)


def places(records: Records | Plan, severity: str = "error") -> list[tuple[int, int]]:
    """Return line and column of all problems of a severity."""
    return [(one.place.line, one.place.column) for one in records.problems if one.severity == severity]


def office(external_id: str = "test-office") -> Recipient:
    """Return an office as it is in the database now."""
    db.session.rollback()
    db.session.expunge_all()
    return db.session.scalars(sa.select(Recipient).where(Recipient.external_id == external_id)).one()


def terms(external_id: str = "test-office") -> list[tuple[str, date | None, date | None]]:
    """Return who holds an office from when to when, in order."""
    found = [(holder.name, holder.starts_on, holder.ends_on) for holder in office(external_id).holders]
    return sorted(found, key=lambda term: term[1] or date.min)
