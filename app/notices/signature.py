"""The mail that asks somebody to confirm that they sign. It holds none of their text: anybody can type it."""

from __future__ import annotations

import uuid
from datetime import datetime

from app.delivery.envelope import Recipe
from app.i18n.dates import long_date
from app.notices.sending import order_notice

NOTICE = "signature"


def order_signature(
    *,
    to: str,
    campaign_title: str,
    link: str,
    until: datetime,
    message_key: uuid.UUID,
    language: str,
    now: datetime,
) -> Recipe:
    """Return the mail, for the outbox.

    Args:
        to: the address that was typed.
        campaign_title: what the joint letter belongs to.
        link: where it is read and confirmed.
        until: when the link ends.
        message_key: what this mail is about; makes its Message-ID the same at every attempt.
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
        until=long_date(until.date(), language),
    )
