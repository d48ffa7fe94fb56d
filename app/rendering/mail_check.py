"""The last look at a mail before it is let go: parse the bytes and hold them against what was meant.

This knows nothing of how the bytes were made; it reads them as a stranger's mail program would.
"""

from __future__ import annotations

import email.policy
import re
from dataclasses import dataclass
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses

from app.rendering.mail_body import Attachment
from app.rendering.mail_headers import LONGEST_LINE, Mailbox, wire_address
from app.rendering.sentences import N_, RenderingError

_ALWAYS = frozenset({"Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"})


class NotAsMeant(RenderingError):
    """The bytes of a message say something else than was asked for. It must not be sent."""

    def __init__(self, what: str) -> None:
        super().__init__(N_("The finished message is not as it was meant: %(what)s."), what=what)


@dataclass(frozen=True)
class Expected:
    """What a message must say, and nothing beside it. `further_headers` are those that not every mail has."""

    sender: Mailbox
    to: Mailbox
    reply_to: Mailbox | None
    subject: str
    text: str
    html: str | None
    further_headers: frozenset[str]
    attached: Attachment | None = None
    enclosed: tuple[bytes, ...] = ()


def check(message: bytes, expected: Expected) -> None:
    """Compare a finished message with what was meant.

    Raises:
        NotAsMeant: at the first difference.
    """
    _check_lines(message)
    parsed = BytesParser(policy=email.policy.compat32).parsebytes(message)
    _check_names(parsed, expected)
    _check_people(parsed, expected)
    if _decoded(_raw(parsed, "Subject")) != expected.subject:
        raise NotAsMeant("Subject")
    if expected.enclosed:
        parsed = _check_enclosed(message, parsed, expected.enclosed)
    _check_bodies(parsed, expected)


def _check_enclosed(message: bytes, parsed: Message, enclosed: tuple[bytes, ...]) -> Message:
    """Compare the messages in a digest with what was meant, to the byte; return the part before them."""
    parts = parsed.get_payload()
    if not isinstance(parts, list) or len(parts) != 2 or parsed.defects or not message.isascii():
        raise NotAsMeant("digest")
    first, digest = parts
    if not isinstance(first, Message) or not isinstance(digest, Message):
        raise NotAsMeant("digest")
    pieces = message.split(f"\r\n--{digest.get_boundary()}".encode())[1:-1]
    if digest.get_content_type() != "multipart/digest" or not pieces:
        raise NotAsMeant("digest")
    if tuple(piece.partition(b"\r\n\r\n")[2] for piece in pieces) != enclosed:
        raise NotAsMeant("digest")
    return first


def _check_lines(message: bytes) -> None:
    longest = max(map(len, message.split(b"\r\n")))
    if longest > LONGEST_LINE or re.search(rb"(?<!\r)\n|\r(?!\n)|\0", message):
        raise NotAsMeant("lines")


def _check_names(parsed: Message, expected: Expected) -> None:
    is_single = expected.html is None and expected.attached is None and not expected.enclosed
    encoding = {"Content-Transfer-Encoding"} if is_single else set()
    names = [name for name, _value in parsed.raw_items()]
    if sorted(names) != sorted(_ALWAYS | encoding | expected.further_headers):
        raise NotAsMeant("headers")


def _check_people(parsed: Message, expected: Expected) -> None:
    meant = {"From": expected.sender, "To": expected.to, "Reply-To": expected.reply_to}
    for header, mailbox in meant.items():
        if mailbox is None:
            continue
        found = [(_decoded(name), address) for name, address in getaddresses([_raw(parsed, header)])]
        if found != [(mailbox.name, wire_address(mailbox.address, header))]:
            raise NotAsMeant(header)


def _check_bodies(parsed: Message, expected: Expected) -> None:
    meant: dict[str, str | bytes] = {"text/plain": expected.text}
    if expected.html is not None:
        meant["text/html"] = expected.html
    if expected.attached is not None:
        meant["application/octet-stream"] = expected.attached.data
    parts = [part for part in parsed.walk() if not part.is_multipart()]
    found = {part.get_content_type(): _content(part) for part in parts}
    if found != meant or len(parts) != len(meant) or any(part.defects for part in parsed.walk()):
        raise NotAsMeant("text")


def _content(part: Message) -> str | bytes:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        raise NotAsMeant("text")
    if part.get_content_maintype() != "text":
        return data
    return data.replace(b"\r\n", b"\n").decode(errors="replace")


def _raw(parsed: Message, header: str) -> str:
    """Return the one value of a header, unfolded, as it stands in the bytes (UTF-8, RFC 6532)."""
    values = [value for name, value in parsed.raw_items() if name == header]
    if len(values) != 1:
        raise NotAsMeant(header)
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", str(values[0]))
    return unfolded.encode(errors="surrogateescape").decode(errors="replace")


def _decoded(value: str) -> str:
    """Return a header's text with its encoded words decoded (RFC 2047)."""
    return "".join(
        part if isinstance(part, str) else part.decode(charset or "utf-8", errors="replace")
        for part, charset in decode_header(value)
    )
