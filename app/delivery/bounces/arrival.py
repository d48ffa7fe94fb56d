"""An arriving message as its parts: a bounded look at bytes that anybody may have written."""

from __future__ import annotations

import email.policy
import html
import re
from collections.abc import Iterator
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from typing import Final

LOOKED_AT: Final = 2**19
"""Octets of a message that are parsed. What tells its kind stands near its beginning."""
TEXT: Final = 8000
"""Characters of its text that are read for marks."""
MOST_KINDS: Final = 40
MOST_PARTS: Final = 1000
"""Boundaries, and lines that look like one, beyond which a message is only read as text."""
TOKEN_LENGTH: Final = 42
OURS: Final = re.compile(rb"b\+[a-z2-7]{42}@[a-z0-9.-]{1,253}", re.IGNORECASE)
"""What looks like a bounce address (`envelope.bounce_address`)."""
_LONGEST_HEADER = 2000
_TAGS = re.compile(r"<(?:style|script)\b.{0,9000}?</(?:style|script)>|<[^<>]{0,2000}>", re.DOTALL | re.I)


def parse(raw: bytes) -> Message:
    """Return a message with its parts; one that is nested without end, as its headers and one text."""
    seen = raw[:LOOKED_AT]
    flat = seen.lower().count(b"boundary=") > MOST_KINDS or seen.count(b"\n--") > MOST_PARTS
    return BytesParser(policy=email.policy.compat32).parsebytes(seen, headersonly=flat)


def header(message: Message, name: str) -> str:
    """Return the first header of a name, decoded, on one line; "" if there is none."""
    # Not `get`: it makes question marks of what is not ASCII, and some servers write UTF-8 there.
    values = (str(value) for key, value in message.raw_items() if key.lower() == name.lower())
    value = next(values, "")[:_LONGEST_HEADER].encode(errors="surrogateescape").decode(errors="replace")
    unfolded = re.sub(r"[\r\n]+", "", value)
    try:
        parts = [_decoded(part, charset) for part, charset in decode_header(unfolded)]
    except (ValueError, LookupError):
        return unfolded
    return " ".join("".join(parts).split())


def _decoded(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "utf-8", errors="replace")
    except LookupError:
        return part.decode("utf-8", errors="replace")


def text_of(message: Message) -> str:
    """Return what a person would read first: plain text, or HTML without its tags; at most `TEXT`."""
    plain: list[str] = []
    marked: list[str] = []
    for part in readable(message):
        (marked if part.get_content_subtype() == "html" else plain).append(_content(part))
    text = "\n".join(plain) or html.unescape(_TAGS.sub(" ", "\n".join(marked)[: 4 * TEXT]))
    return text[:TEXT]


def readable(message: Message) -> Iterator[Message]:
    """Yield the parts that hold text, except those of a message within the message."""
    if message.get_content_maintype() == "message":
        return
    payload = message.get_payload()
    if isinstance(payload, list):
        for part in payload:
            if isinstance(part, Message):
                yield from readable(part)
    elif message.get_content_type() in {"text/plain", "text/html"}:
        yield message


def _content(part: Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    return _decoded(data[: 8 * TEXT], str(part.get_content_charset() or "utf-8"))
