"""Mails as bytes: composed once, the same for the same input, and read again before they are let go.

The standard library's generator is not used: before Python 3.11.10 it could be talked into writing a
header of its own (CVE-2024-6923). Here every field is written by us, and the finished bytes are
parsed and held against what was asked for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from types import MappingProxyType

from app.rendering.mail_body import Attachment, Body, UnsafeBody, encode, encode_file
from app.rendering.mail_check import Expected, NotAsMeant, check
from app.rendering.mail_headers import (
    Mailbox,
    UnsafeHeader,
    exact_field,
    mailbox_field,
    text_field,
    wire_address,
)
from app.rendering.sentences import N_

__all__ = [
    "EXTRA_HEADERS",
    "Attachment",
    "Mailbox",
    "NotAsMeant",
    "UnsafeBody",
    "UnsafeHeader",
    "compose",
    "needs_smtputf8",
    "wire_address",
]

EXTRA_HEADERS = frozenset(
    {"Content-Language", "Feedback-ID", "List-Help", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"}
)
"""Headers that a caller may add; no other can come into a message."""

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=^_`{|}~.\-]+@[A-Za-z0-9.\-]+>")
_AUTO_SUBMITTED = re.compile(r"[a-z]+(?:-[a-z]+)*")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
_NONE: Mapping[str, str] = MappingProxyType({})


def compose(
    *,
    sender: Mailbox,
    to: Mailbox,
    reply_to: Mailbox | None,
    subject: str,
    date: datetime,
    message_id: str,
    text: str,
    html: str | None = None,
    auto_submitted: str | None = None,
    extra: Mapping[str, str] = _NONE,
    attached: Attachment | None = None,
    enclosed: Sequence[bytes] = (),
) -> bytes:
    """Return a message to one recipient, with CRLF line ends and in seven bits.

    Only an address with a non-ASCII local part makes it eight bits (`needs_smtputf8`).

    Args:
        sender, to, reply_to: domains may be international; they are written in ASCII (`wire_address`).
        subject: one line.
        date: when it was written, with its time zone.
        message_id: with its angle brackets.
        text: the body; lines end with LF. What is decoded is this text, to the byte.
        html: the same as HTML, if there is any.
        auto_submitted: value of that header (RFC 3834), such as "auto-generated".
        extra: further headers out of `EXTRA_HEADERS`, ASCII.
        attached: a file that it carries.
        enclosed: whole messages in seven bits that it carries as they are, as a digest (RFC 2046 §5.1.5).

    Raises:
        UnsafeHeader: if a value must not reach a header.
        UnsafeBody: if a body cannot be carried.
        NotAsMeant: if the finished bytes, parsed again, are not what was asked for.
        ValueError: if `date` has no time zone.
    """
    if date.tzinfo is None:
        raise ValueError("a message's date needs a time zone")
    fields = [
        exact_field("Date", format_datetime(date)),
        mailbox_field("From", sender),
        mailbox_field("To", to),
        *([mailbox_field("Reply-To", reply_to)] if reply_to else []),
        text_field("Subject", subject),
        exact_field("Message-ID", _matching(_MESSAGE_ID, "Message-ID", message_id)),
        *_further_fields(auto_submitted, extra),
        exact_field("MIME-Version", "1.0"),
    ]
    content = _content(text, html, message_id)
    if enclosed:
        content = _with_enclosed(content, enclosed, message_id)
    message = b"".join(fields) + (_with_file(content, attached, message_id) if attached else content)
    names = _names(auto_submitted, reply_to, extra)
    check(message, Expected(sender, to, reply_to, subject, text, html, names, attached, tuple(enclosed)))
    return message


def needs_smtputf8(message_or_address: bytes | str) -> bool:
    """Whether a message (bytes) or an address (text) can only be sent with SMTPUTF8 (RFC 6531)."""
    if isinstance(message_or_address, bytes):
        return not message_or_address.partition(b"\r\n\r\n")[0].isascii()
    return not message_or_address.rpartition("@")[0].isascii()


def _further_fields(auto_submitted: str | None, extra: Mapping[str, str]) -> list[bytes]:
    given = [] if auto_submitted is None else [_matching(_AUTO_SUBMITTED, "Auto-Submitted", auto_submitted)]
    fields = [exact_field("Auto-Submitted", value) for value in given]
    for header in sorted(extra):
        if header not in EXTRA_HEADERS:
            raise UnsafeHeader(N_("%(header)s is not a header that can be added."), header=repr(header)[:40])
        fields.append(exact_field(header, extra[header]))
    return fields


def _matching(pattern: re.Pattern[str], header: str, value: str) -> str:
    if not pattern.fullmatch(value):
        raise UnsafeHeader(N_("%(header)s does not have the form that it needs."), header=header)
    return value


def _content(text: str, html: str | None, message_id: str) -> bytes:
    plain = _part("text/plain", encode(text))
    if html is None:
        return plain
    return _multipart("alternative", message_id, plain, _part("text/html", encode(html)))


def _with_file(content: bytes, attached: Attachment, message_id: str) -> bytes:
    name = _matching(_FILE_NAME, "Content-Disposition", attached.name)
    # Whatever it is, no mail program may run or show it by itself.
    head = (
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    return _multipart("mixed", message_id, content, head.encode("ascii") + encode_file(attached.data))


def _with_enclosed(content: bytes, enclosed: Sequence[bytes], message_id: str) -> bytes:
    head = b"Content-Type: message/rfc822\r\n\r\n"
    digest = _multipart("digest", message_id, *(head + message for message in enclosed))
    return _multipart("mixed", message_id, content, digest)


def _multipart(kind: str, message_id: str, *parts: bytes) -> bytes:
    # "=_" occurs in neither encoding (RFC 2045, 6.7), so that no body can hold the boundary.
    boundary = "=_" + hashlib.sha256(f"{kind}{message_id}".encode()).hexdigest()[:40]
    begin, end = f"--{boundary}\r\n".encode(), f"--{boundary}--\r\n".encode()
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'.encode()
    return head + b"\r\n".join([*(begin + part for part in parts), end])


def _part(kind: str, body: Body) -> bytes:
    head = f'Content-Type: {kind}; charset="utf-8"\r\nContent-Transfer-Encoding: {body.encoding}\r\n\r\n'
    return head.encode("ascii") + body.data


def _names(auto_submitted: str | None, reply_to: Mailbox | None, extra: Mapping[str, str]) -> frozenset[str]:
    optional = {"Auto-Submitted": auto_submitted is not None, "Reply-To": reply_to is not None}
    return frozenset({name for name, there in optional.items() if there} | set(extra))
