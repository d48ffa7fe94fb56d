"""Texts by language: the one that a reader gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Text = TypeVar("Text")

FALLBACK = "en"


def in_language(texts: Mapping[str, Text], language: str) -> Text | None:
    """Return the text in `language`, else in English, else in any language that there is."""
    for code in (language, language.split("-", maxsplit=1)[0].split("_", maxsplit=1)[0], FALLBACK):
        if code in texts:
            return texts[code]
    return next(iter(texts.values()), None)


def text(texts: Mapping[str, str], language: str) -> str:
    """Return the text in `language` (or the nearest there is), or ''."""
    return in_language(texts, language) or ""
