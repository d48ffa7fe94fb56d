"""How many letters a campaign has: of those that were confirmed."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final, Literal

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


Way = Literal["accepted", "posted", "submitted", "own"]
"""Taken by a mail server; posted by an organizer; put into the office's form; sent by their writers' mail."""
WAYS: Final[tuple[Way, ...]] = ("accepted", "posted", "submitted", "own")


@dataclass(frozen=True)
class Taken:
    """Letters of one campaign that reached an office, or left for it, by the way that they went.

    `told` has the ways of which there are at least `LEAST_TOLD`, each with its number.
    """

    campaign: Campaign
    title: str
    told: tuple[tuple[Way, int], ...]

    @property
    def by_writers(self) -> bool:
        """Whether some of them are counted by what writers told."""
        return any(way in {"submitted", "own"} for way, _count in self.told)


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
    """Return how many letters of each campaign went to an office, by the way that they went.

    Args:
        recipient_id: the office.
        language: of the campaigns' titles.

    Returns:
        A line for every campaign, drafts aside, that writes to the office or wrote to it; by title.
    """
    counts = _by_campaign(recipient_id)
    found = campaigns_of_office(db.session, recipient_id, also=set(counts))
    lines = [
        Taken(
            campaign,
            text(campaign.title, language),
            tuple((way, count) for way in WAYS if (count := counts[campaign.id][way]) >= LEAST_TOLD),
        )
        for campaign in found
    ]
    return sorted(lines, key=lambda line: line.title.casefold())


_WAY_OF_STATE: Final[dict[str, Way]] = {"accepted": "accepted", "posted": "posted", "self_sent": "submitted"}
_WAY_OF_CHANNEL: Final[dict[str, Way]] = {"email": "own", "web_form": "submitted"}


def _by_campaign(recipient_id: uuid.UUID) -> dict[uuid.UUID, Counter[Way]]:
    query = (
        select(Letter.campaign_id, Delivery.state, func.count(Delivery.id))
        .join(Letter, Delivery.letter_id == Letter.id)
        .where(Delivery.recipient_id == recipient_id, Delivery.state.in_(_WAY_OF_STATE))
        .group_by(Letter.campaign_id, Delivery.state)
    )
    counts: dict[uuid.UUID, Counter[Way]] = defaultdict(Counter)
    for campaign_id, state, count in db.session.execute(query):
        counts[campaign_id][_WAY_OF_STATE[state]] += count
    for (campaign_id, channel), count in own_sendings_to(db.session, recipient_id).items():
        counts[campaign_id][_WAY_OF_CHANNEL[channel]] += count
    return counts
