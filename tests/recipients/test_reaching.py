"""Contacts: checked in their form, used only when verified, and verified again when they change."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.database import db, transaction
from app.errors import Refused
from app.recipients import reaching
from app.recipients.changing import EditedMeanwhile
from app.recipients.drafts import ContactDraft
from app.recipients.models import Contact, Recipient
from app.recipients.resolution import email_contact
from app.recipients.second_look import seen_of
from app.security.audit import AuditEntry
from app.security.options import FOUR_EYES, switch
from tests.factories.recipients import OfficeFactory

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
WHO = "organizer:somebody"
COLLEAGUE = "organizer:somebody else"
EMAIL = ContactDraft(channel="email", value="Registry@Office.example")
POSTAL = {"street": "8–14 avenue de la Paix", "city": "Genève", "region": "", "postal_code": "1211"}
POST = ContactDraft(channel="post", postal=POSTAL, country="CH")


@pytest.fixture
def recipient(app_context: Flask) -> Recipient:
    """An office that nobody knows how to reach."""
    row: Recipient = OfficeFactory.build(contacts=[])
    with transaction() as session:
        session.add(row)
    return row


def add(recipient: Recipient, draft: ContactDraft = EMAIL) -> Contact:
    return reaching.add_contact(recipient.id, draft, row_id=uuid.uuid4(), actor=WHO, now=NOW)


def stored(contact: Contact) -> Contact:
    db.session.rollback()
    return db.session.get_one(Contact, contact.id)


def verify(contact: Contact) -> None:
    reaching.verify_contact(
        contact.id,
        seen=seen_of(stored(contact)),
        by="ani@desk.example",
        how="its own page",
        actor=COLLEAGUE,
        now=NOW,
    )


def reached(recipient: Recipient) -> str | None:
    db.session.rollback()
    contact = email_contact(db.session.get_one(Recipient, recipient.id))
    return contact.value if contact else None


def test_nothing_is_sent_to_a_contact_before_it_is_verified(recipient: Recipient) -> None:
    contact = add(recipient)
    assert reached(recipient) is None
    verify(contact)
    assert reached(recipient) == "Registry@office.example"
    now = stored(contact)
    assert (now.verified_by, now.verified_at, now.confidence) == ("ani@desk.example", NOW, "high")


WRONG = [
    (replace(EMAIL, value="nobody"), "value"),
    (replace(EMAIL, value=""), "value"),
    (replace(EMAIL, value="a@b\r\nBcc: c@d.example"), "value"),
    (replace(EMAIL, channel="pigeon"), "channel"),
    (ContactDraft(channel="web_form", value="http://office.example/form"), "value"),
    (ContactDraft(channel="web_form", value="javascript:alert(1)"), "value"),
    (ContactDraft(channel="web_form", value="https://[broken"), "value"),
    (replace(POST, postal=POSTAL | {"street": ""}), "street"),
    (replace(POST, postal=POSTAL | {"city": ""}), "city"),
    (replace(POST, country=None), "country"),
    (replace(EMAIL, confidence="rumour"), "confidence"),
]


def test_what_is_no_contact(recipient: Recipient) -> None:
    for draft, field in WRONG:
        with pytest.raises(Refused) as refusal:
            add(recipient, draft)
        assert refusal.value.field == field, draft


def test_where_it_leads_must_be_verified_again(recipient: Recipient) -> None:
    """Without the rule of two people: with it, see test_second_look."""
    switch(FOUR_EYES, False, actor=WHO, now=NOW)
    contact = add(recipient)
    verify(contact)
    reaching.edit_contact(contact.id, replace(EMAIL, note="Ask for Ms. Roy"), seen=NOW, actor=WHO, now=LATER)
    assert reached(recipient) == "Registry@office.example", "a note changes nothing about the way"
    other = replace(EMAIL, value="elsewhere@office.example")
    reaching.edit_contact(contact.id, other, seen=LATER, actor=WHO, now=LATER)
    assert reached(recipient) is None
    assert stored(contact).verified_by == ""


def test_of_two_who_edit_at_once_the_second_is_told(recipient: Recipient) -> None:
    contact = add(recipient)
    reaching.edit_contact(contact.id, replace(EMAIL, note="mine"), seen=NOW, actor=WHO, now=LATER)
    with pytest.raises(EditedMeanwhile):
        reaching.edit_contact(contact.id, replace(EMAIL, note="theirs"), seen=NOW, actor=WHO, now=LATER)


def test_suspending_withdrawing_and_back(recipient: Recipient) -> None:
    contact = add(recipient)
    verify(contact)
    for status in ("suspended", "suspended", "active", "withdrawn"):
        reaching.set_contact_status(contact.id, status, actor=WHO, now=LATER)
        assert (reached(recipient) is not None) == (status == "active")
    with pytest.raises(Refused):
        verify(contact)
    told = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)))
    assert told == [
        "contact.added",
        "contact.verified",
        "contact.suspended",
        "contact.resumed",
        "contact.withdrawn",
    ]


def test_a_postal_address_keeps_no_email_address(recipient: Recipient) -> None:
    contact = add(recipient, replace(POST, value="left over from the other kind"))
    assert (contact.value, contact.postal) == ("", POSTAL)
