"""A letter as one piece of content, and its plain text: what is frozen, mailed, printed and shown.

The text is made of segments, so that a page can style the supporter's own words differently while
what is read stays, letter for letter, what is sent.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from app.rendering.placeholders import LetterTemplate

Kind = Literal[
    "address", "date", "subject", "salutation", "paragraph", "own", "closing", "signature", "footer"
]

_HEAD: tuple[Kind, ...] = ("address", "date", "subject", "salutation")
_BODY: tuple[Kind, ...] = ("paragraph",)
_END: tuple[Kind, ...] = ("closing", "signature", "footer")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph: `fixed` is the campaign's and is one line, `own` is the supporter's and stays as typed."""

    text: str
    kind: Literal["fixed", "own"]


@dataclass(frozen=True, slots=True)
class LetterContent:
    """All that stands in a letter. Parts that are empty are left out."""

    language: str
    address_lines: tuple[str, ...]
    place_and_date: str
    subject: str
    salutation: str
    paragraphs: tuple[Paragraph, ...]
    closing: str
    signature_lines: tuple[str, ...]
    footer_lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the plain text, with the line ends that follow it."""

    kind: Kind
    text: str


def segments(content: LetterContent) -> tuple[Segment, ...]:
    """Return the letter cut by kind; the texts in a row are the plain text."""
    parts = list(_parts(content))
    ends = ["\n\n"] * (len(parts) - 1) + ["\n"]
    return tuple(Segment(kind, text + end) for (kind, text), end in zip(parts, ends, strict=False))


def plain_text(content: LetterContent) -> str:
    """Return the letter as text: blank lines between the parts, one line end at the end."""
    return "".join(segment.text for segment in segments(content))


def without_footer(given: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return a letter without its footer, which tells that we have sent it; it ends with one line end."""
    kept = [segment for segment in given if segment.kind != "footer"]
    last = kept.pop()
    return (*kept, Segment(last.kind, last.text.rstrip("\n") + "\n"))


def with_address(given: Sequence[Segment], lines: Sequence[str]) -> tuple[Segment, ...]:
    """Return a letter with other lines of address: those of an envelope, street and country among them."""
    address = Segment("address", "\n".join(lines) + "\n\n")
    rest = (segment for segment in given if segment.kind != "address")
    return (address, *rest) if lines else tuple(given)


def cut(text: str, subject: str) -> tuple[Segment, ...]:
    """Cut a letter's plain text, as it was kept, into its parts again.

    Whose a paragraph is cannot be told any more: all between salutation and closing are `paragraph`.

    Args:
        text: what `plain_text` returned.
        subject: the letter's subject, by which its frame is recognized.

    Returns:
        Segments whose texts in a row are `text`; a single one if it has not the frame of a letter.
    """
    blocks = re.findall(r"(?:.|\n(?!\n))+\n*", text)
    body = len(blocks) - len(_HEAD) - len(_END)
    if body < 1 or blocks[_HEAD.index("subject")].strip() != subject.strip():
        return (Segment("paragraph", text),)
    kinds = _HEAD + _BODY * body + _END
    return tuple(Segment(kind, block) for kind, block in zip(kinds, blocks, strict=True))


def paragraphs(
    template: LetterTemplate, values: Mapping[str, str], own: Collection[str] = ("personal",)
) -> tuple[Paragraph, ...]:
    """Fill in a template and cut it at its blank lines.

    Args:
        template: the letter's text without address, salutation and closing.
        values: what stands for its names.
        own: names whose values are the supporter's own text; each is a paragraph of its own, kept as it is.

    Raises:
        MissingValue: if a name that is to be shown has no value.
    """
    found: list[Paragraph] = []
    fixed = ""
    for piece in template.pieces(values):
        if piece.name in own:
            found += [*_fixed(fixed), Paragraph(piece.text.strip("\n"), "own")]
            fixed = ""
        else:
            fixed += piece.text
    return (*found, *_fixed(fixed))


def place_and_date(place: str, day: date, language: str) -> str:
    """Return the line of place and date as `language` writes it (CLDR), such as "Paris, le 3 mai 2026".

    `language` is a locale code ("fr", "en-GB"), English if it is not known. `place` may be empty.
    """
    written, article = _long_date(day, language)
    return f"{place.strip()}, {article}{written}" if place.strip() else written


@lru_cache(maxsize=256)
def _long_date(day: date, language: str) -> tuple[str, str]:
    """Return the date as `language` writes it, and the word that comes before it after a place."""
    locale = _locale(language)
    written = format_date(day, "long", locale=locale)
    if locale.language != "fr":
        return written, ""
    return re.sub("^1 ", "1er ", written), "le "


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _fixed(text: str) -> Iterator[Paragraph]:
    for block in re.split(r"\n(?:[ \t]*\n)+", text):
        if line := _one_line(block):
            yield Paragraph(line, "fixed")


def _one_line(text: str) -> str:
    lines = (line.strip(" \t") for line in text.strip().split("\n"))
    return " ".join(line for line in lines if line)


def _parts(content: LetterContent) -> Iterator[tuple[Kind, str]]:
    """Yield the parts that there are, in the order of a letter, each without its last line end."""
    body = ((_KINDS[paragraph.kind], _set(paragraph)) for paragraph in content.paragraphs)
    in_order: tuple[tuple[Kind, str], ...] = (
        ("address", "\n".join(content.address_lines)),
        ("date", content.place_and_date),
        ("subject", content.subject),
        ("salutation", content.salutation),
        *body,
        ("closing", content.closing),
        ("signature", "\n".join(content.signature_lines)),
        ("footer", "\n".join(content.footer_lines)),
    )
    return ((kind, text) for kind, text in in_order if text.strip())


_KINDS: dict[str, Kind] = {"fixed": "paragraph", "own": "own"}


def _set(paragraph: Paragraph) -> str:
    return paragraph.text if paragraph.kind == "own" else _one_line(paragraph.text)
