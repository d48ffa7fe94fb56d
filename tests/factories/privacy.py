"""Links to one's own data, asked for and found in the mailbox."""

from __future__ import annotations

import re
from datetime import datetime

from app import clock
from app.letters.privacy.links import ask_for_link
from tests.factories.letters import Notice, notices


def ask(address: str, *, now: datetime | None = None, network: str | None = None) -> None:
    """Ask for the link to what is stored about an address."""
    ask_for_link(address, language="en", network=network, now=now or clock.now())


def links(to: str | None = None) -> list[Notice]:
    """Return the mails that bring such a link, oldest first."""
    return [mail for mail in notices(to) if "/privacy/" in mail.text]


def own_token(mail: Notice) -> str:
    """Return the token of the link in a mail."""
    (token,) = re.findall(r"/privacy/([\w-]{43})\s", mail.text)
    return str(token)


def token_for_own_data(address: str, *, now: datetime | None = None) -> str:
    """Ask for the link and return its token."""
    ask(address, now=now)
    return own_token(links(address)[-1])
