"""Finding an office by whatever spelling somebody remembers."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, UOWTransaction, aliased

from app.recipients.models import LONGEST_WORD, SORTED, Recipient, RecipientWord

MOST_FOUND: Final = 5_000
LAST: Final = chr(0x10FFFF)
"""Sorts after every letter: what lies between a word and it with this at its end begins with the word."""
_AT_ONCE: Final = 500

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
    # In an order of their own: what comes from the database in another one must not make another text.
    for holder in sorted(recipient.holders, key=lambda holder: holder.name or ""):
        words += [holder.name, *(holder.variants or ())]
    # A row that was never stored has no value yet where the table has a default.
    recipient.search_text = search_text(word for word in words if word)


def search_text(words: Iterable[str]) -> str:
    """Return what a row is found by: each of its names and variants in a line."""
    return "\n".join(filter(None, map(normalised, words)))


def sorted_by(text: str, status: str) -> str:
    """Return by what an office is listed: open ones first, then the beginning of what it is found by."""
    return ("0" if status == "open" else "1") + text[: SORTED - 1]


def words_of(text: str) -> set[str]:
    """Return the words of a normalised text, as the index holds them."""
    return {word[:LONGEST_WORD] for word in re.findall(r"\w+", text)}


def store_words(session: Session, texts: Mapping[uuid.UUID, str]) -> None:
    """Write the words by which offices are found, instead of those that there were.

    Args:
        session: the transaction that changes the offices; they are stored already.
        texts: what each office is found by (`search_text`).
    """
    connection = session.connection()
    ids = list(texts)
    for begin in range(0, len(ids), _AT_ONCE):
        some = ids[begin : begin + _AT_ONCE]
        connection.execute(sa.delete(RecipientWord).where(RecipientWord.recipient_id.in_(some)))
        rows = [
            {"id": uuid.uuid4(), "recipient_id": one, "word": word}
            for one in some
            for word in sorted(words_of(texts[one]))
        ]
        if rows:
            connection.execute(sa.insert(RecipientWord), rows)


@sa.event.listens_for(Session, "before_flush")
def _before_flush(session: Session, _context: UOWTransaction, _rows: object) -> None:
    for row in (*session.new, *session.dirty):
        if isinstance(row, Recipient):
            row.sort_key = sorted_by(row.search_text or "", row.status or "open")


@sa.event.listens_for(Session, "after_flush")
def _after_flush(session: Session, _context: UOWTransaction) -> None:
    changed = [row for row in (*session.new, *session.dirty) if isinstance(row, Recipient)]
    texts = {row.id: row.search_text or "" for row in changed if _is_found_anew(row)}
    if texts:
        store_words(session, texts)


def _is_found_anew(row: Recipient) -> bool:
    return bool(sa.inspect(row).attrs.search_text.history.has_changes())


def matching(query: str) -> list[sa.ColumnElement[bool]]:
    """Return the conditions under which a recipient is found: each word of `query` begins one of its words.

    A word that begins the names of thousands narrows nothing down: `MOST_FOUND` of them are looked at.
    """
    words = [word[:LONGEST_WORD] for word in re.findall(r"\w+", normalised(query))]
    if not words:
        return [] if not query.strip() else [sa.false()]
    first, *others = [aliased(RecipientWord) for _word in words]
    found = sa.select(first.recipient_id).where(_begins(first, words[0]))
    for alias, word in zip(others, words[1:], strict=True):
        found = found.join(alias, alias.recipient_id == first.recipient_id).where(_begins(alias, word))
    return [Recipient.id.in_(found.limit(MOST_FOUND).scalar_subquery())]


def _begins(row: type[RecipientWord], word: str) -> sa.ColumnElement[bool]:
    return sa.and_(row.word >= word, row.word < word + LAST)
