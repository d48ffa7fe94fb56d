"""How much of a letter is in the supporter's own words, and how close it is to others' of the campaign.

Letters are compared by sketches that are kept with confirmed ones: hashes under a key of this
installation, from which no word can be read. Nothing here ever keeps a letter back.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import db
from app.letters.models import Letter
from app.letters.wording import Worded
from app.rendering.originality import own_share, sketch, usual_closeness
from app.security.keys import current_keys

SAMPLE = 100
"""Letters that one is compared with: the newest ones."""
FEWEST = 5
"""With fewer letters nothing is said about them: it would tell of single ones."""
LITTLE = 0.1
CLOSE = 0.6


@dataclass(frozen=True)
class Originality:
    """What a supporter is told.

    Attributes:
        own: which part of the words is theirs, in percent.
        close: which part of its runs of words it shares with the middle one of the others, in percent; None
            where there are too few others.
        others: how many it was compared with.
        advice: what would make it more their own; may be empty.
    """

    own: int
    close: int | None
    others: int
    advice: tuple[str, ...]


def body_of(worded: Worded) -> str:
    """Return what a letter says between salutation and closing."""
    return "".join(segment.text for segment in worded.segments if segment.kind in ("paragraph", "own"))


def originality_of(campaign_id: uuid.UUID, previews: Sequence[Worded]) -> Originality | None:
    """Return how original letters are, judged by the one closest to others; None for none."""
    if not previews:
        return None
    kept = _newest_sketches(db.session, campaign_id)
    close: float | None = None
    others = 0
    for place, mine in sketches_of(previews).items():
        theirs = [_unpacked(sketches[place]) for sketches in kept if place in sketches]
        if len(theirs) >= FEWEST:
            found = usual_closeness(_unpacked(mine), theirs)
            close, others = max(close or 0.0, found or 0.0), max(others, len(theirs))
    share = min(_own_share(worded) for worded in previews)
    percent = None if close is None else round(100 * close)
    return Originality(round(100 * share), percent, others, tuple(_advice(share, close)))


def sketches_of(letters: Iterable[Worded]) -> dict[str, str]:
    """Return what is kept to compare letters with later ones: a sketch for each template, by name."""
    key = current_keys().mac("letter sketch", b"")
    return {
        _place(worded): base64.b64encode(sketch(body_of(worded), key)).decode("ascii") for worded in letters
    }


def _place(worded: Worded) -> str:
    template = worded.version.template
    return f"{template.key}.{template.language}"


def _own_share(worded: Worded) -> float:
    own = "".join(segment.text for segment in worded.segments if segment.kind == "own")
    fixed = "".join(segment.text for segment in worded.segments if segment.kind == "paragraph")
    return own_share(own, fixed)


def _advice(share: float, close: float | None) -> Iterable[str]:
    if share < LITTLE:
        yield _("A sentence or two more of your own makes an office read on.")
    if close is not None and close > CLOSE:
        yield _("Choose other points or another order, or press “Say it differently”.")


def _newest_sketches(session: Session, campaign_id: uuid.UUID) -> list[dict[str, str]]:
    query = (
        select(Letter.sketches)
        .where(
            Letter.campaign_id == campaign_id, Letter.confirmed_at.is_not(None), Letter.sketches.is_not(None)
        )
        .order_by(Letter.confirmed_at.desc())
        .limit(SAMPLE)
    )
    return [sketches for sketches in session.scalars(query) if sketches]


def _unpacked(kept: str) -> bytes:
    return base64.b64decode(kept)
