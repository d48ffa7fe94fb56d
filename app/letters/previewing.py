"""The letters as they would be sent, from a form that may still be unfinished."""

from __future__ import annotations

from datetime import datetime

from app.letters.draft import Draft
from app.letters.snapshot import Snapshot
from app.letters.wording import Worded
from app.letters.writing import words_of


def preview(snapshot: Snapshot, draft: Draft, *, now: datetime) -> list[Worded]:
    """Return the letter to each chosen office that can be written to; unknown and closed ones are left out.

    Args:
        snapshot: the campaign as it is now.
        draft: what was typed so far, with something standing for what is missing.
        now: the instant; the letter's date comes from it.
    """
    words = words_of(draft, now=now)
    return [
        snapshot.word(office, words, snapshot.version_for(office, draft.language, now=now))
        for office in snapshot.named(draft.recipients)
        if office.addressable
    ]
