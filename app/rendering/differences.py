"""What is different between two wordings, word by word, for a page that shows both in one."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Final, Literal

LONGEST: Final = 4_000
"""Words that are compared one by one; what is longer is shown as taken out and put in whole."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the text: the same in both, only in the older, or only in the newer."""

    kind: Literal["same", "out", "in"]
    text: str


def differences(before: str, after: str) -> tuple[Stretch, ...]:
    """Return both texts in one: `same` and `out` in a row are the older one, `same` and `in` the newer."""
    if before == after:
        return (Stretch("same", after),) if after else ()
    old, new = _words(before), _words(after)
    if max(len(old), len(new)) > LONGEST:
        return _whole(before, after)
    found: list[Stretch] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, first, last, begin, end in matcher.get_opcodes():
        if kind == "equal":
            found.append(Stretch("same", "".join(old[first:last])))
            continue
        found += _whole("".join(old[first:last]), "".join(new[begin:end]))
    return tuple(found)


def _words(text: str) -> list[str]:
    return re.findall(r"\S+\s*|\s+", text)


def _whole(out: str, new: str) -> tuple[Stretch, ...]:
    pairs: tuple[tuple[Literal["out", "in"], str], ...] = (("out", out), ("in", new))
    return tuple(Stretch(kind, text) for kind, text in pairs if text)
