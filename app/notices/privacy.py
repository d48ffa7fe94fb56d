"""The mail with the link to what is stored about a mailbox. It holds none of that."""

from __future__ import annotations

import uuid
from datetime import datetime

from app.delivery.envelope import Recipe
from app.notices.sending import order_notice

NOTICE = "privacy"


def order_privacy_link(
    *, to: str, link: str, minutes: int, message_key: uuid.UUID, language: str, now: datetime
) -> Recipe:
    """Return the mail, for the outbox.

    Args:
        to: the address, as it is stored here.
        link: where the page is.
        minutes: how long the link is good.
        message_key: the link; makes its Message-ID the same at every attempt.
        language: of the mail.
        now: the instant of asking.
    """
    return order_notice(
        NOTICE,
        to=to,
        message_key=message_key,
        language=language,
        now=now,
        link=link,
        minutes=str(minutes),
    )
