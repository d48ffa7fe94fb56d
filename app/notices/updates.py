"""The mail that brings news of a campaign to who asked for it: a list's mail, stopped with one click."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import current_app

from app.delivery.envelope import Recipe
from app.notices.sending import filled, order_notice

NOTICE = "update"
STOP_PATH = "/updates/"


def order_update(
    *,
    to: str,
    campaign_title: str,
    campaign_slug: str,
    subject: str,
    text: str,
    token: str,
    message_key: uuid.UUID,
    language: str,
    now: datetime,
) -> Recipe:
    """Return the mail, for the outbox.

    Args:
        to: the supporter's address.
        campaign_title: whom it is from.
        campaign_slug: names the list (RFC 2919).
        subject, text: what an organizer wrote.
        token: of the link that stops further ones.
        message_key: this one mail; makes its Message-ID the same at each attempt.
        language: of what stands below the text.
        now: the instant of sending.
    """
    settings = current_app.config["REDRESS_SETTINGS"]
    return order_notice(
        NOTICE,
        to=to,
        message_key=message_key,
        language=language,
        now=now,
        campaign_title=campaign_title,
        list_id=f"<{campaign_slug}.updates.{settings.mail_from}>",
        stop_link=f"{settings.base_url}{STOP_PATH}{token}",
        update_subject=subject,
        update_text=text,
    )


def words_of_update(*, campaign_title: str, subject: str, text: str, language: str) -> tuple[str, str]:
    """Return subject and body as somebody will get them, with a link that leads nowhere."""
    base = current_app.config["REDRESS_SETTINGS"].base_url
    values = {
        "campaign_title": campaign_title,
        "stop_link": f"{base}{STOP_PATH}…",
        "update_subject": subject,
        "update_text": text,
    }
    return filled(NOTICE, language=language, **values)
