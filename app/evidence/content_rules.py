"""Rules about wording, held against a text. Pure, and quick enough for one that is still being typed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from app.evidence.models import ContentRule

MOST = 50
"""So many findings are told about one text: nobody reads more."""


@dataclass(frozen=True)
class Finding:
    """Words of a text that a rule is about, and where they stand."""

    rule: ContentRule
    words: str
    start: int
    end: int

    @property
    def blocks(self) -> bool:
        """Whether the text must not be used like this."""
        return self.rule.level == "block"


def findings(rules: Iterable[ContentRule], text: str, language: str) -> list[Finding]:
    """Return what rules say about a text, in its order.

    Args:
        rules: all of them.
        text: whatever was written.
        language: of the text; a rule without words in it says nothing.
    """
    found = [finding for rule in rules for finding in _of(rule, text, language)]
    return sorted(found, key=lambda finding: (finding.start, finding.end))[:MOST]


def _of(rule: ContentRule, text: str, language: str) -> list[Finding]:
    pattern = compiled(rule.pattern.get(language, ""))
    if pattern is None:
        return []
    allowed = compiled(rule.unless.get(language, ""))
    spans = [match.span() for match in allowed.finditer(text)] if allowed else []
    return [
        Finding(rule, match[0], *match.span())
        for match in pattern.finditer(text)
        if not any(first <= match.start() and match.end() <= last for first, last in spans)
    ]


@lru_cache(maxsize=512)
def compiled(phrases: str) -> re.Pattern[str] | None:
    """Return what finds phrases divided by “|”, whole words only; None where there is none.

    What stands in a phrase is never a pattern but for a `*` at the end of a word, which stands for any
    letters; spaces stand for any white space, and either apostrophe for both.
    """
    alternatives = [_alternative(phrase) for phrase in phrases.split("|") if phrase.strip(" *")]
    if not alternatives:
        return None
    # Longest first, so that a phrase is found whole where it begins with another one.
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(alternatives, key=len, reverse=True))})(?!\w)", re.I)


def _alternative(phrase: str) -> str:
    return r"\s+".join(_word(word) for word in phrase.split())


def _word(word: str) -> str:
    stem = word.rstrip("*")
    return re.sub("['’]", "['’]", re.escape(stem)) + (r"\w*" if stem != word else "")
