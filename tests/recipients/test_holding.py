"""Terms of office: they never overlap, and the office's name for the search follows them."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from flask import Flask

from app.database import db, transaction
from app.errors import NotFound, Refused
from app.recipients import holding
from app.recipients.drafts import HolderDraft
from app.recipients.listing import office
from app.recipients.models import Holder, Recipient
from tests.factories.recipients import OfficeFactory
from tests.factories.threads import at_once

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WHO = "organizer:somebody"
DRAFT = HolderDraft(name="Ignazio Cassis", starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))


@pytest.fixture
def recipient(app_context: Flask) -> Recipient:
    """An office that nobody holds."""
    row: Recipient = OfficeFactory.build(holders=[])
    with transaction() as session:
        session.add(row)
    return row


def add(recipient: Recipient, **fields: object) -> Holder:
    draft = replace(DRAFT, **fields)  # type: ignore[arg-type]
    return holding.add_holder(recipient.id, draft, row_id=uuid.uuid4(), actor=WHO, now=NOW)


def names(recipient: Recipient) -> list[str]:
    db.session.rollback()
    return [holder.name for holder in office(recipient.id).holders]


def test_a_holder_is_found_under_their_name(recipient: Recipient) -> None:
    add(recipient, name="Ignàzio Cassis", variants=["Casis"])
    db.session.rollback()
    assert {"ignazio cassis", "casis"} <= set(office(recipient.id).search_text.splitlines())


WRONG: list[tuple[dict[str, object], str]] = [
    ({"name": ""}, "name"),
    ({"vacant": True}, "name"),
    ({"name": "", "vacant": True, "acting": True}, "vacant"),
    ({"ends_on": date(2025, 1, 1)}, "ends_on"),
    ({"confidence": "rumour"}, "confidence"),
]


def test_what_is_no_term(recipient: Recipient) -> None:
    for fields, field in WRONG:
        with pytest.raises(Refused) as refusal:
            add(recipient, **fields)
        assert refusal.value.field == field
    assert names(recipient) == []


def test_an_overlap_is_refused_in_plain_words(recipient: Recipient) -> None:
    add(recipient)
    with pytest.raises(Refused) as refusal:
        add(recipient, name="Somebody Else", starts_on=date(2026, 12, 31), ends_on=None)
    assert "Ignazio Cassis (1 January 2026 to 31 December 2026)" in refusal.value.sentence
    assert refusal.value.field == "starts_on"
    add(recipient, name="Somebody Else", starts_on=date(2027, 1, 1), ends_on=None)
    add(recipient, name="Stands In", acting=True)
    assert len(names(recipient)) == 3


def test_an_edit_may_not_make_an_overlap_either(recipient: Recipient) -> None:
    first = add(recipient)
    second = add(recipient, name="Next", starts_on=date(2027, 1, 1), ends_on=None)
    wrong = replace(DRAFT, name="Next", starts_on=date(2026, 6, 1), ends_on=None)
    with pytest.raises(Refused):
        holding.edit_holder(second.id, wrong, seen=NOW, actor=WHO, now=NOW)
    with pytest.raises(Refused):
        holding.end_holder(first.id, on=date(2027, 2, 1), actor=WHO, now=NOW)
    holding.edit_holder(first.id, replace(DRAFT, rank="Mr."), seen=NOW, actor=WHO, now=NOW)
    db.session.rollback()
    kept = {holder.name: holder for holder in office(recipient.id).holders}
    assert kept["Next"].starts_on == date(2027, 1, 1)
    assert (kept["Ignazio Cassis"].ends_on, kept["Ignazio Cassis"].rank) == (date(2026, 12, 31), "Mr.")


def test_ending_a_term_makes_room_for_the_next(recipient: Recipient) -> None:
    present = add(recipient, ends_on=None)
    with pytest.raises(Refused):
        add(recipient, name="Next", starts_on=date(2026, 10, 1), ends_on=None)
    with pytest.raises(Refused) as refusal:
        holding.end_holder(present.id, on=date(2025, 12, 31), actor=WHO, now=NOW)
    assert refusal.value.field == "ends_on"
    holding.end_holder(present.id, on=date(2026, 9, 30), actor=WHO, now=NOW)
    add(recipient, name="Next", starts_on=date(2026, 10, 1), ends_on=None)
    assert names(recipient) == ["Ignazio Cassis", "Next"]


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_eight_new_holders_at_once_become_one(app_context: Flask, recipient: Recipient) -> None:
    def attempt() -> bool:
        try:
            add(recipient)
        except Refused:
            return False
        return True

    assert sum(at_once(8, app_context, attempt)) == 1
    assert len(names(recipient)) == 1


def test_there_must_be_an_office(app_context: Flask) -> None:
    with pytest.raises(NotFound):
        holding.add_holder(uuid.uuid4(), DRAFT, row_id=uuid.uuid4(), actor=WHO, now=NOW)
