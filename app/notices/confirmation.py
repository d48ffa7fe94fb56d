"""The mail that asks to confirm a letter, or a name under one. It holds none of what was typed."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.delivery.envelope import Recipe
from app.delivery.models import Delivery
from app.i18n.dates import long_date
from app.notices.sending import message_id, order_notice

LETTER = "confirmation"
SIGNATURE = "signature"
"""Which text asks: the folders under `templates/email/`."""


def order_confirmation(
    *,
    to: str,
    campaign_title: str,
    link: str,
    until: datetime,
    message_key: uuid.UUID,
    language: str,
    now: datetime,
    notice: str = LETTER,
) -> Recipe:
    """Return the mail, for the outbox.

    Args:
        to: the address that was typed.
        campaign_title: what the letter belongs to.
        link: where it is read and confirmed.
        until: when the link ends.
        message_key: what this mail is about; makes its Message-ID the same at every attempt.
        language: of the mail.
        now: the instant of writing.
        notice: `LETTER` or `SIGNATURE`.
    """
    return order_notice(
        notice,
        to=to,
        message_key=message_key,
        language=language,
        now=now,
        campaign_title=campaign_title,
        link=link,
        until=long_date(until.date(), language),
    )


def forget_confirmation(session: Session, message_key: uuid.UUID, notice: str = LETTER) -> None:
    """Delete a confirmation mail with its journal, in the caller's transaction: the letter is gone.

    `notice` is which mail it is: of a letter, or of a name under a joint one.
    One that is just being sent stays until the worker is done with it, and goes with the other notices.
    """
    mail = delete(Delivery).where(Delivery.message_id == message_id(notice, message_key))
    session.execute(mail.where(Delivery.kind == "notice", Delivery.state != "sending"))
