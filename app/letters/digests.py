"""The mail that brings an office all letters of a day: a cover in our own name, and each letter whole."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from flask import current_app
from sqlalchemy import select

from app.database import db
from app.delivery.dkim import signed
from app.delivery.envelope import Envelope, bounce_address
from app.delivery.models import Delivery
from app.notices.sending import filled, message_id
from app.recipients.models import Recipient
from app.rendering.forms_of_address import LANGUAGES
from app.rendering.mail import Mailbox, compose

DIGEST: Final = "digest"


def compose_digest(digest_id: uuid.UUID, letters: Sequence[Envelope], now: datetime) -> Envelope:
    """Return the mail that carries letters, each byte for byte: a `delivery.gathering.Gatherer`.

    Args:
        digest_id: what its Message-ID and its envelope sender are made from.
        letters: as they would leave by themselves.
        now: its Date.
    """
    settings = current_app.config["REDRESS_SETTINGS"]
    address = letters[0].rcpt_to
    subject, text = filled(DIGEST, language=_language(digest_id), count=str(len(letters)))
    wire = compose(
        sender=Mailbox(settings.site_name, f"letters@{settings.mail_from}"),
        to=Mailbox("", address),
        reply_to=None,
        subject=subject,
        date=now,
        message_id=message_id(DIGEST, digest_id),
        text=text,
        enclosed=[letter.wire for letter in letters],
    )
    return Envelope(
        mail_from=bounce_address(digest_id),
        rcpt_to=address,
        subject=subject,
        wire=signed(wire),
        text=text,
        message_id=message_id(DIGEST, digest_id),
    )


def left_as(own: str | None, digest_id: uuid.UUID | None) -> str:
    """Return the Message-ID under which a mail server knows a delivery: its own, or that of its digest."""
    return message_id(DIGEST, digest_id) if digest_id else own or ""


def members(digest_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the deliveries that left, or were tried last, in a digest."""
    query = select(Delivery.id).where(Delivery.digest_id == digest_id).order_by(Delivery.id)
    with db.sessionmaker() as session:
        return list(session.scalars(query))


def _language(digest_id: uuid.UUID) -> str:
    """Return the language in which the office of a digest is addressed."""
    query = (
        select(Recipient.languages)
        .join(Delivery, Delivery.recipient_id == Recipient.id)
        .where(Delivery.digest_id == digest_id)
        .limit(1)
    )
    with db.sessionmaker() as session:
        languages = session.scalar(query) or []
    return next((language for language in languages if language in LANGUAGES), "en")
