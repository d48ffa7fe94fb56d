"""Reading back what the Maildir sender wrote: for the development mailbox and for tests."""

from __future__ import annotations

import email
import mailbox
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

LINK = re.compile(r"https?://[^\s<>\"]+")
MOST = 200
"""Mails that the list shows; a mailbox of a development site is looked at, not searched."""


@dataclass(frozen=True)
class Mail:
    """A mail as its reader sees it. `pieces` is the text cut at links: (text, is a link)."""

    key: str
    sender: str
    to: str
    reply_to: str
    subject: str
    date: datetime | None
    message_id: str
    text: str

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The text in order, cut where links begin and end."""
        cut, at = [], 0
        for found in LINK.finditer(self.text):
            cut += [(self.text[at : found.start()], False), (found.group(), True)]
            at = found.end()
        return [*cut, (self.text[at:], False)]


def read_mails(folder: Path) -> list[Mail]:
    """Return the mails of a Maildir, newest first; none if there is no such folder yet."""
    if not (folder / "new").is_dir():
        return []
    paths = [path for part in ("new", "cur") for path in (folder / part).glob("*")]
    paths.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [_mail(path.name.split(":", 1)[0], path.read_bytes()) for path in paths[:MOST]]


def read_mail(folder: Path, key: str) -> Mail | None:
    """Return one mail, or None where there is none of that name."""
    if not (folder / "new").is_dir():
        return None
    try:
        return _mail(key, mailbox.Maildir(folder, create=False).get_bytes(key))
    except KeyError:
        return None


def _mail(key: str, raw: bytes) -> Mail:
    message: EmailMessage = email.message_from_bytes(raw, policy=default)
    body = message.get_body(("plain",))
    return Mail(
        key=key,
        sender=str(message["From"] or ""),
        to=str(message["To"] or ""),
        reply_to=str(message["Reply-To"] or ""),
        subject=str(message["Subject"] or ""),
        date=parsedate_to_datetime(message["Date"]) if message["Date"] else None,
        message_id=str(message["Message-ID"] or ""),
        text=body.get_content().replace("\r\n", "\n") if body else "",
    )
