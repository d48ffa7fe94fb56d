"""From a folder of templates (`subject.txt`, `body.txt`) to a mail in the outbox.

What is stored with the decision to write is a recipe; a worker composes the mail as it leaves, so
that nobody at a screen waits for that. Plain text: the same in every mail program, nothing to load,
and no link that hides behind a word.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import force_locale

from app.delivery.envelope import Envelope, Recipe, bounce_address
from app.rendering.mail import Mailbox, compose, wire_address
from app.security.keys import current_keys


def order_notice(
    notice: str,
    *,
    to: str,
    message_key: uuid.UUID,
    language: str,
    now: datetime,
    **values: str,
) -> Recipe:
    """Return a notice for the outbox, to be composed by a worker.

    Args:
        notice: name of the folder under `templates/email/`.
        to: the address.
        message_key: what the mail is about; with `notice` it makes the Message-ID.
        language: of the mail.
        now: its Date.
        values: for its templates.
    """
    ingredients = [notice, to, message_key.hex, language, now.isoformat(), values]
    return Recipe(rcpt_to=to, message_id=message_id(notice, message_key), ingredients=json.dumps(ingredients))


def compose_notice(ingredients: str) -> Envelope:
    """Compose a notice as it was ordered: a `delivery.envelope.Composer`."""
    notice, to, key, language, written_at, values = json.loads(ingredients)
    message_key = uuid.UUID(key)
    subject, text = words_of_notice(notice, language, values)
    wire = compose(
        to=Mailbox("", to),
        reply_to=None,
        subject=subject,
        date=datetime.fromisoformat(written_at),
        message_id=message_id(notice, message_key),
        text=text,
        **_manner(values),
    )
    return Envelope(
        mail_from=bounce_address(message_key),
        rcpt_to=wire_address(to),
        subject=subject,
        wire=wire,
        text=text,
        message_id=message_id(notice, message_key),
    )


def words_of_notice(notice: str, language: str, values: Mapping[str, str]) -> tuple[str, str]:
    """Return subject and text of a notice in a language, filled with values."""
    settings = current_app.config["REDRESS_SETTINGS"]
    about = {"site_name": settings.site_name, "base_url": settings.base_url, "language": language}
    with force_locale(language):
        subject = " ".join(_filled(f"email/{notice}/subject.txt", {**values, **about}).split())
        text = _filled(f"email/{notice}/body.txt", {**values, **about}).strip() + "\n"
    return subject, text


def _manner(values: Mapping[str, str]) -> dict[str, Any]:
    """Return from whom a notice is, and its further headers: news are a list's mail, all else a program's."""
    settings = current_app.config["REDRESS_SETTINGS"]
    address = f"noreply@{settings.mail_from}"
    if "list_id" not in values:
        return {"sender": Mailbox(settings.site_name, address), "auto_submitted": "auto-generated"}
    further = {
        "List-Id": values["list_id"],
        "List-Unsubscribe": f"<{values['stop_link']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058 §3.1
    }
    return {"sender": Mailbox(values["campaign_title"], address), "extra": further}


def _filled(template: str, values: Mapping[str, object]) -> str:
    # Not Flask's render_template: a mail has no request, no session and no form whose context it would need.
    return current_app.jinja_env.get_template(template).render(values)


def message_id(purpose: str, *keys: uuid.UUID) -> str:
    """Return a Message-ID (RFC 5322 §3.6.4): the same each time for the same mail, and telling nothing."""
    settings = current_app.config["REDRESS_SETTINGS"]
    digest = current_keys().mac(f"message-id:{purpose}", b"".join(key.bytes for key in keys))
    unique = base64.b32encode(digest[:20]).decode("ascii").lower()
    return f"<{unique}@{settings.mail_from}>"
