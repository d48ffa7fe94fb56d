"""The supporter's own page: where every copy is, in words; taking back what has not left, or agreeing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.reading import holder_line
from app.campaigns.texts import text
from app.database import db, transaction
from app.delivery.models import Delivery
from app.delivery.outbox import cancel
from app.delivery.states import FINAL, WITHDRAWABLE
from app.errors import NotFound
from app.letters.confirming import copies_of
from app.letters.correcting import agree, corrected, seen_as
from app.letters.deciding import TAKEN_BACK
from app.letters.dispatch import PAUSED, must_wait
from app.letters.freezing import BY_FORM
from app.letters.models import TEXT_KEPT, Letter
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
    posted_on: date | None = None
    receipt: str = ""
    waits_until: date | None = None

    @property
    def waits_for_writer(self) -> bool:
        """Whether its writer is to put it into the office's form."""
        return self.waits_until is not None

    @property
    def label(self) -> str:
        """The state in two or three words."""
        return self.standing.label


Progress = Literal["on its way", "with its writer", "waits", "partly", "left", "not arrived", "not sent"]


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

    @property
    def for_writer(self) -> int:
        """How many copies their writer still has to send."""
        return sum(copy.waits_for_writer for copy in self.copies)

    @property
    def progress(self) -> Progress:
        """Where the letter is as a whole; copies that were cancelled count only where all were."""
        living = [copy for copy in self.copies if copy.state != "cancelled"]
        if not living:
            return "not sent"
        if all(copy.waits_for_writer for copy in living):
            return "with its writer"
        if all(copy.state in LOST for copy in living):
            return "not arrived"
        moving = [copy for copy in living if copy.state not in FINAL]
        if not moving:
            return "left"
        if any(copy.state not in {"held", "awaiting_confirmation"} for copy in moving):
            return "on its way"
        return "waits" if all(copy in moving or copy.state in LOST for copy in living) else "partly"


LOST: Final = frozenset({"failed", "bounced"})


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
            _copy(delivery, language, letter.language, letter.confirmed_at or letter.created_at)
            for delivery in copies_of(db.session, letter)
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
        taken = sum(cancel(session, copy, now=now, cause=TAKEN_BACK, actor="supporter") for copy in wanted)
        if only is None and taken:
            letter.withdrawn_at = now
        return taken


@dataclass(frozen=True)
class Corrected:
    """How a held copy reads with a corrected fact. `seen` is what a form carries to tell that it was read."""

    segments: tuple[Segment, ...]
    seen: str


def corrections(token: str, *, now: datetime) -> dict[str, Corrected]:
    """Return the copies that their writer can send with a corrected fact, by office.

    Raises:
        NotFound: there is no such letter.
    """
    letter = find_by_token(db.session, token)
    return {
        _slug(db.session, delivery): Corrected(worded.segments, seen_as(worded))
        for delivery in copies_of(db.session, letter)
        if (worded := corrected(db.session, letter, delivery, now=now)) is not None
    }


def agree_to(token: str, *, only: str, seen: str, now: datetime) -> str:
    """Send the copy to one office in its corrected wording.

    Args:
        token: of the letter's page.
        only: slug of the office.
        seen: which wording was read (`Corrected.seen`).
        now: the instant.

    Returns:
        The channel on which it goes now.

    Raises:
        NotFound: there is no such letter, or no such copy.
        Refused: as `correcting.agree`.
    """
    letter = find_by_token(db.session, token)
    found = [copy for copy in copies_of(db.session, letter) if _slug(db.session, copy) == only]
    if not found:
        raise NotFound(_("There is no such copy."))
    return agree(letter.id, found[0].id, seen, now=now)


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


def _copy(delivery: Delivery, language: str, written_in: str, confirmed_at: datetime) -> Copy:
    recipient = db.session.get_one(Recipient, delivery.recipient_id)
    holder = db.session.get(Holder, delivery.holder_id) if delivery.holder_id else None
    by_form = delivery.state == "awaiting_confirmation" and delivery.reason == BY_FORM
    wait_for = must_wait(db.session, delivery) if by_form else ""
    waits = by_form and not wait_for
    return Copy(
        id=delivery.id,
        slug=recipient.slug,
        title=recipient.title,
        institution=recipient.institution,
        holder_line=holder_line(holder, language),
        state=delivery.state,
        standing=standing_of(
            "held" if wait_for not in {"", PAUSED} else delivery.state, wait_for or delivery.reason
        ),
        when=delivery.state_at,
        subject=delivery.subject,
        segments=cut(delivery.text, delivery.subject) if delivery.text else (),
        language=written_in,
        can_withdraw=delivery.state in WITHDRAWABLE,
        posted_on=delivery.posted_on,
        receipt=delivery.receipt,
        waits_until=(max(confirmed_at, delivery.state_at) + TEXT_KEPT).date() if waits else None,
    )
