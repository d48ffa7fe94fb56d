"""In which size a letter probably goes onto one page: a guess, so that most letters are set only once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import ceil
from typing import Any, Final

SIZES: Final = (11.5, 11, 10.5, 10)
"""Points of the type: the first in which a letter goes onto one page …"""
ON_SEVERAL: Final = 11
"""… or this one, where it goes onto none."""

# Points, as in `letter.typ`: width of the text, height for all of it, what the address takes of that.
_A4 = (444, 703, 204)
_US_LETTER = (461, 651, 185)
# Parts of the type's size: from line to line, more between paragraphs, all the room around the parts.
_LINE, _PARAGRAPH, _AROUND = 1.27, 0.53, 2.5
_BY_HAND, _FOOTER_ABOVE, _FOOTER_LINE = 37, 23, 10
# What a line leaves free on its right, on the average.
_RAGGED = 1.3
# By how much more than the room the guess may be wrong.
_PERHAPS = 1.03
# Average widths: Latin; Greek and Cyrillic; Armenian, Georgian and their neighbours; what comes after.
_WIDTHS = ((0x370, 0.405), (0x530, 0.465), (0x1100, 0.54), (0x110000, 0.6))


def probable_size(letter: dict[str, Any]) -> tuple[float, int]:
    """Return size and number of pages to begin with for a letter that is laid out (`paper.sheet`).

    What hardly fits is tried in the smallest size, what is clearly longer is set on several pages at once.
    """
    width, height, address = _US_LETTER if letter["format"] == "us-letter" else _A4
    closing = [[letter["closing"]]] if letter["closing"] else []
    paragraphs = [[_width(line["text"]) for line in lines] for lines in (*letter["body"], *closing)]
    small = [_width(line["text"]) for line in (*letter["notes"], *letter["footer"])]
    room = height - address - _BY_HAND - _FOOTER_ABOVE - _lines(small, 8.5, width) * _FOOTER_LINE

    def height_in(size: float) -> float:
        lines = 3 + len(letter["signature"]) + sum(_lines(each, size, width) for each in paragraphs)
        return (lines * _LINE + len(paragraphs) * _PARAGRAPH + _AROUND) * size

    for size in SIZES:
        if height_in(size) <= room:
            return size, 1
    return (SIZES[-1], 1) if height_in(SIZES[-1]) <= room * _PERHAPS else (ON_SEVERAL, 2)


def _lines(widths: Iterable[float], size: float, width: float) -> int:
    return sum(max(1, ceil(each / (width / size - _RAGGED))) for each in widths)


def _width(text: str) -> float:
    widest = max(text, default=" ")
    if ord(widest) < _WIDTHS[0][0]:  # all of it is Latin
        return len(text) * _WIDTHS[0][1]
    return sum(map(_width_of, text))


@lru_cache(maxsize=1024)
def _width_of(character: str) -> float:
    return next(width for end, width in _WIDTHS if ord(character) < end)
