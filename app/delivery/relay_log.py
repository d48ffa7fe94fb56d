"""What a Postfix log tells of mails: which of them the relay took, and which it sent back. Pure.

`cleanup` names a message's Message-ID and its place in the queue, `qmgr` its envelope sender, and those
who deliver (`smtp`, `local`, …) what became of it there. Only what stands in the log counts: that
something does not stand there proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

LONGEST_LINE: Final = 8192

_ENTRY = re.compile(
    r"\spostfix[\w.-]*(?:/[\w.-]+)*?/(?P<program>[a-z]+)\[\d+\]: (?P<place>[0-9A-Za-z]{5,20}): (?P<rest>.*)"
)
_MESSAGE_ID = re.compile(r"message-id=(<[^\s<>]{3,250}>)\s*$")
_SENDER = re.compile(r"from=<([^<>]*)>, ")
_STATUS = re.compile(r", status=(sent|bounced|deferred|expired)\b(?:,? \(?(?P<words>.*))?")
_DSN = re.compile(r", dsn=([245]\.\d{1,3}\.\d{1,3}),")
_DELIVER = frozenset({"smtp", "lmtp", "local", "virtual", "pipe", "relay", "error", "qmgr"})


@dataclass(frozen=True)
class Verdict:
    """What a relay did with a mail.

    Attributes:
        fate: `taken`, also where the relay still tries to hand it on; or `bounced`.
        status: the enhanced status code that came with it, or "".
        words: what was said with it.
    """

    fate: Literal["taken", "bounced"]
    status: str
    words: str


def verdicts(lines: Iterable[str], wanted: Mapping[str, str]) -> dict[str, Verdict]:
    """Return what a log tells of mails.

    Args:
        lines: of the log, oldest first.
        wanted: Message-ID (with angle brackets) to envelope sender; "" where any will do.

    Returns:
        By Message-ID, what is known; a mail that the relay has begun to take and says no more of is left out.
    """
    found: dict[str, Verdict] = {}
    owners: dict[str, str] = {}
    for line in lines:
        entry = _ENTRY.search(line[:LONGEST_LINE])
        if entry is None:
            continue
        program, place, rest = entry["program"], entry["place"], entry["rest"]
        if program == "cleanup":
            _note_owner(owners, place, rest, wanted)
        elif place in owners and program in _DELIVER:
            _note_fate(found, owners, place, rest, wanted)
    return found


def _note_owner(owners: dict[str, str], place: str, rest: str, wanted: Mapping[str, str]) -> None:
    named = _MESSAGE_ID.match(rest)
    if named is None:
        return
    # Places in the queue are given again to others.
    owners.pop(place, None)
    if named[1] in wanted:
        owners[place] = named[1]


def _note_fate(
    found: dict[str, Verdict], owners: dict[str, str], place: str, rest: str, wanted: Mapping[str, str]
) -> None:
    message_id = owners[place]
    sender = _SENDER.match(rest)
    if sender is not None and wanted[message_id] and sender[1].lower() != wanted[message_id].lower():
        del owners[place]  # somebody hands the letter on, under its own name
        return
    status = _STATUS.search(rest)
    if status is None:
        return
    code = _DSN.search(rest)
    before = found.get(message_id)
    if before is not None and before.fate == "bounced":
        return  # behind a filter a mail has two places, and is sent from the first
    fate: Literal["taken", "bounced"] = "bounced" if status[1] in {"bounced", "expired"} else "taken"
    found[message_id] = Verdict(fate, code[1] if code else "", (status["words"] or "").rstrip(")\n")[:500])
