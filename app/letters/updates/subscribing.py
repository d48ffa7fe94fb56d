"""Who gets the updates of a campaign, and how somebody stops getting them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, distinct, exists, func, or_, select, update
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.texts import text
from app.database import db, transaction
from app.delivery.models import Delivery
from app.delivery.outbox import cancel
from app.errors import NotFound
from app.letters.joint.models import JointLetter, Signature
from app.letters.models import Letter
from app.letters.updates.models import CampaignUpdate, UpdateMail
from app.security.tokens import hash_token
from app.supporters.models import Consent, Supporter
from app.supporters.silence import is_silenced

STOPPED: Final = "wants no updates any more"
NO_MAILBOX: Final = "there is no such mailbox"


@dataclass(frozen=True)
class Subscription:
    """What the link of an update is about; `stands` until somebody stops it."""

    campaign_title: str
    campaign_slug: str
    stands: bool


def subscribers(session: Session, campaign_id: uuid.UUID) -> list[Supporter]:
    """Return who gets a campaign's updates: one row for each mailbox, the newest."""
    rows = session.scalars(_subscribed(campaign_id).order_by(Supporter.created_at))
    return list({row.email_index: row for row in rows}.values())


def still_subscribed(session: Session, campaign_id: uuid.UUID) -> set[uuid.UUID]:
    """Return the ids of all supporters who want a campaign's updates now: a mailbox can have several."""
    return set(session.scalars(_subscribed(campaign_id).with_only_columns(Supporter.id)))


def count_subscribers(session: Session, campaign_id: uuid.UUID) -> int:
    """Return how many mailboxes get a campaign's updates."""
    mailboxes = _subscribed(campaign_id).with_only_columns(func.count(distinct(Supporter.email_index)))
    return session.scalar(mailboxes) or 0


def look_at_subscription(token: str, language: str) -> Subscription:
    """Return what an update's link is about. Changes nothing.

    Raises:
        NotFound: there is no such link, or nobody is behind it any more.
    """
    campaign, mailbox = _find(db.session, token)
    mine = _subscribed(campaign.id).where(Supporter.email_index == mailbox)
    return Subscription(
        campaign_title=text(campaign.title, language),
        campaign_slug=campaign.slug,
        stands=db.session.scalar(mine.limit(1)) is not None,
    )


def unsubscribe(token: str, *, now: datetime) -> None:
    """Stop a campaign's updates for a mailbox, with those that wait to leave. A second time changes nothing.

    Raises:
        NotFound: as `look_at_subscription`.
    """
    with transaction() as session:
        campaign, mailbox = _find(session, token)
        # A letter that waits for its confirmation, too: what was asked with it before is over.
        people = select(Supporter.id).where(
            Supporter.email_index == mailbox, _took_part(campaign.id, confirmed=False)
        )
        _end_consents(session, people, now)
        waiting = _mails_to(people).where(CampaignUpdate.campaign_id == campaign.id)
        for delivery in session.scalars(waiting).all():
            cancel(session, delivery, now=now, cause=STOPPED, actor="supporter")


def stop_for_lost_mailbox(
    session: Session, delivery_id: uuid.UUID, *, asked_before: datetime, now: datetime
) -> bool:
    """Stop all updates to the mailbox of an update that came back because there is no such mailbox.

    Args:
        session: the caller's transaction.
        delivery_id: the mail; any other mail than an update changes nothing.
        asked_before: when it left. Who asked for news after that has a mailbox by now.
        now: the instant.

    Returns:
        Whether anything is different now.
    """
    mailbox = (
        select(Supporter.email_index)
        .join(UpdateMail, UpdateMail.supporter_id == Supporter.id)
        .where(UpdateMail.delivery_id == delivery_id)
    )
    people = select(Supporter.id).where(Supporter.email_index.in_(mailbox))
    if not _end_consents(session, people, now, Consent.given_at <= asked_before):
        return False
    for delivery in session.scalars(_mails_to(people)).all():
        cancel(session, delivery, now=now, cause=NO_MAILBOX, actor="redress")
    return True


def brings_wanted_news(mail: type[Delivery]) -> ColumnElement[bool]:
    """Return the condition that a mail is an update to somebody who wanted them then and still does."""
    return exists().where(
        UpdateMail.delivery_id == mail.id,
        Consent.supporter_id == UpdateMail.supporter_id,
        Consent.given_at <= mail.state_at,
        *_STANDS,
    )


_STANDS: Final = (Consent.purpose == "updates", Consent.withdrawn_at.is_(None))


def _end_consents(
    session: Session, people: Select[uuid.UUID], now: datetime, *only: ColumnElement[bool]
) -> bool:
    mine = update(Consent).where(Consent.supporter_id.in_(people), *_STANDS, *only)
    ended = session.scalars(
        mine.values(withdrawn_at=now).returning(Consent.id),
        execution_options={"synchronize_session": False},
    )
    return bool(ended.all())


def _mails_to(people: Select[uuid.UUID]) -> Select[Delivery]:
    return (
        select(Delivery)
        .join(UpdateMail, UpdateMail.delivery_id == Delivery.id)
        .join(CampaignUpdate, UpdateMail.update_id == CampaignUpdate.id)
        .where(UpdateMail.supporter_id.in_(people))
    )


def _subscribed(campaign_id: uuid.UUID) -> Select[Supporter]:
    agreed = exists().where(Consent.supporter_id == Supporter.id, *_STANDS)
    somebody = (Supporter.email_sealed.is_not(None), ~is_silenced(Supporter.email_index))
    return select(Supporter).where(_took_part(campaign_id), agreed, *somebody)


def _took_part(campaign_id: uuid.UUID, *, confirmed: bool = True) -> ColumnElement[bool]:
    """Return the condition that somebody wrote a letter of a campaign, or signed a joint one."""
    wrote = [Letter.supporter_id == Supporter.id, Letter.campaign_id == campaign_id]
    signed = [
        Signature.supporter_id == Supporter.id,
        Signature.joint_letter_id == JointLetter.id,
        JointLetter.campaign_id == campaign_id,
    ]
    if confirmed:
        wrote.append(Letter.confirmed_at.is_not(None))
        signed.append(Signature.confirmed_at.is_not(None))
    return or_(exists().where(*wrote), exists().where(*signed))


def _find(session: Session, token: str) -> tuple[Campaign, bytes]:
    query = (
        select(Campaign, Supporter.email_index)
        .join(CampaignUpdate, CampaignUpdate.campaign_id == Campaign.id)
        .join(UpdateMail, UpdateMail.update_id == CampaignUpdate.id)
        .join(Supporter, UpdateMail.supporter_id == Supporter.id)
        .where(UpdateMail.token_hash == hash_token(token))
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFound(_("There are no updates to stop behind this link. Was it copied whole?"))
    return found[0], found[1]
