"""Recording that an office has done what a campaign asks: it is thanked, and not asked for it again.

Letters that ask it and have not left are held in the transaction that records it; and those that thank it
are, when that is undone. Where there are very many, the rest follows as in `retracting`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.deeds import recorded
from app.campaigns.editing import find, note
from app.campaigns.groups import first_rule
from app.campaigns.models import THANKS, Campaign, Deed, LetterTemplate, TemplateVersion
from app.database import transaction
from app.delivery.models import Delivery
from app.errors import NotFound, Refused
from app.letters.retracting import HAS_NOT_LEFT, hold_copies, hold_on
from app.letters.stating import ACTED, UNDONE
from app.recipients.models import Recipient
from app.recipients.terms import holder_on


@dataclass(frozen=True, kw_only=True)
class Doing:
    """What an office has done.

    Attributes:
        done_on: the day.
        said: one sentence by language, told of the office: on its card, and in the letter of thanks.
        source: where that stands: `label`, and perhaps `url`.
        by_holder: whether whoever holds the office did it, so that a successor is asked again.
    """

    done_on: date
    said: Mapping[str, str]
    source: Mapping[str, str]
    by_holder: bool


def record_deed(
    campaign_id: uuid.UUID, recipient_id: uuid.UUID, doing: Doing, *, actor: str, now: datetime
) -> int:
    """Record that an office has acted.

    Args:
        campaign_id: which campaign asks for it.
        recipient_id: which office.
        doing: what it has done.
        actor: for the audit log.
        now: the instant.

    Returns:
        How many letters were held that ask the office for it.

    Raises:
        NotFound: there is no such campaign or office.
        Refused: the campaign does not write to it, something is missing, or it is recorded already.
    """
    with transaction() as session:
        campaign, recipient = _found(session, campaign_id, recipient_id)
        holder = holder_on(recipient.holders, now.date())
        _check(campaign, recipient, doing, now)
        if doing.by_holder and (holder is None or not holder.name):
            raise Refused(_("Nobody is known who holds this office."), "by_holder")
        deed = Deed(
            recipient_id=recipient.id,
            holder_id=holder.id if holder is not None and doing.by_holder else None,
            done_on=doing.done_on,
            said=dict(doing.said),
            source=dict(doing.source),
            recorded_at=now,
        )
        campaign.deeds.append(deed)
        campaign.edited_at = now
        cause = _about(ACTED, campaign, recipient)
        held = _hold(session, deed, cause, actor=actor, now=now)
        detail = {"office": recipient.short_name, "day": deed.done_on.isoformat(), "held": str(held)}
        note(session, "campaign.deed_recorded", campaign, actor=actor, now=now, **detail)
    return held + hold_on(held, lambda session: _hold(session, deed, cause, actor=actor, now=now))


def undo_deed(campaign_id: uuid.UUID, recipient_id: uuid.UUID, *, actor: str, now: datetime) -> int:
    """Undo what was recorded of an office: it is asked again.

    Returns:
        How many letters were held that thank the office for it.

    Raises:
        NotFound: there is no such campaign or office.
        Refused: nothing is recorded of it.
    """
    with transaction() as session:
        campaign, recipient = _found(session, campaign_id, recipient_id)
        deed = recorded(campaign, recipient_id)
        if deed is None:
            raise Refused(_("Nothing is recorded of this office any more."))
        deed.undone_at = campaign.edited_at = now
        cause = _about(UNDONE, campaign, recipient)
        held = _hold(session, deed, cause, actor=actor, now=now)
        detail = {"office": recipient.short_name, "held": str(held)}
        note(session, "campaign.deed_undone", campaign, actor=actor, now=now, **detail)
    return held + hold_on(held, lambda session: _hold(session, deed, cause, actor=actor, now=now))


def _found(session: Session, campaign_id: uuid.UUID, recipient_id: uuid.UUID) -> tuple[Campaign, Recipient]:
    campaign = find(session, campaign_id, for_update=True)
    recipient = session.get(Recipient, recipient_id)
    if recipient is None:
        raise NotFound(_("There is no such office."))
    return campaign, recipient


def _check(campaign: Campaign, recipient: Recipient, doing: Doing, now: datetime) -> None:
    if first_rule(campaign.audience, recipient) is None and not campaign.representatives:
        raise Refused(_("The campaign does not write to this office."))
    if doing.done_on > now.date():
        raise Refused(_("This day is still to come."), "done_on")
    if not doing.said:
        raise Refused(_("Say in one sentence what it has done."), "said")
    if not doing.source.get("label"):
        raise Refused(_("Say where this stands."), "source")
    there = recorded(campaign, recipient.id)
    holder = holder_on(recipient.holders, now.date())
    if there is not None and there.holder_id in (None, holder.id if holder else None):
        raise Refused(_("It is recorded already. Undo that first."))


def _about(begins: str, campaign: Campaign, recipient: Recipient) -> str:
    return f"{begins}{campaign.slug}/{recipient.slug}"


def _hold(session: Session, deed: Deed, cause: str, *, actor: str, now: datetime) -> int:
    session.flush()
    return hold_copies(session, _waiting(session, deed), cause, actor=actor, now=now)


def _waiting(session: Session, deed: Deed) -> list[uuid.UUID]:
    """Return the copies that have not left and ask for a deed; once it is undone, those that thank for it."""
    query = (
        sa.select(Delivery.id)
        .join(TemplateVersion, Delivery.template_version_id == TemplateVersion.id)
        .join(LetterTemplate, TemplateVersion.template_id == LetterTemplate.id)
        .where(
            Delivery.kind == "letter",
            HAS_NOT_LEFT,
            Delivery.campaign_id == deed.campaign_id,
            Delivery.recipient_id == deed.recipient_id,
        )
        .order_by(Delivery.id)
    )
    if deed.undone_at is None:
        query = query.where(LetterTemplate.kind != THANKS, Delivery.created_at < deed.recorded_at)
        # What was written to somebody else who held the office, is held because of that.
        if deed.holder_id is not None:
            query = query.where(Delivery.holder_id == deed.holder_id)
    else:
        written = Delivery.created_at.between(deed.recorded_at, deed.undone_at)
        query = query.where(LetterTemplate.kind == THANKS, written)
    return list(session.scalars(query))
