"""Letters on their way: drafted, written, confirmed, by the services that the pages call."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import factory
from sqlalchemy import select

from app import clock
from app.campaigns.reading import page_of
from app.database import db
from app.delivery.models import Delivery
from app.letters.confirming import confirm
from app.letters.draft import Draft, Writer
from app.letters.snapshot import open_snapshot
from app.letters.writing import Written, write
from app.notices.sending import compose_notice

OWN_WORDS = "My grandmother drew water from that well.\n\nPlease remember her."


class WriterFactory(factory.Factory):
    """Somebody in Lyon who gives only what must be given."""

    class Meta:
        model = Writer

    name = factory.Sequence(lambda n: f"Mariam Writer {n}")
    email = factory.Sequence(lambda n: f"writer-{n}@people.example")
    country = "FR"
    city = "Lyon"


class DraftFactory(factory.Factory):
    """A letter as it comes from the form."""

    class Meta:
        model = Draft

    recipients: Any = ()
    personal_message = OWN_WORDS
    writer = factory.SubFactory(WriterFactory)
    language = "en"
    updates = False
    submission_key = factory.LazyFunction(uuid.uuid4)


def write_letter(slug: str, *, now: datetime | None = None, **draft: Any) -> Written:
    """Write a letter to every office of a campaign that can be written to, and return what became of it.

    Needs an application context. Keywords are those of `DraftFactory`.
    """
    now = now or clock.now()
    # As at the beginning of a request: what an earlier one read is forgotten.
    db.session.rollback()
    snapshot = open_snapshot(slug, "en", day=now.date())
    if "recipients" not in draft:
        draft["recipients"] = tuple(office.slug for office in snapshot.offices if office.addressable)
    page = page_of(snapshot.campaign, "en", today=now.date())
    return write(snapshot, page, DraftFactory.build(**draft), network=None, now=now)


@dataclass(frozen=True)
class Notice:
    """One of our own mails in the outbox, as a worker will compose it."""

    id: uuid.UUID
    state: str
    due_at: datetime | None
    priority: int
    message_id: str
    envelope_from: str
    envelope_to: str
    subject: str
    text: str
    wire: bytes


def notices(to: str | None = None) -> list[Notice]:
    """Return our own mails in the outbox, oldest first; with `to`, those to one address."""
    mails = [_composed(row) for row in _ordered() if to is None or to in row.recipe]
    return [mail for mail in mails if to is None or mail.envelope_to == to]


def _ordered() -> list[Delivery]:
    db.session.rollback()
    query = select(Delivery).where(Delivery.kind == "notice").order_by(Delivery.created_at, Delivery.id)
    return list(db.session.scalars(query))


def _composed(row: Delivery) -> Notice:
    mail = compose_notice(row.recipe)
    assert mail.message_id == row.message_id
    return Notice(
        id=row.id,
        state=row.state,
        due_at=row.due_at,
        priority=row.priority,
        message_id=mail.message_id,
        envelope_from=mail.mail_from,
        envelope_to=mail.rcpt_to,
        subject=mail.subject,
        text=mail.text,
        wire=mail.wire,
    )


def copies() -> list[Delivery]:
    """Return the copies of all letters, in the order of their campaigns."""
    db.session.rollback()
    query = select(Delivery).where(Delivery.kind == "letter").order_by(Delivery.position, Delivery.created_at)
    return list(db.session.scalars(query))


def token_in(mail: Notice) -> str:
    """Return the token of the confirmation link in a mail."""
    return _token(mail.text)


def _token(text: str) -> str:
    found = re.findall(r"/confirm/([\w-]+)(?![\w-])", text)
    assert len(found) == 1, f"{len(found)} links in the mail"
    return str(found[0])


def write_and_find_token(slug: str, *, now: datetime | None = None, **draft: Any) -> str:
    """Write a letter and return the token that its confirmation mail will hold."""
    before = {row.id for row in _ordered()}
    write_letter(slug, now=now, **draft)
    (new,) = [row for row in _ordered() if row.id not in before]
    # What the mail is made of has the link already; that the mail has it too is looked at in tests/notices.
    return _token(new.recipe)


def write_and_confirm(slug: str, *, now: datetime | None = None, **draft: Any) -> str:
    """Write and confirm a letter, and return the token of its page."""
    now = now or clock.now()
    return confirm(write_and_find_token(slug, now=now, **draft), now=now)
