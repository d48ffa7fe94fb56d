"""How many letters a campaign has: of those that were confirmed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import distinct, func, select

from app.database import db
from app.delivery.models import Delivery
from app.letters.models import Letter
from app.supporters.models import Supporter


@dataclass(frozen=True)
class Tally:
    """Confirmed letters (copies to offices), the people who wrote them, and their countries."""

    letters: int
    people: int
    countries: int


def tally(campaign_id: uuid.UUID) -> Tally:
    """Count a campaign's confirmed letters that were not taken back. One mailbox is one person."""
    query = (
        select(
            func.count(Delivery.id),
            func.count(distinct(Supporter.email_index)),
            func.count(distinct(Supporter.country)),
        )
        .select_from(Letter)
        .join(Supporter, Letter.supporter_id == Supporter.id)
        .join(Delivery, Delivery.letter_id == Letter.id)
        .where(
            Letter.campaign_id == campaign_id,
            Letter.confirmed_at.is_not(None),
            Delivery.state != "cancelled",
        )
    )
    letters, people, countries = db.session.execute(query).one()
    return Tally(letters=letters, people=people, countries=countries)
