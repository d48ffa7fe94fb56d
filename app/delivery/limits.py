"""How fast mails may leave, and when offices want them: what a worker is told before it claims."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
DIGEST_HOUR: Final = 9
"""When an office without hours gets its letters of a day, by its own clock."""


def is_time_zone(name: str) -> bool:
    """Whether a time zone of that name is known on this machine."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What an office asks of those who write to it.

    Attributes:
        daily_limit: letters a day (of its zone), or None for as many as there are.
        opens, closes: full hours between which letters may leave, in `zone`; both None for always.
            They may span midnight.
        zone: the name of its time zone.
        digest: whether all letters of a day are to come in one mail; `daily_limit` says nothing then.
    """

    daily_limit: int | None = None
    opens: int | None = None
    closes: int | None = None
    zone: str = "UTC"
    digest: bool = False

    def opening(self, now: datetime) -> datetime:
        """Return `now` if letters may leave now, else when they may next."""
        if self.opens is None or self.closes is None or self.opens == self.closes:
            return now
        local = now.astimezone(ZoneInfo(self.zone))
        by_day = self.opens < self.closes
        after, before = local.hour >= self.opens, local.hour < self.closes
        if (after and before) if by_day else (after or before):
            return now
        opening = local.replace(hour=self.opens, minute=0, second=0, microsecond=0)
        if opening <= local:
            opening += DAY
        return max(opening.astimezone(now.tzinfo), now)

    def ahead_of_utc(self, now: datetime) -> timedelta:
        """Return how far its clock is ahead of UTC."""
        return now.astimezone(ZoneInfo(self.zone)).utcoffset() or timedelta()

    def next_digest(self, now: datetime) -> datetime:
        """Return when the letters of a day leave next, after `now`."""
        local = now.astimezone(ZoneInfo(self.zone))
        hour = DIGEST_HOUR if self.opens is None else self.opens
        at = local.replace(hour=hour, minute=0, second=0, microsecond=0)
        if at <= local:
            at += DAY
        return max(at.astimezone(now.tzinfo), now)


NO_WISHES: Final = Wishes()
WishesOf = Callable[[uuid.UUID], Wishes]
HourlyLimitOf = Callable[[uuid.UUID], int | None]


def nobody_wishes(_recipient_id: uuid.UUID) -> Wishes:
    """Return that an office wishes nothing."""
    return NO_WISHES


def no_limit_of_its_own(_campaign_id: uuid.UUID) -> int | None:
    """Return that a campaign has none."""
    return None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How fast mails may leave, all workers together; 0 for as fast as they can.

    Attributes:
        letters: to one domain, in a minute.
        connections: workers that hand letters to one domain at once, where `letters` is limited.
        notices: mails in our own name to one domain, in a minute.
        campaign: letters of any one campaign, in an hour.
        hourly_limit_of: a campaign's own limit, in an hour; of the two, the smaller one counts.
        wishes_of: what an office asks for.
    """

    letters: int = 0
    connections: int = 1
    notices: int = 0
    campaign: int = 0
    hourly_limit_of: HourlyLimitOf = no_limit_of_its_own
    wishes_of: WishesOf = nobody_wishes

    def of_campaign(self, campaign_id: uuid.UUID) -> int:
        """Return how many letters of a campaign may leave in an hour; 0 for as many as there are."""
        both = self.campaign, self.hourly_limit_of(campaign_id)
        return min((limit for limit in both if limit), default=0)


UNLIMITED: Final = Limits()
