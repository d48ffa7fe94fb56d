"""Letters to whoever represents the supporter: the campaign says what it asks, the place says of whom.

A campaign's `representatives` is {"country": "US", "template": "congress", "executive": false,
"ask": {"en": …}, "ask_text": {"en": …}}. Only a constituent can choose an office in this way. A rule of the
audience that a representative belongs to comes before it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy.orm import Session

from app.campaigns.groups import first_rule
from app.campaigns.models import AudienceMember, Campaign
from app.campaigns.reading import AudienceOffice, office_card
from app.recipients.areas import has_areas
from app.recipients.models import Recipient
from app.recipients.representatives import Candidate, Candidates, representatives_for, representatives_in
from app.recipients.representatives import representatives_named as offices_named
from app.recipients.resolution import resolve

Why = Literal["", "elsewhere", "no_postal_code", "unknown_postal_code", "unknown_place"]


@dataclass(frozen=True)
class Place:
    """Where somebody lives, as they typed it; `country` is ISO 3166-1 alpha-2."""

    country: str
    region: str = ""
    city: str = ""
    postal_code: str = ""


@dataclass(frozen=True)
class Representatives:
    """What the write page offers to somebody of a place.

    Attributes:
        certain: offices that represent the place for sure.
        to_choose: those of which one of each sort does: the person knows which.
        by_hand: the districts of the region, where the postal code tells nothing.
        why: why there are no districts by postal code; "elsewhere" for another country than the campaign's.
        sorts: by slug, which of them exclude each other (two districts of one chamber).
    """

    certain: tuple[AudienceOffice, ...] = ()
    to_choose: tuple[AudienceOffice, ...] = ()
    by_hand: tuple[AudienceOffice, ...] = ()
    why: Why = ""
    sorts: tuple[tuple[str, str], ...] = ()

    @property
    def offices(self) -> tuple[AudienceOffice, ...]:
        """All that can be chosen."""
        return (*self.certain, *self.to_choose, *self.by_hand)

    def excluding(self, slugs: Collection[str]) -> tuple[AudienceOffice, ...]:
        """Return chosen offices of which only one can represent somebody; empty if there is no such case."""
        by_sort: dict[str, list[str]] = {}
        for slug, sort in self.sorts:
            if slug in slugs:
                by_sort.setdefault(sort, []).append(slug)
        several = {slug for group in by_sort.values() if len(group) > 1 for slug in group}
        return tuple(office for office in self.offices if office.slug in several)


def offers_representatives(session: Session, campaign: Campaign) -> bool:
    """Whether a campaign writes to representatives, and knows the districts of its country."""
    asked = campaign.representatives
    return bool(asked) and has_areas(session, str((asked or {}).get("country", "")))


def representatives_at(
    session: Session, campaign: Campaign, place: Place, language: str, *, day: date
) -> Representatives:
    """Return who represents a place, as offices of a campaign that writes to representatives."""
    asked = campaign.representatives or {}
    if place.country and place.country != asked.get("country"):
        return Representatives(why="elsewhere")
    executive = bool(asked.get("executive"))
    found = representatives_for(
        country=asked["country"],
        region=place.region,
        city=place.city,
        postal_code=place.postal_code,
        day=day,
        executive=executive,
    )
    by_hand: tuple[Candidate, ...] = ()
    if found.fallback:
        known = {candidate.recipient.id for candidate in found.offices}
        hand = representatives_in(asked["country"], place.region, day=day)
        by_hand = tuple(candidate for candidate in hand if candidate.recipient.id not in known)
    everybody = [*found.offices, *by_hand]
    cards = _cards(session, campaign, [candidate.recipient for candidate in everybody], language, day)
    return _offered(found, by_hand, cards)


def _offered(
    found: Candidates, by_hand: Collection[Candidate], cards: Mapping[str, AudienceOffice]
) -> Representatives:
    def of(candidates: Iterable[Candidate]) -> tuple[AudienceOffice, ...]:
        return tuple(cards[c.recipient.slug] for c in candidates if c.recipient.slug in cards)

    return Representatives(
        certain=of(candidate for candidate in found.offices if candidate.certain),
        to_choose=of(found.to_choose),
        by_hand=of(by_hand),
        why=found.fallback,
        sorts=tuple(
            (c.recipient.slug, c.sort) for c in (*found.offices, *by_hand) if c.area.kind == "district"
        ),
    )


def representatives_named(
    session: Session, campaign: Campaign, slugs: Collection[str], language: str, *, day: date
) -> list[AudienceOffice]:
    """Return the representatives of these slugs as offices of a campaign; unknown ones are left out."""
    asked = campaign.representatives
    if not asked or not slugs:
        return []
    offices = offices_named(session, str(asked["country"]), slugs, executive=bool(asked.get("executive")))
    return list(_cards(session, campaign, offices, language, day).values())


def member_for(campaign: Campaign, recipient: Recipient) -> AudienceMember:
    """Return the rule for a representative: one of the audience, or the one for all, never stored."""
    rule = first_rule(campaign.audience, recipient)
    return rule if rule is not None else rule_for_all(campaign)


def rule_for_all(campaign: Campaign) -> AudienceMember:
    """Return what a campaign asks of representatives that no rule of its audience is about; never stored."""
    asked: dict[str, Any] = campaign.representatives or {}
    return AudienceMember(
        campaign_id=campaign.id,
        group_of={},
        position=len(campaign.audience),
        template_key=asked.get("template", ""),
        thanks_key=asked.get("thanks", ""),
        preselected=False,
        history=False,
        ask=asked.get("ask") or {},
        ask_text=asked.get("ask_text") or {},
    )


def _cards(
    session: Session, campaign: Campaign, offices: Iterable[Recipient], language: str, day: date
) -> dict[str, AudienceOffice]:
    by_id = {office.id: office for office in offices}
    addressees = resolve(session, list(by_id), day=day)
    return {
        office.slug: office_card(
            campaign,
            member_for(campaign, office),
            addressees[office_id],
            language,
            day=day,
            for_constituents=True,
        )
        for office_id, office in by_id.items()
        if office_id in addressees
    }
