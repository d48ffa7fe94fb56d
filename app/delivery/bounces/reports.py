"""Reports of mail servers (RFC 3464, and RFC 6533 for addresses beyond ASCII): what became of a mail."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Final

STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_FIELD = re.compile(r"([A-Za-z0-9-]{1,60})[ \t]*:[ \t]*(.*)")
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})\Z")
_STATUS_IN_TEXT = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_MOST_FIELDS = 200


@dataclass(frozen=True)
class Fate:
    """What became of the mail for one address.

    Attributes:
        action: `failed`, `delayed`, `delivered`, `relayed`, `expanded`, or "" where none is told.
        status: such as `5.1.1`, or "".
        diagnostic: what the refusing server said.
    """

    action: str
    status: str
    diagnostic: str


def fates(message: Message) -> list[Fate]:
    """Return what a report tells, address by address; nothing where the message is no such report."""
    return [
        _fate(block)
        for part in message.walk()
        if part.get_content_type() in STATUS_TYPES
        for block in _blocks(part)
        if "action" in block or "status" in block
    ]


def report_type(message: Message) -> str:
    """Return which report a message is, such as `delivery-status`; "" where it is none."""
    if message.get_content_type() != "multipart/report":
        return ""
    kind = message.get_param("report-type")
    return kind.strip().lower() if isinstance(kind, str) else ""


def status_in(text: str) -> str:
    """Return the first enhanced status code (RFC 3463) that stands in a text; "" if there is none."""
    found = _STATUS_IN_TEXT.search(text)
    return found[1] if found else ""


def _fate(block: dict[str, str]) -> Fate:
    diagnostic = block.get("diagnostic-code", "")
    status = block.get("status", "").split(" ")[0]
    if not _STATUS.match(status):
        status = status_in(diagnostic)
    elif _is_vague(status):
        # The server before us often knows better than the one that reports.
        status = status_in(diagnostic) or status
    return Fate(block.get("action", "").split(" ")[0].lower(), status, diagnostic)


def _is_vague(status: str) -> bool:
    return status.endswith(".0.0")


def _blocks(part: Message) -> Iterator[dict[str, str]]:
    for text in _texts(part):
        for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
            if fields := _fields(block):
                yield fields


def _texts(part: Message) -> Iterator[str]:
    # The parser makes a message of each block of one type, and of the first block of the other.
    payload = part.get_payload()
    inner = payload if isinstance(payload, list) else [part]
    for message in inner:
        if not isinstance(message, Message):
            continue
        if message is not part:
            yield "\n".join(f"{name}: {value}" for name, value in message.items())
        rest = message.get_payload()
        if isinstance(rest, str):
            yield _unpacked(rest) if _is_packed(part) else rest


def _is_packed(part: Message) -> bool:
    return str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64"


def _unpacked(text: str) -> str:
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", errors="replace")
    except (binascii.Error, ValueError):
        return text


def _fields(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in block.split("\n")[:_MOST_FIELDS]:
        found = _FIELD.match(line)
        if found and not line[:1].isspace():
            name = found[1].lower()
            fields.setdefault(name, found[2].strip()[:1000])
        elif name and line[:1].isspace() and len(fields[name]) < 1000:
            fields[name] += f" {line.strip()[:1000]}"
    return fields
