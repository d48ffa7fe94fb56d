"""Which offices a campaign writes to, and what it asks of each: changed by organizers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, selectinload

from app.campaigns.deeds import recorded
from app.campaigns.groups import first_rule
from app.campaigns.models import THANKS, AudienceMember, Campaign, Deed
from app.campaigns.texts import text
from app.database import db, transaction
from app.errors import NotFound, Refused
from app.recipients.models import Recipient
from app.security import audit


@dataclass(frozen=True)
class Membership:
    """A campaign as seen from one office: `rule` is None where it does not write to that office.

    `member` is the office's own rule, if it has one; `rule` is the one that counts, perhaps a group's.
    `deed` is what is recorded that the office has done.
    """

    campaign: Campaign
    title: str
    member: AudienceMember | None
    rule: AudienceMember | None
    deed: Deed | None
    ask: str

    @property
    def is_offered(self) -> bool:
        """Whether supporters of the campaign can choose the office."""
        return self.rule is not None and not self.rule.history and bool(self.rule.template_key)

    @property
    def counts_by_group(self) -> bool:
        """Whether it is the rule for a group that counts for the office."""
        return self.rule is not None and self.rule is not self.member

    @property
    def can_act(self) -> bool:
        """Whether the campaign asks the office for something that it can be thanked for."""
        return self.rule is not None or bool(self.campaign.representatives)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a campaign asks of an office, in one language.

    Attributes:
        template_key: which of the campaign's letters goes there.
        ask: the line on the card.
        ask_text: the sentence in the letter.
        preselected: whether the office is ticked when the page opens.
        offered: whether it can be chosen; if not, it is shown as one that was written to.
        thanks_key: which letter thanks it once it has acted; "" for the first that thanks.
    """

    template_key: str
    ask: str
    ask_text: str
    preselected: bool
    offered: bool
    thanks_key: str = ""


def memberships(recipient_id: uuid.UUID, language: str) -> list[Membership]:
    """Return every campaign that is not over, with what it asks of an office."""
    query = (
        sa.select(Campaign)
        .where(Campaign.status != "closed")
        .order_by(Campaign.slug)
        .options(
            selectinload(Campaign.audience), selectinload(Campaign.templates), selectinload(Campaign.deeds)
        )
    )
    return [
        _membership(db.session, campaign, recipient_id, language) for campaign in db.session.scalars(query)
    ]


def membership(campaign_id: uuid.UUID, recipient_id: uuid.UUID, language: str) -> Membership:
    """Return one campaign with what it asks of an office.

    Raises:
        NotFound: there is no such campaign.
    """
    return _membership(db.session, _campaign(db.session, campaign_id), recipient_id, language)


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
            member = _added(campaign, recipient)
        apply_asked(member, asked, language)
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


def _added(campaign: Campaign, recipient: Recipient) -> AudienceMember:
    # Before the rule of a group that it belongs to: else its own would never count.
    group = first_rule(campaign.audience, recipient)
    last = max((row.position for row in campaign.audience), default=-1)
    place = group.position if group is not None else last + 1
    for row in campaign.audience:
        row.position += row.position >= place
    member = AudienceMember(recipient_id=recipient.id, position=place, ask={}, ask_text={})
    campaign.audience.append(member)
    return member


def apply_asked(member: AudienceMember, asked: Asked, language: str) -> None:
    """Write into a rule what it asks, in one language."""
    member.template_key, member.thanks_key = asked.template_key, asked.thanks_key
    member.history = not asked.offered
    member.preselected = asked.preselected and asked.offered
    member.ask = {**member.ask, language: asked.ask}
    member.ask_text = {**member.ask_text, language: asked.ask_text}


def check_letter(campaign: Campaign, asked: Asked) -> None:
    """Refuse letters that a campaign does not have, and one that thanks in the place of one that asks.

    Raises:
        Refused: it is such a letter.
    """
    kinds = {template.key: template.kind for template in campaign.templates}
    if kinds.get(asked.template_key, THANKS) == THANKS:
        raise Refused(_("Choose one of the campaign's letters."), "template_key")
    if asked.thanks_key and kinds.get(asked.thanks_key) != THANKS:
        raise Refused(_("Choose a letter of thanks."), "thanks_key")


def _check(campaign: Campaign, recipient: Recipient, asked: Asked) -> None:
    check_letter(campaign, asked)
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


def _membership(session: Session, campaign: Campaign, recipient_id: uuid.UUID, language: str) -> Membership:
    recipient = session.get(Recipient, recipient_id)
    rule = first_rule(campaign.audience, recipient) if recipient is not None else None
    return Membership(
        campaign=campaign,
        title=text(campaign.title, language),
        member=next((row for row in campaign.audience if row.recipient_id == recipient_id), None),
        rule=rule,
        deed=recorded(campaign, recipient_id),
        ask=text(rule.ask, language) if rule is not None else "",
    )
