"""Telling what came back: the page behind the link of the question."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.texts import text
from app.database import db, transaction
from app.delivery.models import Delivery
from app.errors import NotFound, Refused
from app.letters.confirming import copies_of
from app.letters.models import Letter
from app.letters.replies.asking import PURPOSE, TAKEN
from app.letters.replies.models import KINDS, OfficeReply, ReplyQuestion, SharedReply
from app.recipients.models import Recipient
from app.security.tokens import derived_token, hash_token
from app.supporters.silence import is_not_to_be_asked, stop_asking


@dataclass(frozen=True)
class AskedCopy:
    """One copy that its office took; `told` is one of `KINDS`, or '' as long as nothing was told of it.

    `shared` is whether the text of the answer was shared with the campaign.
    """

    id: uuid.UUID
    slug: str
    title: str
    institution: str
    told: str
    shared: bool


@dataclass(frozen=True)
class ReplyPage:
    """What the writer of a letter is asked, with what they told before."""

    campaign_title: str
    campaign_slug: str
    asked_again: bool
    copies: tuple[AskedCopy, ...]


def look_at_replies(token: str, language: str) -> ReplyPage:
    """Return the page behind a question's link. Changes nothing.

    Raises:
        NotFound: there is no such question, or it is over.
    """
    letter = find_asked(db.session, token)
    campaign = db.session.get_one(Campaign, letter.campaign_id)
    return ReplyPage(
        campaign_title=text(campaign.title, language),
        campaign_slug=campaign.slug,
        asked_again=not db.session.scalar(select(is_not_to_be_asked(letter.supporter.email_index))),
        copies=tuple(_copies(db.session, letter)),
    )


def question_about(letter_token: str) -> str | None:
    """Return the token of the question about a letter, by that of its page; None if it was not asked."""
    asked = (
        select(ReplyQuestion.letter_id)
        .join(Letter, ReplyQuestion.letter_id == Letter.id)
        .where(Letter.page_token_hash == hash_token(letter_token))
    )
    letter_id = db.session.scalar(asked)
    return None if letter_id is None else derived_token(PURPOSE, letter_id)


def tell_replies(token: str, told: Mapping[uuid.UUID, str], *, now: datetime) -> int:
    """Record what came back; what was told before is changed.

    Args:
        token: of the question's link.
        told: one of `KINDS` by copy; copies that are left out stay as they are.
        now: the present instant; only its day is kept.

    Returns:
        How many copies something was told of.

    Raises:
        NotFound: there is no such question, or it is over.
        Refused: nothing was told, or not of a copy of this letter, or in other words.
    """
    with transaction() as session:
        letter = find_asked(session, token, lock=True)
        known = {copy.id for copy in taken_copies(session, letter)}
        if not told:
            raise Refused(_("Please choose what came back, for one office at least."))
        if not told.keys() <= known or not set(told.values()) <= set(KINDS):
            raise Refused(_("Please choose one of the answers."))
        for delivery_id, kind in told.items():
            _tell(session, delivery_id, kind, now)
        return len(told)


def ask_no_more(token: str, *, now: datetime) -> None:
    """Remember that this mailbox does not want to be asked again, about any letter.

    Raises:
        NotFound: there is no such question, or it is over.
    """
    with transaction() as session:
        letter = find_asked(session, token, lock=True)
        stop_asking(session, letter.supporter.email_index, now=now)


def _tell(session: Session, delivery_id: uuid.UUID, kind: str, now: datetime) -> None:
    row = session.scalar(select(OfficeReply).where(OfficeReply.delivery_id == delivery_id))
    if row is None:
        row = OfficeReply(delivery_id=delivery_id)
        session.add(row)
    row.kind, row.told_on = kind, now.date()


def find_asked(session: Session, token: str, *, lock: bool = False) -> Letter:
    """Return the letter whose writer was asked with a link.

    Raises:
        NotFound: there is no such question, or it is over.
    """
    query = (
        select(Letter)
        .join(ReplyQuestion, ReplyQuestion.letter_id == Letter.id)
        .where(ReplyQuestion.token_hash == hash_token(token))
    )
    letter = session.scalar(query.with_for_update(of=Letter) if lock else query)
    if letter is None:
        raise NotFound(_("There is no question behind this link any more. Was it copied whole?"))
    return letter


def taken_copies(session: Session, letter: Letter) -> list[Delivery]:
    """Return the copies of a letter that their offices can answer."""
    return [copy for copy in copies_of(session, letter) if copy.state in TAKEN]


def _copies(session: Session, letter: Letter) -> list[AskedCopy]:
    copies = taken_copies(session, letter)
    query = select(OfficeReply.delivery_id, OfficeReply.kind).where(
        OfficeReply.delivery_id.in_([copy.id for copy in copies])
    )
    told = dict(session.execute(query).all())
    shared = set(
        session.scalars(
            select(SharedReply.delivery_id).where(SharedReply.delivery_id.in_([copy.id for copy in copies]))
        )
    )
    offices = {copy.id: session.get_one(Recipient, copy.recipient_id) for copy in copies}
    return [
        AskedCopy(key, office.slug, office.title, office.institution, told.get(key, ""), key in shared)
        for key, office in offices.items()
    ]
