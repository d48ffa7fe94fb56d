"""What an SMTP server answers: read strictly, kept without personal data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LONGEST_LINE: Final = 4096
"""RFC 5321 §4.5.3.1.5 says 512; some servers are chattier."""
MOST_LINES: Final = 200
KEPT: Final = 300
"""Characters of a reply that are journalled."""

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\x00-\x08\x0a-\x1f\x7f]*))?\Z")
_ADDRESS = re.compile(r"\S*(?:@|%40|=40)\S*")
_WORD = re.compile(r"[^\W_]+")


class Garbled(Exception):
    """What came is not a reply (RFC 5321 §4.2)."""


@dataclass(frozen=True)
class Reply:
    """A complete reply: its code, and the text of its lines."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines as one."""
        return " ".join(self.lines)

    @property
    def is_positive(self) -> bool:
        """Whether it says yes (2yz)."""
        return 200 <= self.code < 300

    @property
    def is_temporary(self) -> bool:
        """Whether it says not now (4yz)."""
        return 400 <= self.code < 500

    @property
    def is_permanent(self) -> bool:
        """Whether it says never (5yz)."""
        return self.code >= 500


class ReplyReader:
    """Puts a reply together from its lines.

    Nothing is guessed: a line that does not begin with a code, a code that changes between the
    lines, a control character, a line without end each make the whole reply no reply.
    """

    def __init__(self) -> None:
        self._code: int | None = None
        self._lines: list[str] = []

    def feed(self, line: bytes) -> Reply | None:
        """Take the next line, without its line end; return the reply if this was its last.

        Raises:
            Garbled: it is not a line of a reply, or not of this one.
        """
        found = _LINE.match(line)
        if found is None or len(self._lines) >= MOST_LINES:
            raise Garbled
        code = int(found[1])
        if self._code not in {None, code}:
            raise Garbled
        self._code = code
        self._lines.append((found[3] or b"").decode("utf-8", "replace").strip())
        return None if found[2] == b"-" else Reply(code, tuple(self._lines))


def mask(text: str, *addresses: str) -> str:
    """Return a reply's text as it may be kept: one short line, no address.

    Args:
        text: what the server said. Some repeat the recipient, or the part before its @.
        addresses: of the mail that the reply is about.
    """
    text = _ADDRESS.sub("[address]", text)
    folded = text.casefold()
    for address in addresses:
        for part in _telling_parts(address):
            if part.casefold() not in folded:  # as nearly always; a pattern takes its time to be made
                continue
            text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", "[address]", text, flags=re.IGNORECASE)
    return " ".join(text.split())[:KEPT]


def _telling_parts(address: str) -> list[str]:
    local = address.rpartition("@")[0]
    words = [word for word in _WORD.findall(local) if len(word) > 2]
    return sorted({local, *words} - {""}, key=len, reverse=True)
