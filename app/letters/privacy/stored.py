"""What is stored about whoever owns a mailbox, read for them: to be shown, and to be taken along."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Final, Literal

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.texts import text
from app.database import db
from app.delivery.models import Delivery
from app.delivery.states import FINAL, WITHDRAWABLE
from app.errors import NotFound
from app.i18n import country_name
from app.letters.confirming import copies_of
from app.letters.joint.models import JointLetter, Signature
from app.letters.joint.reading import line_of
from app.letters.models import TEXT_KEPT, Letter
from app.letters.privacy.mailbox import mails_to, people_of
from app.letters.replies.models import OfficeReply, SharedReply
from app.letters.retention import IDENTITY_KEPT
from app.letters.standing import standing_of
from app.letters.writing import CONFIRMATION_SPAN
from app.notices.sending import subject_of
from app.recipients.models import Recipient
from app.supporters.models import Consent, Supporter
from app.supporters.silence import SilencedMailbox, UnaskedMailbox

MAY_HAVE_LEFT: Final = frozenset({"unclear", "sending", "printed"})
"""States in which nobody can say that a copy never arrives, nor that it did."""
HAS_LEFT: Final = frozenset({"accepted", "bounced", "posted", "self_sent"})

Fate = Literal["waits", "in doubt", "left", "never left"]


@dataclass(frozen=True)
class Person:
    """Who somebody said that they are, in one form or in several alike."""

    name: str
    email: str
    title: str
    affiliation: str
    city: str
    region: str
    postal_code: str
    country: str
    language: str


@dataclass(frozen=True)
class StoredAnswer:
    """The text of an office's answer that was shared; empty once it has been read and is `shown`."""

    text: str
    shared_at: datetime
    shown: bool
    until: date | None


@dataclass(frozen=True)
class StoredCopy:
    """One copy of a letter: to which office, where it is and since when, and what came back."""

    office: str
    channel: str
    state: str
    label: str
    since: datetime
    subject: str
    text: str
    posted_on: date | None
    receipt: str
    told: str
    answer: StoredAnswer | None

    @property
    def fate(self) -> Fate:
        """Whether erasing can still take it back."""
        if self.state in WITHDRAWABLE:
            return "waits"
        if self.state in MAY_HAVE_LEFT:
            return "in doubt"
        return "left" if self.state in HAS_LEFT else "never left"


@dataclass(frozen=True)
class StoredLetter:
    """A letter with its copies.

    `text_until` and `identity_until` are the last days on which text and writer are kept; None where that is
    not known yet: as long as a copy is under way, or the campaign has no end.
    """

    campaign: str
    reference: str
    language: str
    written_at: datetime
    confirmed_at: datetime | None
    withdrawn_at: datetime | None
    own_words: str
    points: tuple[str, ...]
    copies: tuple[StoredCopy, ...]
    text_until: date | None
    identity_until: date | None


@dataclass(frozen=True)
class StoredSignature:
    """A name under a joint letter; `left_at` is when the letter left with it."""

    campaign: str
    line: str
    kind: str
    public: bool
    signed_at: datetime
    confirmed_at: datetime | None
    withdrawn_at: datetime | None
    left_at: datetime | None
    until: date | None


@dataclass(frozen=True)
class StoredConsent:
    """What somebody agreed to, and when they took it back."""

    purpose: str
    campaign: str
    version: str
    text: str
    given_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True)
class StoredMail:
    """One of our own mails to the mailbox, kept for a week after it has left."""

    subject: str
    written_at: datetime
    state: str


@dataclass(frozen=True)
class Stored:
    """All that is stored about a mailbox.

    `never_mail_since` and `never_ask_since` are wishes of which only a scrambled form of the address is kept.
    """

    people: tuple[Person, ...]
    letters: tuple[StoredLetter, ...]
    signatures: tuple[StoredSignature, ...]
    consents: tuple[StoredConsent, ...]
    mails: tuple[StoredMail, ...]
    never_mail_since: datetime | None
    never_ask_since: datetime | None

    def __bool__(self) -> bool:
        return any(getattr(self, part.name) for part in fields(self))

    @property
    def news(self) -> tuple[StoredConsent, ...]:
        """The consents to news that stand."""
        return tuple(one for one in self.consents if one.purpose == "updates" and not one.withdrawn_at)

    @property
    def copies(self) -> tuple[StoredCopy, ...]:
        """The copies of all letters."""
        return tuple(copy for letter in self.letters for copy in letter.copies)

    @property
    def answers(self) -> tuple[StoredAnswer, ...]:
        """All answers that were shared."""
        return tuple(copy.answer for copy in self.copies if copy.answer is not None)

    def count(self, fate: Fate) -> int:
        """Return how many copies of confirmed letters have this fate."""
        confirmed = (letter for letter in self.letters if letter.confirmed_at)
        return sum(copy.fate == fate for letter in confirmed for copy in letter.copies)


def read_stored(mailbox: bytes, language: str) -> Stored:
    """Return all that is stored about a mailbox. Changes nothing.

    Args:
        mailbox: its blind index.
        language: of titles and states.
    """
    session = db.session
    people = people_of(session, mailbox)
    ids = [person.id for person in people]
    letters = sa.select(Letter).where(Letter.supporter_id.in_(ids)).order_by(Letter.created_at, Letter.id)
    signatures = sa.select(Signature).where(Signature.supporter_id.in_(ids)).order_by(Signature.created_at)
    return Stored(
        people=tuple(dict.fromkeys(_person(row, language) for row in people)),
        letters=tuple(_letter(session, row, language) for row in session.scalars(letters).all()),
        signatures=tuple(_signature(session, row, language) for row in session.scalars(signatures).all()),
        consents=tuple(_consents(session, ids, language)),
        mails=tuple(_mails(session, people)),
        never_mail_since=session.scalar(
            sa.select(SilencedMailbox.since).where(SilencedMailbox.email_index == mailbox)
        ),
        never_ask_since=session.scalar(
            sa.select(UnaskedMailbox.since).where(UnaskedMailbox.email_index == mailbox)
        ),
    )


