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

from app.delivery.dkim import signed
from app.delivery.envelope import Envelope, Recipe, bounce_address
from app.rendering.mail import Attachment, Mailbox, compose, wire_address
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


def addressee_of(ingredients: str) -> str:
    """Return the address to which an ordered notice goes."""
    return str(json.loads(ingredients)[1])


def subject_of(ingredients: str) -> str:
    """Return the subject of an ordered notice, without composing the rest of it."""
    notice, _to, _key, language, _written_at, values = json.loads(ingredients)
    return filled(notice, language=language, **values)[0]


def compose_notice(ingredients: str) -> Envelope:
    """Compose a notice as it was ordered: a `delivery.envelope.Composer`."""
    notice, to, key, language, written_at, values = json.loads(ingredients)
    message_key = uuid.UUID(key)
    subject, text = filled(notice, language=language, **values)
    return notice_envelope(
        notice,
        to=to,
        message_key=message_key,
        subject=subject,
        text=text,
        now=datetime.fromisoformat(written_at),
        manner=_manner(values),
    )


def notice_envelope(
    notice: str,
    *,
    to: str,
    message_key: uuid.UUID,
    subject: str,
    text: str,
    now: datetime,
    reply_to: str = "",
    attached: Attachment | None = None,
    manner: Mapping[str, Any] | None = None,
) -> Envelope:
    """Return a mail in our own name.

    Args:
        notice: as for `order_notice`.
        to: the address.
        message_key: as for `order_notice`.
        subject: one line.
        text: its body.
        now: its Date.
        reply_to: to whom an answer goes, if to anybody.
        attached: a file that it carries.
        manner: from whom it is and its further headers, where it is not as our own mails usually are.

    Raises:
        UnsafeHeader: `reply_to` is not a plain address.
    """
    wire = compose(
        to=Mailbox("", to),
        reply_to=Mailbox("", reply_to) if reply_to else None,
        subject=subject,
        date=now,
        message_id=message_id(notice, message_key),
        text=text,
        attached=attached,
        **(manner or _own_name()),
    )
    return Envelope(
        mail_from=bounce_address(message_key),
        rcpt_to=wire_address(to),
        subject=subject,
        wire=signed(wire),
        text=text,
        message_id=message_id(notice, message_key),
    )


def filled(notice: str, *, language: str, **values: str) -> tuple[str, str]:
    """Return subject and text of a notice from its templates, in `language`."""
    settings = current_app.config["REDRESS_SETTINGS"]
    with force_locale(language):
        folder = f"email/{notice}"
        known = {"site_name": settings.site_name, "base_url": settings.base_url, "language": language}
        subject = " ".join(_filled(f"{folder}/subject.txt", values | known).split())
        text = _filled(f"{folder}/body.txt", values | known).strip() + "\n"
    return subject, text


def _own_name() -> dict[str, Any]:
    settings = current_app.config["REDRESS_SETTINGS"]
    sender = Mailbox(settings.site_name, f"noreply@{settings.mail_from}")
    return {"sender": sender, "auto_submitted": "auto-generated"}


def _manner(values: Mapping[str, str]) -> dict[str, Any]:
    """Return from whom a notice is, and its further headers: news are a list's mail, all else a program's."""
    if "list_id" not in values:
        return _own_name()
    settings = current_app.config["REDRESS_SETTINGS"]
    further = {
        "List-Id": values["list_id"],
        "List-Unsubscribe": f"<{values['stop_link']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058 §3.1
    }
    sender = Mailbox(values["campaign_title"], f"noreply@{settings.mail_from}")
    return {"sender": sender, "extra": further}


def _filled(template: str, values: Mapping[str, object]) -> str:
    # Not Flask's render_template: a mail has no request, no session and no form whose context it would need.
    return current_app.jinja_env.get_template(template).render(values)


def message_id(purpose: str, *keys: uuid.UUID) -> str:
    """Return a Message-ID (RFC 5322 §3.6.4): the same each time for the same mail, and telling nothing."""
    settings = current_app.config["REDRESS_SETTINGS"]
    digest = current_keys().mac(f"message-id:{purpose}", b"".join(key.bytes for key in keys))
    unique = base64.b32encode(digest[:20]).decode("ascii").lower()
    return f"<{unique}@{settings.mail_from}>"


def message_ids_about(message_key: uuid.UUID) -> list[str]:
    """Return the Message-IDs of all mails in our own name that there can be about something."""
    folders = current_app.jinja_env.list_templates(filter_func=lambda name: name.startswith("email/"))
    return [
        message_id(notice, message_key)
        for notice in sorted({name.split("/")[1] for name in folders} | {TRIAL})
    ]


TRIAL = "trial"
"""The purpose of a letter that an organizer sends to themselves; it needs no templates of its own."""
