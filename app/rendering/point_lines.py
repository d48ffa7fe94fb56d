"""Points and wordings of a letter as an organizer types them: plain text in one box, and back.

    # visits: Visits by the Red Cross
    I ask for regular visits.
    or:
    Please let the Red Cross visit.

A line that begins with "#" names a point (its key and what it is called) or a wording; a line "or:" divides
the ways to say it. Nothing in it is code; what stands between is in the letter language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from app.rendering.sentences import N_, RenderingError

OR: Final = "or:"
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


class PointLinesError(RenderingError):
    """The text in the box cannot be read; the sentence names the line."""


@dataclass(frozen=True, slots=True)
class Section:
    """One point or wording: its key, what it is called (for a point), and the ways to say it."""

    key: str
    label: str
    texts: tuple[str, ...]


def read_sections(source: str) -> tuple[Section, ...]:
    """Read the text of the box.

    Raises:
        PointLinesError: something stands before the first name, a name is missing, is one that no key can be
            made of, or stands twice, or there is nothing below it.
    """
    sections: list[Section] = []
    for line, head, texts in _divided(source):
        key, label = _named(head, line)
        if any(section.key == key for section in sections):
            raise PointLinesError(
                N_("Line %(line)s: the name %(name)s is there already."), line=line, name=key
            )
        if not all(texts):
            raise PointLinesError(N_("Line %(line)s: there is no text below %(name)s."), line=line, name=key)
        sections.append(Section(key, label, tuple(texts)))
    return tuple(sections)


def written(sections: Sequence[Section]) -> str:
    """Return sections as text of the box: `read_sections` gives them back."""
    return "\n\n".join(_written(section) for section in sections)


def sections_of_points(points: Mapping[str, object] | None) -> tuple[Section, ...]:
    """Return the points of a stored wording ({"of": [{"key", "label", "texts"}, …]}) as sections."""
    found = (points or {}).get("of")
    return tuple(
        Section(point["key"], point["label"], tuple(point["texts"]))
        for point in (found if isinstance(found, list) else ())
    )


def sections_of_wordings(wordings: Mapping[str, Sequence[str]] | None) -> tuple[Section, ...]:
    """Return the wordings of a stored letter as sections."""
    return tuple(Section(name, name, tuple(texts)) for name, texts in (wordings or {}).items())


def _divided(source: str) -> Iterator[tuple[int, str, list[str]]]:
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    heads = [place for place, line in enumerate(lines) if line.startswith("#")]
    before = lines[: heads[0]] if heads else lines
    for place, line in enumerate(before, 1):
        if line.strip():
            raise PointLinesError(
                N_("Line %(line)s: begin with a line such as “# visits: What it is called”."), line=place
            )
    for place, end in pairwise([*heads, len(lines)]):
        yield place + 1, lines[place].removeprefix("#").strip(), _texts(lines[place + 1 : end])


def _texts(lines: Sequence[str]) -> list[str]:
    texts: list[list[str]] = [[]]
    for line in lines:
        if line.strip().casefold() == OR:
            texts.append([])
        else:
            texts[-1].append(line)
    return ["\n".join(text).strip() for text in texts]


def _named(head: str, line: int) -> tuple[str, str]:
    key, colon, label = (part.strip() for part in head.partition(":"))
    if not colon:
        key, label = _key_of(head), head
    if not _KEY.fullmatch(key) or not label:
        raise PointLinesError(
            N_("Line %(line)s: a name has small letters a to z, such as “# visits: What it is called”."),
            line=line,
        )
    return key, label


def _key_of(label: str) -> str:
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode("ascii").casefold()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40]


def _written(section: Section) -> str:
    head = section.key if section.label == section.key else f"{section.key}: {section.label}"
    return f"# {head}\n" + f"\n{OR}\n".join(section.texts)
