"""The supporter's own page: where every copy is, in words; and taking back what has not left."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.reading import holder_line
from app.campaigns.texts import text
from app.database import db, transaction
from app.delivery.models import Delivery
from app.delivery.outbox import cancel
from app.delivery.states import WITHDRAWABLE
from app.errors import NotFound
from app.letters.confirming import copies_of
from app.letters.models import Letter
from app.letters.standing import Standing, standing_of
from app.recipients.models import Holder, Recipient
from app.rendering.letter import Segment, cut
from app.security.tokens import hash_token


@dataclass(frozen=True)
class Copy:
    """One copy as its writer sees it."""

    id: uuid.UUID
    slug: str
    title: str
    institution: str
    holder_line: str
    state: str
    standing: Standing
    when: datetime
    subject: str
    segments: tuple[Segment, ...]
    language: str
    can_withdraw: bool

    @property
    def label(self) -> str:
        """The state in two or three words."""
        return self.standing.label


@dataclass(frozen=True)
class LetterPage:
    """A confirmed letter as its writer sees it."""

    campaign_title: str
    campaign_slug: str
    reference: str
    confirmed_at: datetime
    withdrawn: bool
    copies: tuple[Copy, ...]

    @property
    def state(self) -> str:
        """`withdrawn` once its writer took it back, else `confirmed`."""
        return "withdrawn" if self.withdrawn else "confirmed"

    @property
    def can_withdraw(self) -> bool:
        """Whether anything can still be taken back."""
        return any(copy.can_withdraw for copy in self.copies)


def follow(token: str, language: str) -> LetterPage:
    """Return the page of a confirmed letter.

    Raises:
        NotFound: there is no such letter.
    """
    letter = find_by_token(db.session, token)
    campaign = db.session.get_one(Campaign, letter.campaign_id)
    return LetterPage(
        campaign_title=text(campaign.title, language),
        campaign_slug=campaign.slug,
        reference=letter.reference,
        confirmed_at=letter.confirmed_at or letter.created_at,
        withdrawn=letter.withdrawn_at is not None,
        copies=tuple(
            _copy(delivery, language, letter.language) for delivery in copies_of(db.session, letter)
        ),
    )


def withdraw(token: str, *, only: str | None, now: datetime) -> int:
    """Take back what has not left.

    Args:
        token: of the letter's page.
        only: slug of one office, or None for all copies.
        now: the instant.

    Returns:
        How many copies were taken back; what is being sent or was sent stays as it is.

    Raises:
        NotFound: there is no such letter.
    """
    with transaction() as session:
        letter = find_by_token(session, token)
        wanted = [copy for copy in copies_of(session, letter) if only is None or _slug(session, copy) == only]
        cause = "taken back by its writer"
        taken = sum(cancel(session, copy, now=now, cause=cause, actor="supporter") for copy in wanted)
        if only is None and taken:
            letter.withdrawn_at = now
        return taken


def _slug(session: Session, delivery: Delivery) -> str:
    return session.get_one(Recipient, delivery.recipient_id).slug


def find_by_token(session: Session, token: str) -> Letter:
    """Return the confirmed letter whose page `token` leads to.

    Raises:
        NotFound: there is no such letter.
    """
    query = select(Letter).where(
        Letter.page_token_hash == hash_token(token), Letter.confirmed_at.is_not(None)
    )
    letter = session.scalar(query)
    if letter is None:
        raise NotFound(_("There is no letter behind this link. Was it copied whole?"))
    return letter


def _copy(delivery: Delivery, language: str, written_in: str) -> Copy:
    recipient = db.session.get_one(Recipient, delivery.recipient_id)
    holder = db.session.get(Holder, delivery.holder_id) if delivery.holder_id else None
    return Copy(
        id=delivery.id,
        slug=recipient.slug,
        title=recipient.title,
        institution=recipient.institution,
        holder_line=holder_line(holder, language),
        state=delivery.state,
        standing=standing_of(delivery.state, delivery.reason),
        when=delivery.state_at,
        subject=delivery.subject,
        segments=cut(delivery.text, delivery.subject) if delivery.text else (),
        language=written_in,
        can_withdraw=delivery.state in WITHDRAWABLE,
    )
