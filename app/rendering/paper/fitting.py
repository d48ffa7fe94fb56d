"""In which size a letter probably goes onto one page: a guess, so that most letters are set only once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import Any, Final

from app.rendering.paper.hands import Hand, hand

SIZES: Final = (11.5, 11, 10.5, 10)
"""Points of the type: the first in which a letter goes onto one page …"""
ON_SEVERAL: Final = 11
"""… or this one, where it goes onto none."""

_MM, _INCH = 72 / 25.4, 72.0


@dataclass(frozen=True, slots=True)
class _Paper:
    """Points that `letter.typ` gives to the text, to what is above the address, and to the address."""

    width: float
    height: float
    above_address: float
    address: float
    address_width: float


_A4 = _Paper(157 * _MM, 248 * _MM, 27 * _MM, 38 * _MM, 85 * _MM)
_US_LETTER = _Paper(6.4 * _INCH, 9.05 * _INCH, 1.15 * _INCH, 1.15 * _INCH, 3.3 * _INCH)

# As in `letter.typ`, in parts of the type's size: between lines, paragraphs, below date, subject, salutation,
# above the closing; and in points: below the address, for a signature by hand, the rule above the footer.
_LEADING, _PARAGRAPH, _DATE, _SUBJECT, _SALUTATION, _CLOSING = 0.62, 1.15, 2.2, 1.5, 1.15, 1.6
_BELOW_ADDRESS, _BY_HAND, _RULE = 7 * _MM, 11 * _MM, 11 * _MM - 8
_ADDRESS, _SMALL, _SMALL_LEADING, _NOTES = 0.93, 8.5, 0.5, 1.1


def probable_size(letter: dict[str, Any]) -> tuple[float, int]:
    """Return size and number of pages to begin with for a letter that is laid out (`paper.sheet`)."""
    paper = _US_LETTER if letter["format"] == "us-letter" else _A4
    text = _Text(letter, paper, hand(letter["fonts"]))
    if text.height(SIZES[-1]) > paper.height:
        return ON_SEVERAL, max(2, ceil(text.height(ON_SEVERAL) / paper.height))
    return next(size for size in SIZES if text.height(size) <= paper.height), 1


_Line = tuple[str, list[float]]
"""A line as it was written, and where each of its characters ends."""


class _Text:
    """What stands on a letter's paper: how high it would be in one size or another."""

    def __init__(self, letter: dict[str, Any], paper: _Paper, hand: Hand) -> None:
        self._paper, self._hand = paper, hand
        one = {part: [letter[part]] for part in ("date", "subject", "salutation", "closing") if letter[part]}
        many = {part: letter[part] for part in ("address", "signature", "notes", "footer") if letter[part]}
        self._parts = {part: list(map(self._measured, lines)) for part, lines in (one | many).items()}
        self._body = [list(map(self._measured, lines)) for lines in letter["body"]]

    def height(self, size: float) -> float:
        """Return the height of all of it, in points."""
        high = 0.0
        if address := self._parts.get("address"):
            lines = self._high(address, size * _ADDRESS, self._paper.address_width)
            high += self._paper.above_address + max(self._paper.address, lines) + _BELOW_ADDRESS
        for part, below in (("date", _DATE), ("subject", _SUBJECT), ("salutation", _SALUTATION)):
            if lines_of := self._parts.get(part):
                high += self._high(lines_of, size) + below * size
        high += sum(self._high(lines, size) + _PARAGRAPH * size for lines in self._body) - _PARAGRAPH * size
        return high + self._end(size)

    def _end(self, size: float) -> float:
        high = 0.0
        if signature := self._parts.get("signature"):
            high += _CLOSING * size + _BY_HAND + self._high(signature, size)
            high += self._high(self._parts.get("closing", []), size)
        if notes := self._parts.get("notes"):
            high += _NOTES * size + self._high(notes, _SMALL, leading=_SMALL_LEADING)
        if footer := self._parts.get("footer"):
            high += _RULE + _PARAGRAPH * size + self._high(footer, _SMALL, leading=_SMALL_LEADING)
        return high

    def _measured(self, line: dict[str, Any]) -> _Line:
        return line["text"], list(accumulate(map(self._hand.widths.__getitem__, line["text"])))

    def _high(
        self, lines: Sequence[_Line], size: float, width: float = 0, leading: float = _LEADING
    ) -> float:
        room = (width or self._paper.width) / size
        count = sum(_count(text, ends, room) for text, ends in lines)
        return (count * (self._hand.height + leading) - leading) * size if count else 0


def _count(text: str, ends: list[float], room: float) -> int:
    """Return how many lines a text takes: each takes the words that it has room for."""
    count, begin, done = 1, 0, 0.0
    while ends and ends[-1] - done > room:
        end = bisect_right(ends, done + room)
        blank = text.rfind(" ", begin, end + 1)
        begin = blank + 1 if blank >= begin else max(end, begin + 1)
        if begin >= len(ends):
            break
        done = ends[begin - 1]
        count += 1
    return count
