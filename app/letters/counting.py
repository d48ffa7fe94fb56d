"""How many letters a campaign has: of those that were confirmed."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import distinct, func, select

from app.campaigns.models import Campaign
from app.campaigns.reading import campaigns_of_office
from app.campaigns.texts import text
from app.database import db
from app.delivery.models import Delivery
from app.letters.models import Letter
from app.letters.own_sending import own_sendings_of_campaign, own_sendings_to
from app.supporters.models import Supporter

LEAST_TOLD = 5
"""A smaller number of letters is not told: it could tell about one person."""


@dataclass(frozen=True)
class Taken:
    """Letters of one campaign that the mail server of an office took, and those that went another way.

    `count` is None for fewer than `LEAST_TOLD`, none among them. `own` are those that supporters sent
    themselves, by what they told: None likewise, but for none at all.
    """

    campaign: Campaign
    title: str
    count: int | None
    own: int | None = 0


@dataclass(frozen=True)
class Tally:
    """Confirmed letters (copies to offices), the people who wrote them, and their countries.

    `own` are letters beside those: supporters told that they have sent them themselves.
    """

    letters: int
    people: int
    countries: int
    own: int = 0


def tally(campaign_id: uuid.UUID) -> Tally:
    """Count a campaign's confirmed letters that were not taken back, joint ones aside.

    One mailbox is one person.
    """
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
            Letter.joint_letter_id.is_(None),
            Delivery.state != "cancelled",
        )
    )
    letters, people, countries = db.session.execute(query).one()
    own = own_sendings_of_campaign(db.session, campaign_id)
    return Tally(letters=letters, people=people, countries=countries, own=own)


def taken_by(recipient_id: uuid.UUID, language: str) -> list[Taken]:
    """Return how many letters of each campaign the mail server of an office took.

    Args:
        recipient_id: the office.
        language: of the campaigns' titles.

    Returns:
        A line for every campaign, drafts aside, that writes to the office or wrote to it; by title.
    """
    query = (
        select(Letter.campaign_id, func.count(Delivery.id))
        .join(Letter, Delivery.letter_id == Letter.id)
        .where(Delivery.recipient_id == recipient_id, Delivery.state == "accepted")
        .group_by(Letter.campaign_id)
    )
    counts = dict(db.session.execute(query).all())
    own = _sent_by_writers(recipient_id)
    found = campaigns_of_office(db.session, recipient_id, also={*counts, *own})
    lines = [
        Taken(
            campaign,
            text(campaign.title, language),
            _told(counts.get(campaign.id, 0)),
            _told(own[campaign.id]) if campaign.id in own else 0,
        )
        for campaign in found
    ]
    return sorted(lines, key=lambda line: line.title.casefold())


def _sent_by_writers(recipient_id: uuid.UUID) -> Counter[uuid.UUID]:
    """Return how many letters supporters have sent to an office themselves, by campaign; no zeros."""
    query = (
        select(Letter.campaign_id, func.count(Delivery.id))
        .join(Letter, Delivery.letter_id == Letter.id)
        .where(Delivery.recipient_id == recipient_id, Delivery.state == "self_sent")
        .group_by(Letter.campaign_id)
    )
    confirmed = Counter(dict(db.session.execute(query).all()))
    return confirmed + Counter(own_sendings_to(db.session, recipient_id))


def _told(count: int) -> int | None:
    return count if count >= LEAST_TOLD else None
