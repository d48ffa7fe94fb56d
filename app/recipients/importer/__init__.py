"""Importing offices: read a file, see what would change, then let it change.

records = read(path, "csv")
plan = plan_import(records, day=today)                              # a dry run ends here
plan = run_import(records, plan, now=now, actor=actor)              # one transaction, all or nothing
"""

from __future__ import annotations

from datetime import date, datetime

from app.content import content_version, hold_content
from app.database import db, transaction
from app.recipients.importer.applying import carry_out
from app.recipients.importer.formats import READERS, format_of, read
from app.recipients.importer.planning import make_plan
from app.recipients.importer.plans import Change, Plan
from app.recipients.importer.records import Place, Problem, Records

__all__ = [
    "READERS",
    "Change",
    "Place",
    "Plan",
    "Problem",
    "Records",
    "format_of",
    "plan_import",
    "read",
    "run_import",
]


def plan_import(records: Records, *, day: date, overwrite: bool = False) -> Plan:
    """Say what an import would change. Nothing is written.

    Args:
        records: what was read.
        day: today.
        overwrite: whether organizers' edits give way to the file; else they are kept, and told as conflicts.
    """
    version = content_version()
    plan = make_plan(db.session, records, day=day, version=version, overwrite=overwrite)
    db.session.rollback()  # what was read is over: a long reader would hold up others
    return plan


def run_import(records: Records, plan: Plan, *, now: datetime, actor: str, overwrite: bool = False) -> Plan:
    """Do what a plan says. If content has changed since, it is planned anew first.

    Args:
        records: what the plan was made of.
        plan: see `plan_import`.
        now: the present instant.
        actor: for the audit log.
        overwrite: as it was for the plan.

    Returns:
        The plan that was done.

    Raises:
        Refused: there are errors; nothing was changed.
    """
    with transaction() as session:
        version = hold_content(session)
        if version != plan.version:
            plan = make_plan(session, records, day=now.date(), version=version, overwrite=overwrite)
        carry_out(session, plan, now=now, actor=actor)
    return plan
