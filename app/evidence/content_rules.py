"""The register's rules about wording, as `rendering.tone` holds them against a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from app.evidence.models import ContentRule
from app.i18n.texts import text
from app.rendering.tone import Level, Rule


def tone_rules(
    rows: Iterable[ContentRule], *, said_in: str, written_in: str | None = None
) -> tuple[Rule, ...]:
    """Return rules as they are held against a text.

    Args:
        rows: of the register.
        said_in: the language in which reason and replacement are told.
        written_in: the language of the text; None where it may be any.
    """
    return tuple(
        Rule(
            level=cast(Level, row.level),
            phrases=_phrases(row.pattern, written_in),
            reason=text(row.reason, said_in),
            replacement=text(row.replacement, said_in),
            unless=_phrases(row.unless, written_in),
        )
        for row in rows
    )


def _phrases(patterns: Mapping[str, str], language: str | None) -> tuple[str, ...]:
    chosen = [said for code, said in sorted(patterns.items()) if language in (None, code)]
    return tuple(part.strip() for said in chosen for part in said.split("|") if part.strip(" *"))
