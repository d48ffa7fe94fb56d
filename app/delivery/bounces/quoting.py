"""What a person wrote to a bounce address, so that it can be handed on."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr

from app.delivery.bounces.arrival import OURS, TEXT, TOKEN_LENGTH, header, parse, text_of
from app.rendering.mail import wire_address
from app.rendering.sentences import RenderingError
from app.rendering.typography import visible

_LINE = 200


@dataclass(frozen=True, repr=False)
class Quote:
    """An answer in the words of whoever wrote it.

    Attributes:
        sender: as it stands in its header.
        address: to which an answer can go, or "".
        subject: one line.
        text: the beginning of its text.
        whole: whether nothing of that text is left out.
    """

    sender: str
    address: str
    subject: str
    text: str
    whole: bool


def quote(raw: bytes) -> Quote:
    """Return what a person wrote. Never raises: what cannot be read is left out."""
    try:
        message = parse(without_tokens(raw))
        text = text_of(message).replace("\r\n", "\n").replace("\r", "\n")
        sender = header(message, "From")
        answers = header(message, "Reply-To") or sender
        subject = header(message, "Subject")
    except Exception:  # as in `reading`
        text = sender = answers = subject = ""
    return Quote(
        sender=visible(sender)[:_LINE],
        address=_plain(answers),
        subject=visible(subject)[:_LINE],
        text=visible(text).strip(),
        whole=len(text) < TEXT,
    )


def without_tokens(raw: bytes) -> bytes:
    """Return a message in which no bounce address can be read.

    Whoever knows the one of a letter could have it come back; what it is replaced by is as long.
    """
    return OURS.sub(lambda found: b"b+" + b"x" * TOKEN_LENGTH + found[0][2 + TOKEN_LENGTH :], raw)


def _plain(mailbox: str) -> str:
    address = parseaddr(mailbox)[1]
    try:
        return wire_address(address)
    except RenderingError:
        return ""
