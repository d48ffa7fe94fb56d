"""An office's form, field by field: what goes where, and a letter that fits into what a field takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from app.rendering.letter import Segment

HOLDS: Final = (
    "name", "title", "affiliation", "email", "city", "region", "postal_code", "country", "subject", "body",
    "other",
)  # fmt: skip
"""What a field can hold; `other` is what the supporter must think of themselves."""

MOST_FIELDS: Final = 30
LARGEST_LIMIT: Final = 100_000

# After a sign that ends a sentence, the Armenian one among them; not after “Mr.”, “Prof.” or an initial.
_SENTENCE_END = re.compile(
    r"(?<=[.!?…։])(?<!\b[A-ZÀ-ÖØ-Þ]\.)(?<!\b[A-ZÀ-ÖØ-Þ][a-z]\.)(?<!\b[A-Z][a-z]{2}\.)(?<!\bProf\.)\s+"
)


@dataclass(frozen=True)
class FormField:
    """A field of an office's form: as it is called there, what goes there, and its limit in characters."""

    label: str
    holds: str
    limit: int | None = None


@dataclass(frozen=True)
class FilledField:
    """A field with what to copy into it. `shortened`: it had to be made shorter than the letter."""

    field: FormField
    text: str
    shortened: bool = False

    @property
    def used(self) -> int:
        """How many characters a form counts in it."""
        return characters(self.text)


def read_fields(stored: Iterable[Mapping[str, Any]] | None) -> tuple[FormField, ...]:
    """Return the fields that stand with a contact; what is not known there goes in as `other`."""
    return tuple(
        FormField(
            label=str(one.get("label", "")),
            holds=str(one.get("holds")) if one.get("holds") in HOLDS else "other",
            limit=int(one["limit"]) if one.get("limit") else None,
        )
        for one in stored or ()
    )


def fill(
    fields: Sequence[FormField], values: Mapping[str, str], segments: Sequence[Segment], ask: str
) -> tuple[FilledField, ...]:
    """Return a form's fields, each with what goes there.

    Args:
        fields: of the form, in its order.
        values: of the one who writes, by what fields hold; what is not there is left for them.
        segments: the letter.
        ask: what it asks for, which is kept when it is shortened.
    """
    return tuple(_filled(field, values, segments, ask) for field in fields)


def _filled(
    field: FormField, values: Mapping[str, str], segments: Sequence[Segment], ask: str
) -> FilledField:
    if field.holds == "body":
        text, shortened = fitted(segments, field.limit, ask)
        return FilledField(field, text, shortened)
    if field.holds == "subject":
        whole = " ".join(segment.text.strip() for segment in segments if segment.kind == "subject")
    else:
        whole = values.get(field.holds, "")
    text = whole if field.limit is None else _words(whole, field.limit)
    return FilledField(field, text, shortened=text != whole)


def characters(text: str) -> int:
    """Return how many characters a form counts at most: UTF-16 units (HTML, maxlength), a line end as two."""
    return len(text.encode("utf-16-le")) // 2 + text.count("\n")


def fitted(segments: Sequence[Segment], limit: int | None, ask: str) -> tuple[str, bool]:
    """Return a letter for the one large field of a form, and whether it had to be shortened.

    Address, date, subject and footer stay out. Where it is too long, salutation, the sentences that ask, and
    the closing with the name are kept; then whole paragraphs and whole sentences, the supporter's own words
    before the campaign's, as many as fit, in the letter's order. Where not even what is kept fits, it is cut
    between two words.
    """
    parts = [part for number, segment in enumerate(segments) for part in _parts(segment, number, ask)]
    whole = _joined(parts)
    if limit is None or characters(whole) <= limit:
        return whole, False
    kept: list[_Part] = []
    ended: set[int] = set()
    for part in sorted(parts, key=lambda part: part.rank):
        if part.rank > KEPT and part.paragraph in ended:
            continue
        more = [one for one in parts if one in kept or one is part]
        if characters(_joined(more)) <= limit:
            kept = more
        else:
            ended.add(part.paragraph)  # a paragraph may lose its end, but nothing of its middle
    return (_joined(kept) if kept else _words(whole, limit)), True


KEPT: Final = 0
_OWN, _REST = 1, 2


@dataclass(frozen=True, eq=False)
class _Part:
    """A sentence with the blanks after it, or salutation or end; a lower rank is kept before a higher one."""

    text: str
    rank: int
    paragraph: int


def _parts(segment: Segment, number: int, ask: str) -> Iterator[_Part]:
    if segment.kind in ("salutation", "closing", "signature"):
        yield _Part(segment.text.strip("\n"), KEPT, number)
    elif segment.kind in ("paragraph", "own"):
        rank = _OWN if segment.kind == "own" else _REST
        for text in _sentences(segment.text.strip("\n")):
            yield _Part(text, KEPT if _asks(text, ask) else rank, number)


def _sentences(text: str) -> Iterator[str]:
    begin = 0
    for border in _SENTENCE_END.finditer(text):
        yield text[begin : border.end()]
        begin = border.end()
    if begin < len(text):
        yield text[begin:]


def _asks(sentence: str, ask: str) -> bool:
    said, asked = " ".join(sentence.split()), " ".join(ask.split())
    return bool(said and asked) and (said in asked or asked in said)


def _joined(parts: Iterable[_Part]) -> str:
    paragraphs = groupby(parts, key=lambda part: part.paragraph)
    return "\n\n".join("".join(part.text for part in own).rstrip() for _number, own in paragraphs)


def _words(text: str, limit: int) -> str:
    """Return as many whole words as fit; of a single one that does not, its beginning."""
    if characters(text) <= limit:
        return text
    end = len(text)
    while end and characters(text[:end]) > limit:
        end -= 1
    border = max(text.rfind(blank, 0, end + 1) for blank in (" ", "\n"))
    return text[: border if border > 0 else end].rstrip()
