"""Reading shared answers before anybody else does: shown without a name, or deleted. A form is read once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.campaigns.editing import find, note
from app.database import db, transaction
from app.errors import NotFound
from app.letters.replies.models import PublishedReply, SharedReply
from app.letters.replies.sharing import cleaned_answer, wait_for_turn
from app.recipients.models import Recipient

SHOWN: Final = 5
"""Answers on a campaign's page: the newest."""
LONGEST_SHOWN: Final = 4_000
"""Characters of each: the page stays light."""
LEAST_TOLD: Final = 10
"""Of fewer people the number is not told."""


@dataclass(frozen=True)
class WaitingReply:
    """A shared answer that waits to be read, and how many alike wait with it (itself among them)."""

    id: uuid.UUID
    office: str
    alike: int
    shared_at: datetime


@dataclass(frozen=True)
class ShownReply:
    """An answer on a campaign's page; `alike` is how many shared it, or None for fewer than `LEAST_TOLD`."""

    office: str
    slug: str
    text: str
    day: date
    alike: int | None


def waiting_replies(campaign_id: uuid.UUID) -> list[WaitingReply]:
    """Return what waits to be read, the oldest first; those alike are one.

    Raises:
        NotFound: there is no such campaign.
    """
    find(db.session, campaign_id)
    query = (
        select(
            SharedReply.cluster, Recipient.title, func.count(SharedReply.id), func.min(SharedReply.shared_at)
        )
        .join(Recipient, SharedReply.recipient_id == Recipient.id)
        .where(SharedReply.campaign_id == campaign_id, SharedReply.published_id.is_(None))
        .group_by(SharedReply.cluster, Recipient.title)
        .order_by(func.min(SharedReply.shared_at), SharedReply.cluster)
    )
    return [WaitingReply(*row) for row in db.session.execute(query)]


def read_reply(campaign_id: uuid.UUID, shared_id: uuid.UUID, *, actor: str, now: datetime) -> str:
    """Return the text of a shared answer; that somebody read it stands in the audit log.

    Raises:
        NotFound: there is none of this id that waits.
    """
    with transaction() as session:
        row = _find(session, campaign_id, shared_id)
        note(session, "reply.viewed", find(session, campaign_id), actor=actor, now=now)
        return row.text


def publish_reply(
    campaign_id: uuid.UUID, shared_id: uuid.UUID, typed: str, *, actor: str, now: datetime
) -> None:
    """Show an answer on the campaign's page; the texts of all alike are deleted.

    Args:
        campaign_id, shared_id: which.
        typed: what is shown: the answer without what names its reader.
        actor: for the audit log.
        now: the present instant.

    Raises:
        NotFound: there is none of this id that waits.
        Refused: as `cleaned_answer`.
    """
    text = cleaned_answer(typed)
    with transaction() as session:
        row = _lock(session, campaign_id, shared_id)
        shown = PublishedReply(
            campaign_id=campaign_id,
            recipient_id=row.recipient_id,
            text=text,
            sketch=row.sketch,
            published_at=now,
        )
        session.add(shown)
        session.flush()
        values = {"published_id": shown.id, "text_sealed": None}
        session.execute(update(SharedReply).where(SharedReply.cluster == row.cluster).values(values))
        note(session, "reply.published", find(session, campaign_id), actor=actor, now=now)


def reject_reply(campaign_id: uuid.UUID, shared_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """Delete an answer and those alike: it is not shown.

    Raises:
        NotFound: there is none of this id that waits.
    """
    with transaction() as session:
        row = _lock(session, campaign_id, shared_id)
        session.execute(delete(SharedReply).where(SharedReply.cluster == row.cluster))
        note(session, "reply.rejected", find(session, campaign_id), actor=actor, now=now)


def shown_replies(campaign_id: uuid.UUID) -> list[ShownReply]:
    """Return the answers that a campaign's page shows, the newest first."""
    shared = (
        select(func.count(SharedReply.id))
        .where(SharedReply.published_id == PublishedReply.id)
        .scalar_subquery()
    )
    query = (
        select(Recipient.title, Recipient.slug, PublishedReply.text, PublishedReply.published_at, shared)
        .join(Recipient, PublishedReply.recipient_id == Recipient.id)
        .where(PublishedReply.campaign_id == campaign_id)
        .order_by(PublishedReply.published_at.desc(), PublishedReply.id)
        .limit(SHOWN)
    )
    return [
        ShownReply(title, slug, text, at.date(), alike if alike >= LEAST_TOLD else None)
        for title, slug, text, at, alike in db.session.execute(query)
    ]


def _lock(session: Session, campaign_id: uuid.UUID, shared_id: uuid.UUID) -> SharedReply:
    wait_for_turn(session, _find(session, campaign_id, shared_id).recipient_id)
    session.expire_all()  # who was before us may have decided
    return _find(session, campaign_id, shared_id)


def _find(session: Session, campaign_id: uuid.UUID, shared_id: uuid.UUID) -> SharedReply:
    row = session.get(SharedReply, shared_id)
    if row is None or row.campaign_id != campaign_id or row.published_id is not None:
        raise _nothing()
    return row


def _nothing() -> NotFound:
    return NotFound(_("No shared answer of this kind waits any more."))
