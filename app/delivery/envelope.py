"""What the outbox knows of a mail: from whom, to whom, and bytes that never change again."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import idna
from flask import current_app

from app.security.keys import current_keys

LONGEST_ADDRESS = 254
"""Octets of an address in a command line (RFC 5321 §4.5.3.1.3, less the angle brackets)."""

_ADDRESS = re.compile(r"[^\s<>@\x00-\x1f\x7f]+@[^\s<>@\x00-\x1f\x7f]+\Z")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>\Z")
_TOKEN = re.compile(r"b\+([a-z2-7]{42})\Z")
_PROOF = 10
"""Bytes of HMAC in a bounce address."""


class BrokenEnvelope(ValueError):
    """The mail that was composed must not be sent: the message says why, without any datum of it."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Envelope:
    """A mail, ready to leave.

    Args:
        mail_from: the envelope sender, to which bounces go; "" for none (RFC 5321 §4.5.5).
        rcpt_to: the one recipient.
        subject: as a person reads it; for our own pages, the header is in `wire`.
        text: the letter as a person reads it; for our own pages.
        wire: the message, headers and body, with CRLF line ends (RFC 5321 §2.3.8).
        message_id: the Message-ID that stands in `wire`, with its angle brackets.

    Raises:
        BrokenEnvelope: an address could break out of its command, or the bytes out of the message
            (a lone CR or LF: what SMTP smuggling is made of), or the Message-ID is another one.
    """

    mail_from: str
    rcpt_to: str
    subject: str
    text: str
    wire: bytes
    message_id: str

    def __post_init__(self) -> None:
        _check_address(self.rcpt_to)
        if self.mail_from:
            _check_address(self.mail_from)
        if not _keeps_line_ends(self.wire):
            raise BrokenEnvelope("the message has a line end that is not CRLF")
        if not _MESSAGE_ID.match(self.message_id) or self.message_id.encode() not in self.headers:
            raise BrokenEnvelope("the message does not bear the Message-ID that it is journalled by")

    @property
    def headers(self) -> bytes:
        """The header section of the message."""
        return self.wire.partition(b"\r\n\r\n")[0]

    @property
    def domain(self) -> str:
        """The recipient's domain in its ASCII form, for pacing."""
        return ascii_address(self.rcpt_to).rpartition("@")[2].lower()

    @property
    def needs_smtputf8(self) -> bool:
        """Whether it can only go to a server that offers SMTPUTF8 (RFC 6531 §3.1)."""
        addresses = ascii_address(self.mail_from) + ascii_address(self.rcpt_to)
        return not addresses.isascii() or not self.headers.isascii()

    @property
    def needs_8bit(self) -> bool:
        """Whether it can only go to a server that offers 8BITMIME (RFC 6152)."""
        return not self.wire.isascii()


@dataclass(frozen=True, kw_only=True, repr=False)
class Recipe:
    """A mail in our own name that is composed when it leaves.

    Args:
        rcpt_to: the one recipient.
        message_id: the Message-ID that it will bear, with its angle brackets.
        ingredients: what the worker's `Composer` makes it from; the same each time.

    Raises:
        BrokenEnvelope: the address could break out of its command.
    """

    rcpt_to: str
    message_id: str
    ingredients: str

    def __post_init__(self) -> None:
        _check_address(self.rcpt_to)

    @property
    def domain(self) -> str:
        """The recipient's domain in its ASCII form, for pacing."""
        return ascii_address(self.rcpt_to).rpartition("@")[2].lower()


Composer = Callable[[str], Envelope]
"""Makes a mail from the ingredients of its recipe."""


def nothing_to_compose(_ingredients: str) -> Envelope:
    """Refuse: this worker was given only mails that are composed."""
    raise BrokenEnvelope("nobody told this worker how to compose a mail")


def _keeps_line_ends(wire: bytes) -> bool:
    # Counted: a pattern takes twenty times as long, and each mail is looked at twice.
    ends = wire.count(b"\r\n")
    return wire.count(b"\r") == ends == wire.count(b"\n") and wire.endswith(b"\r\n") and b"\0" not in wire


def _check_address(address: str) -> None:
    if not _ADDRESS.match(address) or len(address.encode()) > LONGEST_ADDRESS:
        raise BrokenEnvelope("an address is not one that can stand in a command")


def ascii_address(address: str) -> str:
    """Return an address with its domain in ASCII; the part before the @ stays as it is."""
    local, at, domain = address.rpartition("@")
    return local + at + ascii_domain(domain)


def ascii_domain(domain: str) -> str:
    """Return a domain in ASCII (RFC 5891).

    One that has no such form stays as it is: the server will say what it thinks of it.
    """
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain


def bounce_address(subject: uuid.UUID) -> str:
    """Return the envelope sender for the mail about `subject` (VERP): `b+TOKEN@bounce domain`.

    The token holds the identifier and 80 bits of HMAC, so that a forged bounce is known as such.
    Base 32, because some servers change the case of addresses.
    """
    token = base64.b32encode(subject.bytes + _proof(subject)).decode("ascii").rstrip("=").lower()
    return f"b+{token}@{_bounce_domain()}"


def subject_of_bounce(address: str) -> uuid.UUID | None:
    """Return what the mail was about that left with an envelope sender of ours.

    Args:
        address: to which something came back; in any case, with or without angle brackets.

    Returns:
        The identifier that was given to `bounce_address`; None where the address is not one of ours, or
        was made up. How long it takes does not tell how much of a made-up one is right.
    """
    local, _at, domain = address.strip().strip("<>").lower().rpartition("@")
    found = _TOKEN.match(local)
    if found is None or domain != _bounce_domain().lower():
        return None
    try:
        decoded = base64.b32decode(found[1].upper() + "=" * (-len(found[1]) % 8))
    except binascii.Error:
        return None
    subject = uuid.UUID(bytes=decoded[:16])
    # The address as we would write it, too: the last letter has two bits that no byte needs.
    same = hmac.compare_digest(decoded[16:], _proof(subject))
    return subject if same and bounce_address(subject) == f"{local}@{domain}" else None


def _proof(subject: uuid.UUID) -> bytes:
    return current_keys().mac("bounce", subject.bytes)[:_PROOF]


def _bounce_domain() -> str:
    domain: str = current_app.config["REDRESS_SETTINGS"].bounce_domain
    return domain
