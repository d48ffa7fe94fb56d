"""What offices ask of those who write to them, and a campaign's own pace, as pacing wants to know it."""

from __future__ import annotations

import uuid

from flask import current_app
from sqlalchemy import select

from app.campaigns.models import Campaign
from app.content import ContentMemory
from app.database import db
from app.delivery.limits import NO_WISHES, Limits, Wishes, is_time_zone
from app.recipients.models import Recipient
from app.settings import Settings


def limits_of(settings: Settings) -> Limits:
    """Return how fast mails may leave an installation."""
    return Limits(
        letters=settings.pace_domain,
        connections=settings.pace_connections,
        notices=settings.pace_notices,
        campaign=settings.pace_campaign,
        hourly_limit_of=hourly_limit_of,
        wishes_of=wishes_of,
    )


def wishes_of(recipient_id: uuid.UUID) -> Wishes:
    """Return an office's wishes; they are kept until an organizer changes something."""
    memory: ContentMemory[Wishes] = current_app.extensions["redress_wishes"]
    return memory.get(recipient_id, lambda: _look(recipient_id))


def hourly_limit_of(campaign_id: uuid.UUID) -> int | None:
    """Return how many letters of a campaign may leave in an hour, if it says so; kept as wishes are."""
    memory: ContentMemory[int | None] = current_app.extensions["redress_paces"]
    return memory.get(campaign_id, lambda: _look_at_campaign(campaign_id))


def _look_at_campaign(campaign_id: uuid.UUID) -> int | None:
    with db.sessionmaker() as session:
        return session.scalar(select(Campaign.hourly_limit).where(Campaign.id == campaign_id))


def _look(recipient_id: uuid.UUID) -> Wishes:
    with db.sessionmaker() as session:
        office = session.get(Recipient, recipient_id)
        if office is None:
            return NO_WISHES
        return Wishes(
            daily_limit=office.daily_limit,
            opens=office.opens_at,
            closes=office.closes_at,
            digest=office.rhythm == "digest",
            # It was known where it was entered; another machine may know fewer.
            zone=office.time_zone if office.time_zone and is_time_zone(office.time_zone) else "UTC",
        )
