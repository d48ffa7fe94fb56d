"""How often an office answers, from what those tell who wrote to it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from sqlalchemy import distinct, func, select

from app.database import db
from app.delivery.models import Delivery
from app.letters.models import Letter
from app.letters.replies.models import OfficeReply
from app.rendering.shares import wilson
from app.supporters.models import Supporter

LEAST_TOLD: Final = 10
"""Of fewer people nothing is told: too few to say anything about an office, and too much about them."""


@dataclass(frozen=True)
class Share:
    """A share in whole percent, and between which percents the true one lies (Wilson, 95 %)."""

    percent: int
    low: int
    high: int


@dataclass(frozen=True)
class Replies:
    """What an office did with letters. The shares are None where fewer than `LEAST_TOLD` people told.

    `copies` of letters are what they told of; 0 where it is not told either.
    """

    copies: int
    answered: Share | None
    acknowledged: Share | None

    @property
    def enough(self) -> bool:
        """Whether enough people told to say anything."""
        return self.answered is not None


TOO_FEW: Final = Replies(0, None, None)


def replies_of(recipient_id: uuid.UUID) -> Replies:
    """Return how often an office answered, over all campaigns."""
    place = (
        select(OfficeReply.kind, func.count(OfficeReply.id))
        .join(Delivery, OfficeReply.delivery_id == Delivery.id)
        .where(Delivery.recipient_id == recipient_id)
        .group_by(OfficeReply.kind)
    )
    counts: dict[str, int] = dict(iter(db.session.execute(place)))
    total = sum(counts.values())
    if total < LEAST_TOLD or _people(recipient_id) < LEAST_TOLD:
        return TOO_FEW
    answered, acknowledged = counts.get("answered", 0), counts.get("acknowledged", 0)
    return Replies(total, _share(answered, total), _share(acknowledged, total))


def _people(recipient_id: uuid.UUID) -> int:
    # One mailbox is one person, however many letters they wrote.
    query = (
        select(func.count(distinct(Supporter.email_index)))
        .select_from(OfficeReply)
        .join(Delivery, OfficeReply.delivery_id == Delivery.id)
        .join(Letter, Delivery.letter_id == Letter.id)
        .join(Supporter, Letter.supporter_id == Supporter.id)
        .where(Delivery.recipient_id == recipient_id)
    )
    return db.session.scalar(query) or 0


def _share(hits: int, total: int) -> Share:
    low, high = wilson(hits, total)
    return Share(round(100 * hits / total), round(100 * low), round(100 * high))
