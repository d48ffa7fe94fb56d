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
    """Count a campaign's confirmed letters. One mailbox is one person."""
    confirmed = (Letter.campaign_id == campaign_id) & Letter.confirmed_at.is_not(None)
    of_people = (
        select(func.count(distinct(Supporter.email_index)), func.count(distinct(Supporter.country)))
        .join(Letter, Letter.supporter_id == Supporter.id)
        .where(confirmed)
    )
    of_copies = select(func.count(Delivery.id)).join(Letter, Delivery.letter_id == Letter.id)
    of_copies = of_copies.where(confirmed, Delivery.state != "cancelled")
    people, countries = db.session.execute(of_people).one()
    return Tally(letters=db.session.scalar(of_copies) or 0, people=people, countries=countries)
