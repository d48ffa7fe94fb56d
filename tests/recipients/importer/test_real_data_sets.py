"""The data sets that organizers import, as published; skipped where they are not beside the project."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db
from app.recipients.importer import Records, plan_import, read
from app.recipients.models import Contact, Holder, Recipient
from app.recipients.representatives import Candidates, representatives_for
from app.recipients.resolution import resolve
from app.recipients.terms import holder_on
from tests.recipients.importer.making import DAY, imported_records, office
from tests.support.lengths import SOAK
from tests.support.processes import REDRESS, program_environ

VARIABLE = "REDRESS_TEST_DATA_SETS"
MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_pid, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(usage.ru_maxrss // 1024)
sys.exit(process.returncode)
"""
"""Runs a command and prints its most memory, in MB. A process of its own: what is forked from a large
one, such as that of the tests, counts as being as large."""
SOON_AFTER = datetime(2026, 6, 20, tzinfo=UTC).date()
MOST_SECONDS, MOST_MEGABYTES = 60, 300


def _found() -> Path | None:
    named = os.environ.get(VARIABLE)
    here = Path(__file__).resolve()
    beside = [parent / "shared" / "domain" / "data" for parent in here.parents]
    return next((path for path in [*([Path(named)] if named else []), *beside] if path.is_dir()), None)


DATA = _found() or Path("data-sets")
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(),
    reason=f"the published data sets are not here (see the README; {VARIABLE} names their folder)",
)
SETS = [("congress-legislators", "congress-legislators"), ("openstates/ca", "openstates"),
        ("zip-districts/zccd.csv", "zip-districts")]  # fmt: skip


# Reading takes longer than anything that is done with what was read, and nothing changes it.
@cache
def published(path: str, name: str) -> Records:
    """Return what stands in a data set."""
    return read(DATA / path, name)


@pytest.mark.seeded
def test_all_of_them_twice_over_the_seeds(app_context: Flask) -> None:
    for path, name in SETS:
        records = published(path, name)
        assert records.errors == []
        imported_records(records)
    for path, name in SETS:
        assert plan_import(published(path, name), day=DAY).changes == []
    _congress()
    _chairs()
    _california()
    _zip_codes()


def _congress() -> None:
    seats = db.session.scalars(
        sa.select(Recipient).where(
            Recipient.external_id.regexp_match("^us-(house|senate)-[a-z][a-z]-(class)?")
        )
    ).all()
    sitting = Counter(
        seat.external_id[:8]
        for seat in seats
        if seat.area and (holder_on(seat.holders, SOON_AFTER) is not None)
    )
    assert sitting == {"us-house": 437, "us-senat": 100}
    forms = sa.select(sa.func.count(Contact.id)).where(
        Contact.channel == "web_form", Contact.external_id.startswith("congress-legislators:us-senate-")
    )
    assert (db.session.scalar(forms) or 0) > 80
    terms = [holder for holder in office("us-house-ca-30").holders if holder.starts_on]
    assert [holder.name for holder in sorted(terms, key=lambda term: str(term.starts_on))][
        -1
    ] == "Laura Friedman"


def _chairs() -> None:
    for key, name in (("us-senate-foreign-relations", "Risch"), ("us-house-foreign-affairs", "Mast")):
        holder = holder_on(office(key).holders, DAY)
        assert holder is not None
        assert holder.family_name == name
        assert office(key).area is not None
    assert (
        holder_on(office("us-president").holders, datetime(1945, 6, 1, tzinfo=UTC).date()).family_name
        == "Truman"
    )  # type: ignore[union-attr]


def _california() -> None:
    seats = db.session.scalars(
        sa.select(Recipient).where(
            Recipient.external_id.startswith("us-ca-senate-")
            | Recipient.external_id.startswith("us-ca-assembly-")
        )
    ).all()
    assert len(seats) == 120
    addressees = resolve(db.session, [seat.id for seat in seats], day=DAY)
    for addressee in addressees.values():
        assert addressee.holder is not None
        form = addressee.form_of_address("en")
        role = "Senator" if addressee.recipient.address_style == "senator" else "Assembly Member"
        assert form.salutation == f"Dear {role} {addressee.holder.family_name}:"
        assert form.envelope[0] == f"The Honorable {addressee.holder.name}"
    with_post = [seat for seat in seats if any(contact.channel == "post" for contact in seat.contacts)]
    assert len(with_post) == 120
    past = [holder.name for holder in office("us-ca-senate-25").holders if holder.ends_on]
    assert "Anthony Portantino" in past


def _zip_codes() -> None:
    def names(found: Candidates) -> list[str]:
        return [candidate.recipient.external_id for candidate in found.offices]

    senators = ["us-senate-ca-class1", "us-senate-ca-class3"]
    one = representatives_for(country="US", postal_code="91205", day=DAY)
    assert names(one) == ["us-house-ca-30", *senators]
    several = representatives_for(country="US", postal_code="91206", day=DAY)
    assert names(several) == ["us-house-ca-30", "us-house-ca-34", *senators]
    assert len(several.to_choose) == 2


def test_nothing_private_is_stored(app_context: Flask) -> None:
    for path, name in SETS[:2]:
        imported_records(published(path, name))
    columns = {column.key for kind in (Recipient, Holder, Contact) for column in kind.__table__.columns}
    assert not columns & {"party", "gender", "birthday", "image", "phone", "voice", "fax"}
    assert (
        db.session.scalar(sa.select(sa.func.count(Contact.id)).where(Contact.verified_at.is_not(None))) == 0
    )
    assert set(db.session.scalars(sa.select(Holder.rank).distinct())) == {""}
    told = "\n".join(map(str, db.session.execute(sa.select(Holder.__table__, Contact.__table__).where(
        Holder.recipient_id == Contact.recipient_id))))  # fmt: skip
    assert [
        word for word in ("Democrat", "Republican", "birth", "twitter", "gmail.com") if word in told
    ] == []


# Time and memory are the process's own; PostgreSQL's stand beside it.
@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(("path", "name"), SETS if SOAK else SETS[:1])  # the first is the largest
def test_each_import_is_quick_and_small(environ: dict[str, str], path: str, name: str) -> None:
    begun = time.monotonic()
    command = [str(REDRESS), "recipients", "import", str(DATA / path), "--format", name]
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, *command],
        env=program_environ(environ), stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert measured.returncode == 0
    assert time.monotonic() - begun < MOST_SECONDS
    assert int(measured.stdout) < MOST_MEGABYTES
