"""Sending an update: to oneself to try it, or to everybody who asked for news, at most once a week."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.editing import find, note
from app.campaigns.models import Campaign
from app.campaigns.texts import text
from app.database import Base, db, transaction
from app.delivery.envelope import Recipe
from app.delivery.outbox import PATIENT_PRIORITY, notice_rows
from app.errors import Refused
from app.hot_rows import insert_rows, new_row
from app.i18n.dates import long_date
from app.letters.updates.desk import find_update, too_early
from app.letters.updates.models import CampaignUpdate, UpdateMail
from app.letters.updates.subscribing import still_subscribed, subscribers
from app.notices.updates import order_update
from app.security.tokens import derived_token, hash_token, new_token
from app.supporters.models import Supporter

PURPOSE: Final = "stop updates"


def try_update(
    campaign_id: uuid.UUID, update_id: uuid.UUID, *, to: str, language: str, actor: str, now: datetime
) -> None:
    """Queue an update to the organizer who tries it. The link in it, which would stop it, leads nowhere.

    Raises:
        NotFound: there is no such update.
    """
    with transaction() as session:
        campaign = find(session, campaign_id)
        update = find_update(session, campaign_id, update_id)
        mail = _mail(campaign, update, to=to, language=language, token=new_token(), key=uuid.uuid4(), now=now)
        insert_rows(session, *notice_rows(mail=mail, now=now, actor=actor))
        note(session, "update.tried", campaign, actor=actor, now=now)


def send_update(
    campaign_id: uuid.UUID, update_id: uuid.UUID, *, seen: datetime, language: str, actor: str, now: datetime
) -> int:
    """Queue an update to everybody who asked for news, in one transaction; letters leave before it.

    Args:
        campaign_id, update_id: which.
        seen: when it was edited last, as whoever sends it saw it.
        language: in which the day is told from which on it is possible.
        actor: for the audit log.
        now: the present instant.

    Returns:
        How many mails are on their way. The same form sent twice sends once.

    Raises:
        NotFound: there is no such update.
        Refused: it was changed meanwhile, it is too early after the last one, or nobody asked for news.
    """
    campaign = find(db.session, campaign_id)
    prepared = _prepare(campaign, find_update(db.session, campaign_id, update_id), now)
    with transaction() as session:
        campaign = find(session, campaign_id, for_update=True)  # two updates at the same instant take turns
        update = find_update(session, campaign_id, update_id, lock=True)
        if update.sent_at is not None:
            return update.mails
        _check(session, update, seen=seen, language=language, now=now)
        if campaign.status == "draft":
            raise Refused(_("The campaign is not before the public yet."))
        # Whoever took their consent back while the mails were made gets none.
        left = still_subscribed(session, campaign_id)
        mails = [rows for supporter_id, rows in prepared if supporter_id in left]
        if not mails:
            raise Refused(_("Nobody has asked for news of this campaign yet."))
        insert_rows(session, *_in_order(mails))
        update.sent_at, update.mails = now, len(mails)
        note(session, "update.sent", campaign, actor=actor, now=now, mails=str(len(mails)))
        return len(mails)


def _check(session: Session, update: CampaignUpdate, *, seen: datetime, language: str, now: datetime) -> None:
    if update.edited_at != seen:
        raise Refused(_("Somebody changed this update meanwhile. Read it again before you send it."))
    if (day := too_early(session, update.campaign_id, now=now)) is not None:
        raise Refused(
            _(
                "At most one update a week: the next one can be sent from %(day)s on.",
                day=long_date(day, language),
            )
        )


def _prepare(
    campaign: Campaign, update: CampaignUpdate, now: datetime
) -> list[tuple[uuid.UUID, tuple[Base, ...]]]:
    # Before the transaction: all writers of SQLite wait for its end.
    people = subscribers(db.session, campaign.id)
    return [(person.id, _rows(campaign, update, person, now)) for person in people]


def _rows(campaign: Campaign, update: CampaignUpdate, person: Supporter, now: datetime) -> tuple[Base, ...]:
    key = uuid.uuid4()
    token = derived_token(PURPOSE, key)
    mail = _mail(campaign, update, to=person.email, language=person.language, token=token, key=key, now=now)
    delivery, change = notice_rows(mail=mail, now=now, priority=PATIENT_PRIORITY)
    sent = new_row(
        UpdateMail,
        id=key,
        update_id=update.id,
        supporter_id=person.id,
        delivery_id=delivery.id,
        token_hash=hash_token(token),
    )
    return delivery, change, sent


def _in_order(mails: list[tuple[Base, ...]]) -> Iterable[Base]:
    """Return the rows table by table: one statement each."""
    return (row for alike in zip(*mails, strict=True) for row in alike)


def _mail(
    campaign: Campaign,
    update: CampaignUpdate,
    *,
    to: str,
    language: str,
    token: str,
    key: uuid.UUID,
    now: datetime,
) -> Recipe:
    return order_update(
        to=to,
        campaign_title=text(campaign.title, language),
        campaign_slug=campaign.slug,
        subject=update.subject,
        text=update.text,
        token=token,
        message_key=key,
        language=language,
        now=now,
    )
