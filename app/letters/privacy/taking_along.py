"""What is stored about somebody, as a file: JSON with names that a person can read."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any, Final

from flask import current_app

from app.database import db, transaction
from app.letters.privacy.links import mailbox_behind
from app.letters.privacy.stored import Stored, nothing_stored, read_stored
from app.security import audit
from app.supporters.addresses import address_index

FILENAME: Final = "what-is-stored-about-me.json"

_NAMES: Final = {
    "people": "who you said that you are",
    "mails": "our mails to you",
    "never_mail_since": "you asked never to be written to, on",
    "never_ask_since": "you asked not to be asked about answers again, on",
    "text_until": "text is kept until",
    "identity_until": "writer is kept until",
    "until": "kept until",
    "own_words": "in your own words",
    "told": "what you told came back",
    "answer": "answer that you shared",
    "label": "state in words",
    "line": "signed as",
    "public": "in the public list",
}
"""Of what is not well called by its own name."""


def take_along_behind(token: str, language: str, *, now: datetime) -> str:
    """Return all that is stored about the mailbox behind a link, as JSON; that it was, is written down.

    Args:
        token: of the link, which stays good until it ends.
        language: of titles and states.
        now: the instant.

    Raises:
        NotFound: there is no such link.
        LinkOver: it has ended.
    """
    link = mailbox_behind(db.session, token, now=now)
    return _taken_along(link.email_index, language, actor=audit.SUPPORTER, now=now)


def take_along(address: str, language: str, *, actor: str, now: datetime) -> str:
    """Return all that is stored about a mailbox, as JSON; that `actor` had it is written down first.

    Raises:
        NotFound: there is nothing.
    """
    return _taken_along(address_index(address), language, actor=actor, now=now)


def _taken_along(mailbox: bytes, language: str, *, actor: str, now: datetime) -> str:
    stored = read_stored(mailbox, language)
    if not stored:
        raise nothing_stored()
    with transaction() as session:
        audit.record(
            session, "privacy.exported", actor=actor, now=now, detail={"letters": str(len(stored.letters))}
        )
    return as_json(stored, now=now)


def as_json(stored: Stored, *, now: datetime) -> str:
    """Return what is stored, as indented JSON; times are UTC, and what is empty is left out."""
    settings = current_app.config["REDRESS_SETTINGS"]
    head = {"site": settings.site_name, "address of the site": settings.base_url, "made at": _plain(now)}
    return json.dumps(head | _plain(stored), ensure_ascii=False, indent=2) + "\n"


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        parts = {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
        return {_name(name): part for name, part in parts.items() if part not in (None, "", [], {})}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value


def _name(name: str) -> str:
    return _NAMES.get(name, name.replace("_", " "))
