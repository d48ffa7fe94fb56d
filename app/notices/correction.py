"""The mail that asks a supporter whether a corrected letter may go. It holds none of their text."""

from __future__ import annotations

import uuid
from datetime import datetime

from app.delivery.envelope import Recipe
from app.notices.sending import message_id, order_notice

NOTICE = "correction"


def order_correction(
    *, to: str, campaign_title: str, link: str, message_key: uuid.UUID, language: str, now: datetime
) -> Recipe:
    """Return the mail, for the outbox.

    Args:
        to: the supporter's address.
        campaign_title: what the letter belongs to.
        link: of the letter's page.
        message_key: what this mail is about; makes its Message-ID the same each time.
        language: of the mail.
        now: the instant of writing.
    """
    return order_notice(
        NOTICE,
        to=to,
        message_key=message_key,
        language=language,
        now=now,
        campaign_title=campaign_title,
        link=link,
    )


def correction_message_id(message_key: uuid.UUID) -> str:
    """Return the Message-ID of the mail about `message_key`."""
    return message_id(NOTICE, message_key)
