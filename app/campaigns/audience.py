"""Which offices a campaign writes to, and what it asks of each: changed by organizers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, selectinload

from app.campaigns.models import AudienceMember, Campaign
from app.campaigns.texts import text
from app.database import db, transaction
from app.errors import NotFound, Refused
from app.recipients.models import Recipient
from app.security import audit


@dataclass(frozen=True)
class Membership:
    """A campaign as seen from one office: `member` is None where it does not write to that office."""

    campaign: Campaign
    title: str
    member: AudienceMember | None
    ask: str
    templates: dict[str, str]

    @property
    def is_offered(self) -> bool:
        """Whether supporters of the campaign can choose the office."""
        return self.member is not None and not self.member.history and bool(self.member.template_key)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a campaign asks of an office, in one language.

    Attributes:
        template_key: which of the campaign's letters goes there.
        ask: the line on the card.
        ask_text: the sentence in the letter.
        preselected: whether the office is ticked when the page opens.
        offered: whether it can be chosen; if not, it is shown as one that was written to.
    """

    template_key: str
    ask: str
    ask_text: str
    preselected: bool
    offered: bool


def memberships(recipient_id: uuid.UUID, language: str) -> list[Membership]:
    """Return every campaign that is not over, with what it asks of an office."""
    query = (
        sa.select(Campaign)
        .where(Campaign.status != "closed")
        .order_by(Campaign.slug)
        .options(selectinload(Campaign.audience), selectinload(Campaign.templates))
    )
    return [_membership(campaign, recipient_id, language) for campaign in db.session.scalars(query)]


def membership(campaign_id: uuid.UUID, recipient_id: uuid.UUID, language: str) -> Membership:
    """Return one campaign with what it asks of an office.

    Raises:
        NotFound: there is no such campaign.
    """
    return _membership(_campaign(db.session, campaign_id), recipient_id, language)


def set_asked(
    campaign_id: uuid.UUID,
    recipient_id: uuid.UUID,
    asked: Asked,
    *,
    language: str,
    actor: str,
    now: datetime,
) -> None:
    """Put an office into a campaign's audience, or change what is asked of it there.

    Letters that are confirmed keep the words that they were confirmed with.

    Args:
        campaign_id: which campaign.
        recipient_id: which office.
        asked: what it is asked for; in other languages it stays as it is.
        language: of the words in `asked`.
        actor: for the audit log.
        now: the present instant.

    Raises:
        NotFound: there is no such campaign or office.
        Refused: the campaign has no such letter, or the office takes no letters from the public.
    """
    with transaction() as session:
        campaign = _campaign(session, campaign_id, for_update=True)
        recipient = session.get(Recipient, recipient_id)
        if recipient is None:
            raise NotFound(_("There is no such office."))
        _check(campaign, recipient, asked)
        member = next((row for row in campaign.audience if row.recipient_id == recipient_id), None)
        action = "campaign.office_changed" if member else "campaign.office_added"
        if member is None:
            last = max((row.position for row in campaign.audience), default=-1)
            member = AudienceMember(recipient_id=recipient_id, position=last + 1, ask={}, ask_text={})
            campaign.audience.append(member)
        _apply(member, asked, language)
        campaign.edited_at = now
        audit.record(
            session,
            action,
            actor=actor,
            now=now,
            kind="recipient",
            object_id=recipient_id,
            detail={"campaign": campaign.slug, "office": recipient.short_name},
        )


def _apply(member: AudienceMember, asked: Asked, language: str) -> None:
    member.template_key = asked.template_key
    member.history = not asked.offered
    member.preselected = asked.preselected and asked.offered
    member.ask = {**member.ask, language: asked.ask}
    member.ask_text = {**member.ask_text, language: asked.ask_text}


def _check(campaign: Campaign, recipient: Recipient, asked: Asked) -> None:
    if asked.template_key not in {template.key for template in campaign.templates}:
        raise Refused(_("Choose one of the campaign's letters."), "template_key")
    if not asked.offered:
        return
    if not recipient.is_open:
        raise Refused(_("This office is closed: nobody can write to it."), "offered")
    if recipient.accepts != "public":
        raise Refused(_("This office takes no letters from the public."), "offered")


def _campaign(session: Session, campaign_id: uuid.UUID, *, for_update: bool = False) -> Campaign:
    campaign = session.get(Campaign, campaign_id, with_for_update=for_update or None)
    if campaign is None:
        raise NotFound(_("There is no such campaign."))
    return campaign


def _membership(campaign: Campaign, recipient_id: uuid.UUID, language: str) -> Membership:
    member = next((row for row in campaign.audience if row.recipient_id == recipient_id), None)
    names = {template.key: template.name for template in campaign.templates}
    ask = text(member.ask, language) if member else ""
    return Membership(campaign, text(campaign.title, language), member, ask, names)
