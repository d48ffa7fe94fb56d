"""The mail that asks a supporter to confirm. It holds none of their text: anybody can type an address."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from app.i18n.dates import long_date
from app.notices.sending import post_notice


def ask_to_confirm(
    session: Session,
    *,
    to: str,
    campaign_title: str,
    link: str,
    until: datetime,
    message_key: uuid.UUID,
    language: str,
    now: datetime,
) -> None:
    """Put the confirmation mail into the outbox, in the caller's transaction.

    Args:
        session: the transaction in which the letter is stored.
        to: the address that was typed.
        campaign_title: what the letter belongs to.
        link: where it is read and confirmed.
        until: when the link ends.
        message_key: what this mail is about; makes its Message-ID the same at every attempt.
        language: of the mail.
        now: the instant of writing.
    """
    post_notice(
        session,
        "confirmation",
        to=to,
        message_key=message_key,
        language=language,
        now=now,
        campaign_title=campaign_title,
        link=link,
        until=long_date(until.date(), language),
    )
