"""An import as a whole, on both databases: what it changes, what it keeps, what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.content import content_version
from app.database import db, transaction
from app.errors import Refused
from app.recipients.importer import plan_import, read, run_import
from app.recipients.models import Contact, Holder, Recipient
from app.recipients.search import matching
from app.recipients.seeding import load_recipients
from app.security.audit import AuditEntry
from tests.recipients.importer.making import DAY, NOW, OFFICE, imported, office, planned, terms, written

EDITED = datetime(2026, 10, 1, tzinfo=UTC)


def _edit(kind: type[Recipient] | type[Holder] | type[Contact], **values: object) -> None:
    with transaction() as session:
        session.execute(sa.update(kind).values(**values))


def test_a_new_office_comes_with_its_parts(app_context: Flask, tmp_path: Path) -> None:
    before = content_version()
    plan = imported(written(tmp_path, OFFICE))
    assert plan.counts() == {("office", "new"): 1, ("holder", "new"): 1, ("contact", "new"): 2}
    found = office()
    assert (found.slug, found.status, found.accepts, found.rhythm) == (
        "the-secretary",
        "open",
        "public",
        "single",
    )
    assert [contact.verified_at for contact in found.contacts] == [None, None]
    assert content_version() == before + 1
    entry = db.session.scalars(sa.select(AuditEntry)).one()
    assert entry.action == "recipient.imported"
    assert entry.detail["office new"] == "1"


def test_the_second_time_changes_nothing(app_context: Flask, tmp_path: Path) -> None:
    path = written(tmp_path, OFFICE)
    imported(path)
    version = content_version()
    assert imported(path).is_empty
    assert content_version() == version


def test_a_change_is_told_field_by_field(app_context: Flask, tmp_path: Path) -> None:
    imported(written(tmp_path, OFFICE))
    path = written(tmp_path, OFFICE.replace("title: Secretary", "title: Secretary-General"))
    (change,) = planned(path).changes
    assert (change.action, change.before, change.values) == (
        "changed",
        {"title": "Secretary"},
        {"title": "Secretary-General"},
    )
    assert office().title == "Secretary"
    imported(path)
    assert office().title == "Secretary-General"
    assert db.session.scalars(sa.select(Recipient).where(*matching("secretary-general"))).all()


def test_what_the_file_does_not_say_stays(app_context: Flask, tmp_path: Path) -> None:
    imported(written(tmp_path, OFFICE))
    assert planned(written(tmp_path, "- {external_id: test-office, country: CH}\n")).is_empty


def test_an_organizers_edit_is_kept_and_told(app_context: Flask, tmp_path: Path) -> None:
    imported(written(tmp_path, OFFICE))
    _edit(Recipient, title="Madam Secretary", edited_at=EDITED)
    path = written(tmp_path, OFFICE.replace("country: CH\n", "country: FR\n"))
    plan = imported(path)
    assert plan.is_empty
    (conflict,) = plan.conflicts
    assert conflict.before == {"title": "Madam Secretary", "country": "CH"}
    assert office().title == "Madam Secretary"
    imported(path, overwrite=True)
    assert (office().title, office().country) == ("Secretary", "FR")


def test_a_contact_that_leads_elsewhere_must_be_verified_again(app_context: Flask, tmp_path: Path) -> None:
    imported(written(tmp_path, OFFICE))
    _edit(Contact, verified_at=NOW, verified_by="a person")
    imported(written(tmp_path, OFFICE.replace("secretary@", "other@")))
    verified = {contact.channel: contact.verified_by for contact in office().contacts}
    assert verified == {"email": "", "post": "a person"}


def test_who_imports_an_address_has_entered_it(app_context: Flask, tmp_path: Path) -> None:
    """So that nobody gets an address past a second person by putting it into a file."""
    imported(written(tmp_path, OFFICE))
    assert {contact.entered_by for contact in office().contacts} == {"test"}
    _edit(Contact, entered_by="organizer:x")
    imported(written(tmp_path, OFFICE.replace("secretary@", "other@")))
    entered = {contact.channel: contact.entered_by for contact in office().contacts}
    assert entered == {"email": "test", "post": "organizer:x"}


def test_no_file_verifies_a_contact_or_puts_it_to_use_again(app_context: Flask, tmp_path: Path) -> None:
    claims = "status: active, verified_at: 2026-01-01, verified_by: x, verified: true"
    address = "secretary@offices.example"
    path = written(tmp_path, OFFICE.replace(address, f"{address}, {claims}"))
    imported(path)
    assert {contact.verified_by for contact in office().contacts} == {""}
    _edit(Contact, status="suspended")
    for again in (path, written(tmp_path, OFFICE)):
        plan = imported(again)
        assert plan.is_empty
        assert len(plan.warnings) == len(office().contacts)


def test_a_successor_ends_the_term_before(app_context: Flask, tmp_path: Path) -> None:
    imported(written(tmp_path, OFFICE))
    holder = "{external_id: test-holder, name: Ana Example, family_name: Example, starts_on: 2024-01-01}"
    path = written(
        tmp_path, OFFICE.replace(holder, "{external_id: next, name: Bo Next, starts_on: 2027-01-01}")
    )
    plan = imported(path)
    assert plan.counts() == {("holder", "ended"): 1, ("holder", "new"): 1}
    assert terms() == [
        ("Ana Example", date(2024, 1, 1), date(2026, 12, 31)),
        ("Bo Next", date(2027, 1, 1), None),
    ]
    assert imported(path).is_empty


def test_a_term_that_shares_days_with_a_known_one_is_refused(app_context: Flask, tmp_path: Path) -> None:
    imported(written(tmp_path, OFFICE))
    holder = "{external_id: test-holder, name: Ana Example, family_name: Example, starts_on: 2024-01-01}"
    for first in ("2023-12-31", "null"):
        other = f"{{external_id: next, name: Bo Next, starts_on: {first}, ends_on: 2025-01-01}}"
        plan = planned(written(tmp_path, OFFICE.replace(holder, other)))
        assert [error.place.line for error in plan.errors] == [8]
    _edit(Holder, ends_on=date(2025, 12, 31))
    moved = holder.replace("test-holder", "next").replace("Ana", "Bo").replace("2024", "2026")
    imported(written(tmp_path, OFFICE.replace(holder, moved)))
    back = moved.replace("2026", "2025")
    assert len(planned(written(tmp_path, OFFICE.replace(holder, back))).errors) == 1
    assert len(terms()) == 2


def test_an_edited_holder_does_not_give_way(app_context: Flask, tmp_path: Path) -> None:
    imported(written(tmp_path, OFFICE))
    _edit(Holder, edited_at=EDITED)
    holder = "{external_id: test-holder, name: Ana Example, family_name: Example, starts_on: 2024-01-01}"
    path = written(
        tmp_path, OFFICE.replace(holder, "{external_id: next, name: Bo Next, starts_on: 2027-01-01}")
    )
    plan = planned(path)
    assert [change.action for change in plan.changes] == ["conflict"]
    assert (len(plan.errors), len(plan.warnings)) == (0, 1)
    imported(path)
    assert terms() == [("Ana Example", date(2024, 1, 1), None)]


def test_a_person_known_by_another_id_is_the_same_holder(app_context: Flask, tmp_path: Path) -> None:
    imported(written(tmp_path, OFFICE))
    path = written(tmp_path, OFFICE.replace("test-holder, name: Ana Example", "other-id, name: A. Example"))
    plan = imported(path)
    assert plan.counts() == {("holder", "changed"): 1}
    assert terms() == [("A. Example", date(2024, 1, 1), None)]


@pytest.mark.parametrize(
    "more",
    [
        "  area: nowhere\n",
        "  successor: nobody\n",
        "  status: closed\n",
        "  status: closed\n  closed_on: 2020-01-01\n  successor: test-office\n",
    ],
)
def test_what_points_nowhere_is_refused(app_context: Flask, tmp_path: Path, more: str) -> None:
    plan = planned(written(tmp_path, OFFICE + more))
    assert [error.place.line for error in plan.errors] == [1]


def test_a_slug_of_another_office_is_refused_and_a_made_one_is_free(
    app_context: Flask, tmp_path: Path
) -> None:
    imported(written(tmp_path, OFFICE))
    second = OFFICE.replace("test-", "second-")
    assert imported(written(tmp_path, second)).counts()["office", "new"] == 1
    assert office("second-office").slug == "the-secretary-2"
    third = second.replace("second-", "third-").replace("  level:", "  slug: the-secretary\n  level:")
    assert len(planned(written(tmp_path, third)).errors) == 1


def test_an_empty_slug_leaves_the_slug_as_it_is(app_context: Flask, tmp_path: Path) -> None:
    imported(written(tmp_path, OFFICE))
    table = "external_id,slug,title\ntest-office,,Chancellor\n"
    imported(written(tmp_path, table, "offices.csv"))
    assert (office().slug, office().title) == ("the-secretary", "Chancellor")
    bad = "external_id,slug\ntest-office,a/b?c\n"
    assert [error.place.column for error in planned(written(tmp_path, bad, "bad.csv")).errors] == [2]


def test_a_file_can_give_another_slug(app_context: Flask, tmp_path: Path) -> None:
    imported(written(tmp_path, OFFICE))
    path = written(tmp_path, OFFICE.replace("  level:", "  slug: registrar\n  level:"))
    imported(path)
    assert office().slug == "registrar"
    assert imported(path).is_empty


def test_offices_of_one_name_get_slugs_of_their_own(app_context: Flask, tmp_path: Path) -> None:
    lines = [f"office-{number},A,Mayor,Mayor,local" for number in range(4)]
    table = "\n".join(["external_id,institution,title,short_name,level", *lines]) + "\n"
    path = written(tmp_path, table, "offices.csv")
    imported(path)
    slugs = [office(f"office-{number}").slug for number in range(4)]
    assert slugs == ["mayor", "mayor-2", "mayor-3", "mayor-4"]
    assert imported(path).is_empty


@pytest.mark.parametrize("name", ["Ana\\nExample", "Ana\\tExample", "=?utf-8?q?Ana?="])
def test_a_name_is_one_line_that_any_header_can_hold(app_context: Flask, tmp_path: Path, name: str) -> None:
    path = written(tmp_path, OFFICE.replace("name: Ana Example", f'name: "{name}"'))
    assert [error.place.line for error in planned(path).errors] == [8]


def test_seeds_do_not_take_back_what_was_imported(app_context: Flask, tmp_path: Path) -> None:
    seeds = tmp_path / "seeds"
    written(seeds, OFFICE.replace("  level:", "  slug: the-secretary\n  level:"))
    load_recipients(seeds)
    holder = "{external_id: test-holder, name: Ana Example, family_name: Example, starts_on: 2024-01-01}"
    newer = OFFICE.replace(holder, "{external_id: next, name: Bo Next, starts_on: 2026-01-01}")
    imported(written(tmp_path, newer.replace("title: Secretary", "title: Chancellor")))
    before = (office().title, terms())
    assert load_recipients(seeds).changed == 0
    assert (office().title, terms()) == before
    assert before == (
        "Chancellor",
        [("Ana Example", date(2024, 1, 1), date(2025, 12, 31)), ("Bo Next", date(2026, 1, 1), None)],
    )


def test_a_part_of_another_office_is_refused(app_context: Flask, tmp_path: Path) -> None:
    imported(written(tmp_path, OFFICE))
    stolen = OFFICE.replace("external_id: test-office", "external_id: thief")
    assert [error.place.line for error in planned(written(tmp_path, stolen)).errors] == [8]


def test_content_that_changed_since_is_planned_anew(app_context: Flask, tmp_path: Path) -> None:
    path = written(tmp_path, OFFICE)
    records = read(path)
    plan = plan_import(records, day=DAY)
    imported(path)
    assert run_import(records, plan, now=NOW, actor="test").is_empty


def test_with_an_error_nothing_is_changed(app_context: Flask, tmp_path: Path) -> None:
    path = written(tmp_path, OFFICE + "- external_id: broken\n  title: [\n")
    records = read(path)
    plan = plan_import(records, day=DAY)
    with pytest.raises(Refused):
        run_import(records, plan, now=NOW, actor="test")
    assert db.session.scalar(sa.select(sa.func.count(Recipient.id))) == 0
