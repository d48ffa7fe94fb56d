"""Updates at the desk: drafted, looked at, put away. Sending stands in `sending`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.campaigns.editing import find, note
from app.campaigns.models import Campaign
from app.campaigns.texts import text
from app.database import db, transaction
from app.errors import NotFound, Refused
from app.letters.updates.models import CampaignUpdate
from app.letters.updates.subscribing import count_subscribers
from app.notices.updates import words_of_update
from app.rendering.mail_headers import text_field
from app.rendering.sentences import RenderingError

APART: Final = timedelta(days=7)
"""Between two updates of a campaign."""


@dataclass(frozen=True)
class UpdatesPage:
    """A campaign's updates, the newest first; `possible_from` is set while it is too early for another."""

    campaign: Campaign
    campaign_title: str
    updates: list[CampaignUpdate]
    readers: int
    possible_from: date | None


@dataclass(frozen=True)
class UpdateWhole:
    """One update with its mail as a reader will get it."""

    page: UpdatesPage
    update: CampaignUpdate
    subject: str
    body: str


def updates_of(campaign_id: uuid.UUID, language: str, *, now: datetime) -> UpdatesPage:
    """Return the updates of a campaign.

    Raises:
        NotFound: there is no such campaign.
    """
    campaign = find(db.session, campaign_id)
    query = select(CampaignUpdate).where(CampaignUpdate.campaign_id == campaign_id)
    newest = func.coalesce(CampaignUpdate.sent_at, CampaignUpdate.edited_at).desc()
    return UpdatesPage(
        campaign=campaign,
        campaign_title=text(campaign.title, language),
        updates=list(db.session.scalars(query.order_by(newest, CampaignUpdate.id))),
        readers=count_subscribers(db.session, campaign_id),
        possible_from=too_early(db.session, campaign_id, now=now),
    )


def update_whole(
    campaign_id: uuid.UUID, update_id: uuid.UUID, language: str, *, now: datetime
) -> UpdateWhole:
    """Return one update of a campaign.

    Raises:
        NotFound: there is none of this id.
    """
    page = updates_of(campaign_id, language, now=now)
    update = find_update(db.session, campaign_id, update_id)
    subject, body = words_of_update(
        campaign_title=page.campaign_title, subject=update.subject, text=update.text, language=language
    )
    return UpdateWhole(page, update, subject, body)


def too_early(session: Session, campaign_id: uuid.UUID, *, now: datetime) -> date | None:
    """Return from which day on another update can be sent, or None where that is today."""
    last = session.scalar(
        select(func.max(CampaignUpdate.sent_at)).where(CampaignUpdate.campaign_id == campaign_id)
    )
    possible = None if last is None else (last + APART).date()
    return possible if possible is not None and possible > now.date() else None


def draft_update(
    campaign_id: uuid.UUID, *, row_id: uuid.UUID, subject: str, body: str, actor: str, now: datetime
) -> None:
    """Keep an update as a draft. The same form sent twice makes one.

    Args:
        campaign_id: of which campaign.
        row_id: made with the form.
        subject, body: what it says.
        actor: for the audit log.
        now: the present instant.

    Raises:
        NotFound: there is no such campaign.
        Refused: the subject cannot stand in a mail.
    """
    _check(subject)
    with transaction() as session:
        campaign = find(session, campaign_id)
        if session.get(CampaignUpdate, row_id) is not None:
            return
        row = CampaignUpdate(id=row_id, campaign_id=campaign_id, subject=subject, text=body, edited_at=now)
        session.add(row)
        note(session, "update.drafted", campaign, actor=actor, now=now)


def edit_update(
    campaign_id: uuid.UUID, update_id: uuid.UUID, *, subject: str, body: str, actor: str, now: datetime
) -> None:
    """Change a draft (arguments as of `draft_update`).

    Raises:
        NotFound: there is none of this id.
        Refused: it was sent, or the subject cannot stand in a mail.
    """
    _check(subject)
    with transaction() as session:
        row = find_update(session, campaign_id, update_id, lock=True)
        _still_a_draft(row)
        row.subject, row.text, row.edited_at = subject, body, now
        note(session, "update.edited", find(session, campaign_id), actor=actor, now=now)


def discard_update(campaign_id: uuid.UUID, update_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """Delete a draft.

    Raises:
        NotFound: there is none of this id.
        Refused: it was sent.
    """
    with transaction() as session:
        row = find_update(session, campaign_id, update_id, lock=True)
        _still_a_draft(row)
        session.delete(row)
        note(session, "update.discarded", find(session, campaign_id), actor=actor, now=now)


def find_update(
    session: Session, campaign_id: uuid.UUID, update_id: uuid.UUID, *, lock: bool = False
) -> CampaignUpdate:
    """Return an update of a campaign.

    Raises:
        NotFound: there is none of this id.
    """
    row = session.get(CampaignUpdate, update_id, with_for_update=True if lock else None)
    if row is None or row.campaign_id != campaign_id:
        raise NotFound(_("There is no such update."))
    return row


def _still_a_draft(row: CampaignUpdate) -> None:
    if row.sent_at is not None:
        raise Refused(_("This update was sent: it does not change any more."))


def _check(subject: str) -> None:
    try:
        text_field("Subject", subject)
    except RenderingError as error:
        raise Refused(_(error.message, **error.values), "subject") from None
