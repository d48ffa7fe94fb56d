"""The page behind a link: what is stored, and until when the link is good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.database import db
from app.letters.privacy.links import mailbox_behind
from app.letters.privacy.stored import Stored, read_stored


@dataclass(frozen=True)
class OwnData:
    """What somebody sees of their own data; `until` is when the link ends."""

    stored: Stored
    until: datetime


def look_at_own_data(token: str, language: str, *, now: datetime) -> OwnData:
    """Return what is stored about the mailbox behind a link. Changes nothing.

    Raises:
        NotFound: there is no such link.
        LinkOver: it has ended.
    """
    link = mailbox_behind(db.session, token, now=now)
    return OwnData(read_stored(link.email_index, language), link.until)
