"""What offices have done of what a campaign asks: who is thanked instead of asked, and with which letter."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time

from app.campaigns.models import THANKS, AudienceMember, Campaign, Deed
from app.campaigns.offering import offered_version
from app.recipients.models import Holder


def deed_of(
    campaign: Campaign, recipient_id: uuid.UUID | None, holder: Holder | None, *, day: date
) -> Deed | None:
    """Return what an office has done by `day`, the latest first; None where it has not acted.

    Args:
        campaign: that asks for it.
        recipient_id: which office.
        holder: who holds it on that day: what somebody else did who held it is not theirs.
        day: the letter's.
    """
    done = [
        deed
        for deed in campaign.deeds
        if deed.recipient_id == recipient_id and deed.undone_at is None and deed.done_on <= day
        if deed.holder_id is None or (holder is not None and deed.holder_id == holder.id)
    ]
    return max(done, key=lambda deed: (deed.done_on, deed.recorded_at), default=None)


def deed_stated_at(campaign: Campaign, recipient_id: uuid.UUID | None, instant: datetime) -> Deed | None:
    """Return the deed that a letter of thanks which was written at an instant is about, undone or not."""
    recorded = [
        deed
        for deed in campaign.deeds
        if deed.recipient_id == recipient_id
        and deed.recorded_at <= instant
        and (deed.undone_at is None or instant <= deed.undone_at)
    ]
    return max(recorded, key=lambda deed: (deed.done_on, deed.recorded_at), default=None)


def thanks_letter(campaign: Campaign, rule: AudienceMember, *, day: date) -> str:
    """Return the key of the letter that thanks an office of a rule; "" where there is none yet.

    It counts from the day after it was published for a time to come: what is read on one day stays as it is.
    """
    begins = datetime.combine(day, time(), UTC)
    keys = sorted(
        template.key
        for template in campaign.templates
        if template.kind == THANKS and offered_version(template, now=begins) is not None
    )
    if rule.thanks_key:
        return rule.thanks_key if rule.thanks_key in keys else ""
    return next(iter(keys), "")


def recorded(campaign: Campaign, recipient_id: uuid.UUID) -> Deed | None:
    """Return what is recorded of an office, whoever held it then; the latest first."""
    standing = [
        deed for deed in campaign.deeds if deed.recipient_id == recipient_id and deed.undone_at is None
    ]
    return max(standing, key=lambda deed: deed.recorded_at, default=None)
