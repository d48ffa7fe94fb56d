"""Putting a campaign before the public, and ending it; what it lacks is told before anybody can write."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.editing import find, note
from app.campaigns.groups import MOST_OFFICES, counted
from app.campaigns.models import Campaign
from app.campaigns.offering import offered_version
from app.campaigns.reading import audience_of
from app.campaigns.texts import text
from app.database import transaction
from app.errors import Refused
from app.letters.checking import sentences_for


def missing(session: Session, campaign: Campaign, language: str, *, now: datetime) -> list[str]:
    """Return, in sentences, what a campaign needs before supporters can write; nothing if it is ready.

    Args:
        session: any session.
        campaign: which one.
        language: that its texts must be in.
        now: the present instant: letters are held against today's holders and facts.
    """
    return [
        *_texts_missing(campaign, language),
        *_letters_missing(session, campaign, language, now),
        *_groups_to_look_at(session, campaign),
        *_problems(session, campaign, now),
    ]


def launch(campaign_id: uuid.UUID, *, language: str, actor: str, now: datetime) -> None:
    """Put a campaign before the public.

    Raises:
        NotFound: there is no such campaign.
        Refused: something is missing; the sentence is the first of what `missing` tells.
    """
    with transaction() as session:
        campaign = find(session, campaign_id, for_update=True)
        needed = missing(session, campaign, language, now=now)
        if needed:
            raise Refused(needed[0])
        campaign.status = "live"
        campaign.opens_on = campaign.opens_on or now.date()
        campaign.edited_at = now
        note(session, "campaign.launched", campaign, actor=actor, now=now)


def end(campaign_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """End a campaign: nobody can write any more; what was confirmed is still delivered.

    Raises:
        NotFound: there is no such campaign.
        Refused: it is not before the public.
    """
    with transaction() as session:
        campaign = find(session, campaign_id, for_update=True)
        if campaign.status != "live":
            raise Refused(_("This campaign is not before the public."))
        campaign.status = "closed"
        campaign.closes_on = min(filter(None, (campaign.closes_on, now.date())))
        campaign.edited_at = now
        note(session, "campaign.ended", campaign, actor=actor, now=now)


def _texts_missing(campaign: Campaign, language: str) -> list[str]:
    needed = {
        "title": _("It has no title."),
        "summary": _("It has no summary."),
        "ask": _("It does not say what is asked."),
        "story": _("It does not tell its story."),
    }
    return [sentence for name, sentence in needed.items() if not text(getattr(campaign, name), language)]


def _letters_missing(session: Session, campaign: Campaign, language: str, now: datetime) -> list[str]:
    offices = [
        office for office in audience_of(session, campaign, language, day=now.date()) if office.addressable
    ]
    if not offices and not campaign.representatives:
        return [_("It writes to nobody: add an office.")]
    offered = {
        template.key for template in campaign.templates if offered_version(template, now=now) is not None
    }
    return [
        _("No letter to %(office)s is published.", office=office.short_name)
        for office in offices
        if office.member.template_key not in offered
    ]


def _groups_to_look_at(session: Session, campaign: Campaign) -> Iterator[str]:
    for rule in campaign.audience:
        if rule.group_of is None or rule.history:
            continue
        count = counted(session, rule)
        name = ", ".join(rule.group_of.values())
        if count > MOST_OFFICES:
            yield _(
                "%(count)s offices belong to the group “%(name)s”; only the first %(most)s are offered.",
                count=count,
                name=name,
                most=MOST_OFFICES,
            )
        elif not count and not campaign.representatives:
            yield _("No office belongs to the group “%(name)s”.", name=name)


def _problems(session: Session, campaign: Campaign, now: datetime) -> list[str]:
    return [
        f"{template.name} ({template.language}): {sentence}"
        for template in campaign.templates
        if (version := offered_version(template, now=now)) is not None
        for sentence in sentences_for(session, campaign, version, day=now.date())
    ]
