"""Words that a letter had better not use: found in a text by rules, told with the reason, never removed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Level = Literal["hold", "block", "warn"]
"""`hold`: somebody reads the letter first; `block`: no organizer's text has it; `warn`: think twice."""


@dataclass(frozen=True)
class Rule:
    """Phrases and what to say about them.

    Attributes:
        level: how much it matters.
        phrases: in small letters; `*` at the end of one stands for any ending.
        reason: why, in the reader's language.
        replacement: what to write instead; may be empty.
        unless: phrases within which the rule says nothing.
    """

    level: Level
    phrases: tuple[str, ...]
    reason: str
    replacement: str = ""
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """A word that a rule found: where it begins, how it stands there, what the rule says."""

    start: int
    word: str
    level: Level
    reason: str
    replacement: str


def findings(text: str, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Return what the rules find in a text, in its order, each word of it once."""
    found = sorted((one for rule in rules for one in _found(text, rule)), key=lambda one: one.start)
    seen: dict[tuple[str, str], Finding] = {}
    for one in found:
        seen.setdefault((one.word.casefold(), one.reason), one)
    return tuple(seen.values())


def must_be_read(text: str, rules: Iterable[Rule]) -> bool:
    """Whether somebody has to read a text before it leaves."""
    return any(True for rule in rules if rule.level == "hold" for _one in _found(text, rule))


def _found(text: str, rule: Rule) -> Iterator[Finding]:
    allowed = [found.span() for found in _pattern(rule.unless).finditer(text)] if rule.unless else []
    for found in _pattern(rule.phrases).finditer(text) if rule.phrases else ():
        if not any(start <= found.start() and found.end() <= end for start, end in allowed):
            yield Finding(found.start(), found.group(), rule.level, rule.reason, rule.replacement)


@lru_cache(maxsize=512)
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    # Longest first, so that a phrase is found whole where it begins with another one.
    longest_first = sorted(map(_phrase, phrases), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", re.IGNORECASE)


def _phrase(phrase: str) -> str:
    words = (
        re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else "") for word in phrase.split()
    )
    return re.sub("['’]", "['’]", r"\s+".join(words))
