"""The mail that asks what came back to a letter. It holds none of its text."""

from __future__ import annotations

import uuid
from datetime import datetime

from app.delivery.envelope import Recipe
from app.notices.sending import order_notice

NOTICE = "replies"


def order_question(
    *,
    to: str,
    campaign_title: str,
    link: str,
    stop_link: str,
    message_key: uuid.UUID,
    language: str,
    now: datetime,
) -> Recipe:
    """Return the mail, for the outbox.

    Args:
        to: the supporter's address.
        campaign_title: what the letter belongs to.
        link: where they tell it.
        stop_link: where they say that they do not want to be asked again.
        message_key: the letter; makes its Message-ID the same each time.
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
        stop_link=stop_link,
    )
