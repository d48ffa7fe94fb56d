"""From the bytes of an arriving message to what it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from typing import Final, Literal

from app.delivery.bounces import marks
from app.delivery.bounces.arrival import LOOKED_AT, OURS, header, parse, text_of
from app.delivery.bounces.automatic import is_automatic, is_from_machine
from app.delivery.bounces.reports import Fate, fates, report_type, status_in

Kind = Literal[
    "no_address",
    "mailbox_full",
    "refused",
    "failed",
    "delayed",
    "delivered",
    "automatic",
    "answer",
    "unreadable",
]
"""The first four: it came back, because the address does not exist, the mailbox is full, the server's
rules are against it, or for another reason. `delayed` and `delivered` report, `automatic` is what a
machine answers, `answer` what a person wrote."""

CAME_BACK: Final = frozenset({"no_address", "mailbox_full", "refused", "failed"})

_MESSAGE_ID = re.compile(
    rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[!-;=?-~]{3,250}>)", re.IGNORECASE | re.MULTILINE
)
_MOST = 20
_VAGUE = frozenset({"", "5.0.0", "5.1.0", "5.2.0", "5.3.0", "5.4.0", "5.4.1", "5.5.0"})
_GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})


@dataclass(frozen=True)
class Reading:
    """What an arriving message is. Nothing of its text.

    Attributes:
        kind: see `Kind`.
        status: the enhanced status code (RFC 3463) that it tells, or "".
        addresses: bounce addresses that stand in it, in the order in which they do; not yet proved.
        returned: Message-IDs that stand below its own header: of what came back.
    """

    kind: Kind
    status: str = ""
    addresses: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()


def read(raw: bytes) -> Reading:
    """Return what an arriving message is. Never raises; one that cannot be parsed is `unreadable`."""
    seen = raw[:LOOKED_AT]
    try:
        message = parse(seen)
        kind, status = _kind(message)
    except Exception:  # written by strangers, for a parser that has been surprised before
        kind, status = "unreadable", ""
    addresses = dict.fromkeys(found.decode("ascii").lower() for found in OURS.findall(seen))
    _own, _blank, below = seen.replace(b"\r\n", b"\n").partition(b"\n\n")
    returned = dict.fromkeys(found.decode("ascii") for found in _MESSAGE_ID.findall(below))
    return Reading(kind, status, tuple(addresses)[:_MOST], tuple(returned)[:_MOST])


def _kind(message: Message) -> tuple[Kind, str]:
    told = fates(message)
    if told:
        return _of_fates(told)
    if report_type(message) in {"", "delivery-status"}:
        failed = _without_standard(message)
        if failed is not None:
            return failed
    if is_automatic(message):
        return "automatic", ""
    return ("answer", "") if header(message, "From") else ("unreadable", "")


def _of_fates(told: list[Fate]) -> tuple[Kind, str]:
    kinds = [(_of_fate(fate), fate.status) for fate in told]
    # Our mails go to one address. Where that is a list, one mailbox that got it is an office that got it.
    for wanted in ("delivered", "no_address", "mailbox_full", "refused", "failed"):
        for kind, status in kinds:
            if kind == wanted:
                return kind, status
    return kinds[0]


def _of_fate(fate: Fate) -> Kind:
    if fate.action in {"delivered", "relayed", "expanded"}:
        return "delivered"
    if fate.action == "delayed" or (fate.action != "failed" and fate.status.startswith("4")):
        return "delayed"
    if fate.action != "failed" and fate.status.startswith("2"):
        return "delivered"
    return kind_of_failure(fate.status, fate.diagnostic)


def kind_of_failure(status: str, words: str) -> Kind:
    """Return why a mail came back.

    Args:
        status: the enhanced status code, or "".
        words: what was said with it.
    """
    _class, _dot, detail = status.partition(".")
    if detail == "2.2":
        return "mailbox_full"
    if status in _GONE:
        return "failed" if marks.TOO_FAST.search(words) else "no_address"
    if detail.startswith("7."):
        return "refused"
    return _of_words(words) if status in _VAGUE else "failed"


def _of_words(words: str) -> Kind:
    if marks.FULL.search(words):
        return "mailbox_full"
    if marks.NO_ADDRESS.search(words):
        return "no_address"
    return "refused" if marks.REFUSED.search(words) else "failed"


def _without_standard(message: Message) -> tuple[Kind, str] | None:
    subject = header(message, "Subject")
    names_failed = message.get("X-Failed-Recipients") is not None
    if not (names_failed or is_from_machine(message)):
        return None
    words = marks.ORIGINAL.split(text_of(message), maxsplit=1)[0]
    if marks.SUCCEEDED_SUBJECT.search(subject):
        return "delivered", ""
    if marks.STILL_TRYING.search(subject):
        return "delayed", ""
    status = status_in(words)
    if not (names_failed or marks.FAILED_SUBJECT.search(subject) or status.startswith("5")):
        return None
    if marks.STILL_TRYING.search(words) and not status.startswith("5"):
        return "delayed", status
    return kind_of_failure("" if status.startswith(("2", "4")) else status, words), status
