"""What goes onto paper: a letter's parts, each line with its direction and the places where it may break."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from app.rendering.letter import Kind, Segment
from app.rendering.paper.hands import fonts_for

Format = Literal["a4", "us-letter"]

# Where letters are written on US Letter (CLDR, supplemental data, paperSize); everywhere else it is A4.
_US_LETTER = frozenset(("BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"))

LONG_WORD = 40
"""A word with more characters than this may be broken, …"""
PIECE = 12
"""… after every so many of them: it is read with difficulty either way, and must not run off the paper."""

# Hyphens, dashes and signs after which Unicode lets a line end (UAX #14), inside of a word.
_INSIDE = re.compile("[-\u058a\u05be\u2010\u2012-\u2015/|?!…}]\\S")
# Whether a line has any word that is not simply set: one of those, a dash alone, or one that is too long.
_PARTICULAR = re.compile(rf"{_INSIDE.pattern}|[-\u2010] |[\u200b\u2060]|\S{{{LONG_WORD + 1}}}")
_ARMENIAN = re.compile("[\u0531-\u058f]")
_MARKS = re.compile("[\u200b\u2060]")
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A letter for paper.

    Attributes:
        language: of the letter, a BCP 47 tag; its first part is told to whoever reads the PDF aloud.
        country: of the recipient, ISO 3166-1 alpha-2, or empty: it decides about the size of the paper.
        segments: the letter's text by kind (`app.rendering.letter`).
        notes: short notes on sources for below the signature; they are not part of the letter's text.
    """

    language: str
    country: str
    segments: tuple[Segment, ...]
    notes: tuple[str, ...] = ()

    @property
    def format(self) -> Format:
        """The size of the paper that the recipient's country uses."""
        return "us-letter" if self.country.upper() in _US_LETTER else "a4"

    @property
    def title(self) -> str:
        """What the document is called: the letter's subject."""
        return " ".join(_lines_of(self, "subject"))


def laid_out(sheet: Sheet) -> dict[str, Any]:
    """Return a letter as `letter.typ` takes it: nothing but texts, directions and names of formats."""
    language = _primary(sheet.language)
    return {
        "format": sheet.format,
        "language": language,
        "fonts": fonts_for(language),
        "armenian": any(_ARMENIAN.search(segment.text) for segment in sheet.segments),
        "address": _block(sheet, "address"),
        "date": _one(sheet, "date"),
        "subject": _one(sheet, "subject"),
        "salutation": _one(sheet, "salutation"),
        "body": [
            [_line(line) for line in lines]
            for segment in sheet.segments
            if segment.kind in ("paragraph", "own")
            for lines in _paragraphs(segment.text)
        ],
        "closing": _one(sheet, "closing"),
        "signature": _block(sheet, "signature"),
        "notes": [_line(note) for note in sheet.notes if note.strip()],
        "footer": _block(sheet, "footer"),
    }


def _primary(language: str) -> str:
    first = language.replace("_", "-").partition("-")[0].lower()
    return first if first.isascii() and first.isalpha() and len(first) in (2, 3) else "en"


def _block(sheet: Sheet, kind: Kind) -> list[dict[str, Any]]:
    return [_line(line) for line in _lines_of(sheet, kind)]


def _one(sheet: Sheet, kind: Kind) -> dict[str, Any] | None:
    lines = _lines_of(sheet, kind)
    return _line(" ".join(lines)) if lines else None


def _lines_of(sheet: Sheet, kind: Kind) -> list[str]:
    whole = "".join(segment.text for segment in sheet.segments if segment.kind == kind)
    return [line for line in whole.split("\n") if line.strip()]


def _paragraphs(text: str) -> Iterator[list[str]]:
    """Yield the lines of each paragraph: a blank line parts them."""
    lines: list[str] = []
    for line in (*text.split("\n"), ""):
        if line.strip():
            lines.append(line)
        elif lines:
            yield lines
            lines = []


def _line(line: str) -> dict[str, Any]:
    text = line.replace("\t", "    ").rstrip()
    marked = _PARTICULAR.search(text) is not None
    if marked:
        text = " ".join(map(_marked, _words(_MARKS.sub("", text))))
    return {"rtl": _runs_leftwards(line), "marked": marked, "text": text}


def _words(line: str) -> list[str]:
    """Return the words of a line, a dash together with what it stands before.

    Programs that read a PDF take a hyphen at the end of a line for one that was put there to part a word.
    """
    found: list[str] = []
    for word in line.split(" "):
        if found and found[-1].endswith(("-", "\u2010")) and len(found[-1]) + len(word) < LONG_WORD:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _runs_leftwards(line: str) -> bool:
    """Whether the first letter that has a direction is of a script that is written from right to left."""
    directions = (unicodedata.bidirectional(character) for character in line)
    return next((direction for direction in directions if direction in ("L", "R", "AL")), "L") != "L"


def _marked(word: str) -> str:
    """Return a word with marks for where it breaks: U+2060 around it if nowhere, U+200B at each place.

    The letter's own typography is enough for the others: they break at blanks alone.
    """
    if len(word) <= LONG_WORD:
        return f"\u2060{word}\u2060" if " " in word or _INSIDE.search(word) else word
    ends = range(PIECE, len(word) - PIECE // 2, PIECE)
    cuts = [0, *dict.fromkeys(_after_its_letter(word, end) for end in ends), len(word)]
    return "\u200b".join(word[start:end] for start, end in pairwise(cuts))


def _after_its_letter(word: str, index: int) -> int:
    """Return the next place that does not part a letter from its marks, or an emoji."""
    while index < len(word) and _belongs_to_the_one_before(word, index):
        index += 1
    return index


def _belongs_to_the_one_before(word: str, index: int) -> bool:
    character = word[index]
    return (
        character in _JOINERS
        or word[index - 1] == "\u200d"
        or unicodedata.category(character).startswith("M")
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