def _person(row: Supporter, language: str) -> Person:
    told = {part.name: getattr(row, part.name) for part in fields(Person)}
    return Person(**told | {"country": country_name(row.country, language)})


def _letter(session: Session, row: Letter, language: str) -> StoredLetter:
    campaign = session.get_one(Campaign, row.campaign_id)
    copies = copies_of(session, row)
    unconfirmed_until = row.confirm_until.date() if row.confirmed_at is None else None
    return StoredLetter(
        campaign=text(campaign.title, language),
        reference=row.reference,
        language=row.language,
        written_at=row.created_at,
        confirmed_at=row.confirmed_at,
        withdrawn_at=row.withdrawn_at,
        own_words=row.own_words,
        points=tuple(row.points or ()),
        copies=tuple(_copy(session, copy) for copy in copies),
        text_until=unconfirmed_until or _end_of_text(copies),
        identity_until=unconfirmed_until or _end_of_identity(campaign),
    )


def _end_of_text(copies: list[Delivery]) -> date | None:
    if not copies or any(copy.state not in FINAL for copy in copies):
        return None
    return (max(copy.state_at for copy in copies) + TEXT_KEPT).date()


def _end_of_identity(campaign: Campaign) -> date | None:
    return None if campaign.closes_on is None else campaign.closes_on + IDENTITY_KEPT


def _copy(session: Session, row: Delivery) -> StoredCopy:
    told = session.scalar(sa.select(OfficeReply.kind).where(OfficeReply.delivery_id == row.id))
    return StoredCopy(
        office=session.get_one(Recipient, row.recipient_id).title,
        channel=row.channel,
        state=row.state,
        label=standing_of(row.state, row.reason).label,
        since=row.state_at,
        subject=row.subject,
        text=row.text,
        posted_on=row.posted_on,
        receipt=row.receipt,
        told=told or "",
        answer=_answer(session, row.id),
    )


def _answer(session: Session, delivery_id: uuid.UUID) -> StoredAnswer | None:
    row = session.scalar(sa.select(SharedReply).where(SharedReply.delivery_id == delivery_id))
    if row is None:
        return None
    shown = row.published_id is not None
    return StoredAnswer(row.text, row.shared_at, shown, None if shown else (row.shared_at + TEXT_KEPT).date())


def _signature(session: Session, row: Signature, language: str) -> StoredSignature:
    campaign = session.get_one(Campaign, row.joint_letter.campaign_id)
    letter = session.get(Letter, row.letter_id) if row.letter_id else None
    return StoredSignature(
        campaign=text(campaign.title, language),
        line=line_of(row.supporter, row.kind, language),
        kind=row.kind,
        public=row.public,
        signed_at=row.created_at,
        confirmed_at=row.confirmed_at,
        withdrawn_at=row.withdrawn_at,
        left_at=letter.created_at if letter else None,
        until=_end_of_signature(row, campaign),
    )


def _end_of_signature(row: Signature, campaign: Campaign) -> date | None:
    if row.confirmed_at is None:
        return row.confirm_until.date()
    if row.withdrawn_at is not None:
        return (row.withdrawn_at + CONFIRMATION_SPAN).date()
    return _end_of_identity(campaign)


def _consents(session: Session, people: list[uuid.UUID], language: str) -> list[StoredConsent]:
    wrote = sa.select(Letter.supporter_id, Letter.campaign_id).where(Letter.supporter_id.in_(people))
    signed = (
        sa.select(Signature.supporter_id, JointLetter.campaign_id)
        .join(JointLetter, Signature.joint_letter_id == JointLetter.id)
        .where(Signature.supporter_id.in_(people))
    )
    titles = {
        person: text(session.get_one(Campaign, campaign_id).title, language)
        for person, campaign_id in [*session.execute(wrote).all(), *session.execute(signed).all()]
    }
    query = sa.select(Consent).where(Consent.supporter_id.in_(people))
    return [
        StoredConsent(
            purpose=row.purpose,
            campaign=titles.get(row.supporter_id, ""),
            version=row.text_version,
            text=row.text,
            given_at=row.given_at,
            withdrawn_at=row.withdrawn_at,
        )
        for row in session.scalars(query.order_by(Consent.given_at, Consent.purpose))
    ]


def _mails(session: Session, people: list[Supporter]) -> list[StoredMail]:
    addresses = {person.email for person in people}
    return [StoredMail(_subject(mail), mail.created_at, mail.state) for mail in mails_to(session, addresses)]


def _subject(mail: Delivery) -> str:
    return subject_of(mail.recipe) if mail.recipe_sealed is not None else mail.subject


def nothing_stored() -> NotFound:
    """Return the refusal where nothing is stored about an address."""
    return NotFound(_("Nothing is stored about this address."))


def purposes() -> dict[str, str]:
    """Return what consents are for, in words."""
    return {
        "letter": _("To send what you wrote or signed in your name"),
        "updates": _("To get news of the campaign"),
        "public": _("To stand in the public list of signatories"),
        "reply": _("To share an office’s answer"),
    }
