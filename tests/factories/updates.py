"""Updates of campaigns, and those who asked for them."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select

from app import clock
from app.campaigns.models import Campaign
from app.database import transaction
from app.letters.updates.models import CampaignUpdate
from tests.factories.letters import Notice, WriterFactory, notices, write_and_confirm


def store_update(slug: str, *, sent: bool = True, now: datetime | None = None) -> CampaignUpdate:
    """Store an update of a campaign, sent to nobody or still a draft."""
    now = now or clock.now()
    with transaction() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
        row = CampaignUpdate(
            campaign_id=campaign.id,
            subject="The sluice is open",
            text="Since Monday there is water.\n\nThank you.",
            edited_at=now,
            sent_at=now if sent else None,
            mails=0,
        )
        session.add(row)
    return row


def ask_for_news(slug: str, email: str, *, updates: bool = True, now: datetime | None = None) -> str:
    """Write and confirm a letter, asking for news of its campaign; return the token of its page."""
    return write_and_confirm(slug, now=now, updates=updates, writer=WriterFactory.build(email=email))


def news() -> list[Notice]:
    """Return the mails that bring an update, oldest first."""
    return [mail for mail in notices() if b"\nList-Id:" in mail.wire]


def stop_path(mail: Notice) -> str:
    """Return the path of the link that stops further ones, as a mail program finds it."""
    header = re.search(rb"^List-Unsubscribe: <https?://[^/>]+(/[^>\s]+)>\r$", mail.wire, re.MULTILINE)
    assert header is not None
    return header[1].decode()
