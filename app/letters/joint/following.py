"""The page of somebody who signed: where the letter is, and taking oneself off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.texts import text
from app.database import db, transaction
from app.errors import NotFound
from app.letters.joint.models import JointLetter, Signature
from app.letters.joint.reading import Counted, count, line_of
from app.letters.models import Letter
from app.security.tokens import hash_token


@dataclass(frozen=True)
class SignaturePage:
    """A confirmed signature as whoever gave it sees it.

    Attributes:
        left_on: when the letter left that carries it; None while it can be taken back.
        late: whether it was given after the letter had left.
    """

    campaign_title: str
    campaign_slug: str
    line: str
    public: bool
    confirmed_at: datetime
    withdrawn: bool
    left_on: datetime | None
    late: bool
    counted: Counted


def follow(token: str, language: str) -> SignaturePage:
    """Return the page of a confirmed signature.

    Raises:
        NotFound: there is no such signature.
    """
    signature = _find(db.session, token)
    joint = signature.joint_letter
    campaign = db.session.get_one(Campaign, joint.campaign_id)
    letter = db.session.get(Letter, signature.letter_id) if signature.letter_id else None
    return SignaturePage(
        campaign_title=text(campaign.title, language),
        campaign_slug=campaign.slug,
        line=line_of(signature.supporter, signature.kind, language),
        public=signature.public,
        confirmed_at=signature.confirmed_at or signature.created_at,
        withdrawn=signature.withdrawn_at is not None,
        left_on=letter.created_at if letter else None,
        late=letter is None and joint.dispatched_at is not None,
        counted=count(joint),
    )


def take_off(token: str, *, now: datetime) -> bool:
    """Take a signature off the letter, or, where that has left, off the public list.

    Returns:
        Whether it came in time: False where the letter has left with it.

    Raises:
        NotFound: there is no such signature.
    """
    with transaction() as session:
        signature = _find(session, token)
        return withdraw(session, signature, now=now)


def withdraw(session: Session, signature: Signature, *, now: datetime) -> bool:
    """Take a signature off, in the caller's transaction: as `take_off`."""
    session.get(JointLetter, signature.joint_letter_id, with_for_update=True, populate_existing=True)
    session.refresh(signature, with_for_update=True)
    signature.public = False
    if signature.letter_id is not None:
        return False
    signature.withdrawn_at = signature.withdrawn_at or now
    return True


def hide(token: str) -> None:
    """Take a signature off the public list; on the letter it stays.

    Raises:
        NotFound: there is no such signature.
    """
    with transaction() as session:
        _find(session, token).public = False


def _find(session: Session, token: str) -> Signature:
    query = sa.select(Signature).where(
        Signature.page_token_hash == hash_token(token), Signature.confirmed_at.is_not(None)
    )
    signature = session.scalar(query)
    if signature is None:
        raise NotFound(_("There is no signature behind this link. Was it copied whole?"))
    return signature
