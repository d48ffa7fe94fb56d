"""Adding, editing, closing and reopening offices; and nobody's edit is lost."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.database import db, transaction
from app.errors import NotFound, Refused
from app.recipients import editing
from app.recipients.changing import EditedMeanwhile
from app.recipients.drafts import OfficeDraft
from app.recipients.listing import office
from app.recipients.models import Recipient
from app.security.audit import AuditEntry, check_chain
from tests.factories.recipients import ClosedOfficeFactory, OfficeFactory
from tests.factories.threads import at_once

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
WHO = "organizer:somebody"
DRAFT = OfficeDraft(
    institution="Assembly of Nations",
    title="Président de l’Assemblée",
    short_name="Assembly’s Président",
    level="international",
    variants=["PGA"],
    languages=["en", "fr"],
)


def add(**fields: object) -> Recipient:
    draft = replace(DRAFT, **fields)  # type: ignore[arg-type]
    return editing.add_recipient(draft, row_id=uuid.uuid4(), actor=WHO, now=NOW)


def fresh(recipient: Recipient) -> Recipient:
    db.session.rollback()
    return office(recipient.id)


def actions() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)))


def test_an_office_is_added_with_an_address_of_its_own(app_context: Flask) -> None:
    first, second, third = add(), add(), add(short_name="Ար ու լույս")
    assert [row.slug for row in (first, second, third)] == [
        "assemblys-president",
        "assemblys-president-2",
        "office",
    ]
    assert first.external_id == "local:assemblys-president"
    assert fresh(first).search_text.splitlines()[0] == "assembly of nations"
    assert fresh(first).edited_at == NOW


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_the_same_form_sent_eight_times_at_once_adds_one(app_context: Flask) -> None:
    row_id = uuid.uuid4()
    rows = at_once(8, app_context, lambda: editing.add_recipient(DRAFT, row_id=row_id, actor=WHO, now=NOW).id)
    assert set(rows) == {row_id}
    assert db.session.scalar(select(func.count(Recipient.id))) == 1
    assert actions() == ["recipient.added"]


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_offices_of_one_name_at_once_get_slugs_of_their_own(app_context: Flask) -> None:
    slugs = at_once(2, app_context, lambda: add().slug)
    assert len(set(slugs)) == 2


def test_values_outside_of_the_lists_are_refused(app_context: Flask) -> None:
    for field in ("level", "accepts", "confidence"):
        with pytest.raises(Refused) as refusal:
            add(**{field: "galactic"})
        assert refusal.value.field == field


def test_an_edit_changes_what_was_changed_and_says_so(app_context: Flask) -> None:
    row = add()
    draft = replace(DRAFT, title="Chair", variants=["PGA", "The Chair"])
    editing.edit_recipient(row.id, draft, seen=NOW, actor=WHO, now=LATER)
    now = fresh(row)
    assert (now.title, now.slug, now.edited_at) == ("Chair", row.slug, LATER)
    assert "the chair" in now.search_text.splitlines()
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "recipient.edited")).one()
    assert entry.detail == {"office": DRAFT.short_name, "changed": "title, variants"}
    assert check_chain() is None


def test_saving_without_a_change_leaves_no_trace(app_context: Flask) -> None:
    row = add()
    editing.edit_recipient(row.id, DRAFT, seen=NOW, actor=WHO, now=LATER)
    assert actions() == ["recipient.added"]


def test_of_two_who_edit_at_once_the_second_is_told(app_context: Flask) -> None:
    row = add()
    editing.edit_recipient(row.id, replace(DRAFT, note="mine"), seen=NOW, actor=WHO, now=LATER)
    with pytest.raises(EditedMeanwhile):
        editing.edit_recipient(row.id, replace(DRAFT, note="theirs"), seen=NOW, actor=WHO, now=LATER)
    assert fresh(row).note == "mine"
    editing.edit_recipient(row.id, replace(DRAFT, note="theirs"), seen=LATER, actor=WHO, now=LATER)
    assert fresh(row).note == "theirs"


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_eight_edits_of_the_same_row_at_once(app_context: Flask) -> None:
    row = add()

    def edit() -> bool:
        draft = replace(DRAFT, note=str(uuid.uuid4()))
        try:
            editing.edit_recipient(row.id, draft, seen=NOW, actor=WHO, now=LATER)
        except EditedMeanwhile:
            return False
        return True

    assert sum(at_once(8, app_context, edit)) == 1
    assert actions() == ["recipient.added", "recipient.edited"]


def test_closing_and_reopening(app_context: Flask) -> None:
    row, successor = add(), add(short_name="Successor")
    editing.close_recipient(
        row.id, on=date(2026, 11, 1), reason="It ended.", successor_id=successor.id, actor=WHO, now=LATER
    )
    closed = fresh(row)
    assert (closed.is_open, closed.closed_on, closed.closed_reason) == (False, date(2026, 11, 1), "It ended.")
    assert closed.successor is not None
    assert closed.successor.id == successor.id
    editing.reopen_recipient(row.id, actor=WHO, now=LATER)
    editing.reopen_recipient(row.id, actor=WHO, now=LATER)
    opened = fresh(row)
    assert (opened.is_open, opened.closed_on, opened.closed_reason, opened.successor) == (
        True,
        None,
        "",
        None,
    )
    assert actions()[2:] == ["recipient.closed", "recipient.reopened"]


def test_what_cannot_be_a_closing(app_context: Flask) -> None:
    row = add()
    with transaction() as session:
        gone = ClosedOfficeFactory.build()
        session.add(gone)

    def close(**fields: object) -> None:
        values = {"on": NOW.date(), "reason": "It ended.", "successor_id": None} | fields
        editing.close_recipient(row.id, actor=WHO, now=NOW, **values)  # type: ignore[arg-type]

    for field, wrong in (
        ("closed_on", {"on": NOW.date() + timedelta(days=1)}),
        ("successor", {"successor_id": row.id}),
        ("successor", {"successor_id": gone.id}),
    ):
        with pytest.raises(Refused) as refusal:
            close(**wrong)
        assert refusal.value.field == field
    with pytest.raises(NotFound):
        close(successor_id=uuid.uuid4())
    assert fresh(row).is_open


def test_seeds_leave_an_edited_office_alone(app_context: Flask) -> None:
    with transaction() as session:
        row = OfficeFactory.build()
        session.add(row)
    assert row.edited_at is None
    draft = replace(DRAFT, institution="Ours now")
    editing.edit_recipient(row.id, draft, seen=None, actor=WHO, now=NOW)
    assert fresh(row).edited_at == NOW
