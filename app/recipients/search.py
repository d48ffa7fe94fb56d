"""Finding an office by whatever spelling somebody remembers."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import sqlalchemy as sa

from app.recipients.models import Recipient

# Letters that carry their difference in themselves, not in a mark that NFKD could take off.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)


def normalised(text: str) -> str:
    """Return `text` as it is searched: no accents, no case, single blanks ("Türk" and "TURK" alike)."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.casefold().translate(_PLAIN).split())


def refresh_search_text(recipient: Recipient) -> None:
    """Set what `recipient` is found by: its names, its variants, its holders' names and variants.

    To be called after every change of the row or of its holders, in the same transaction.
    """
    words = [recipient.institution, recipient.title, recipient.short_name, *(recipient.variants or ())]
    for holder in recipient.holders:
        words += [holder.name, *(holder.variants or ())]
    # A row that was never stored has no value yet where the table has a default.
    recipient.search_text = search_text(word for word in words if word)


def search_text(words: Iterable[str]) -> str:
    """Return what a row is found by: each of its names and variants in a line."""
    return "\n".join(filter(None, map(normalised, words)))


def matching(query: str) -> list[sa.ColumnElement[bool]]:
    """Return the conditions under which a recipient is found: every word of `query` occurs in it."""
    return [Recipient.search_text.contains(word, autoescape=True) for word in normalised(query).split()]
