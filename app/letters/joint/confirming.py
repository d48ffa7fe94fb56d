"""Confirming a signature: once; and deleting one that was not meant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.texts import text
from app.database import db, transaction
from app.errors import Gone, NotFound
from app.letters.joint.models import JointLetter, Signature
from app.letters.joint.reading import line_of, signed, takes_signatures
from app.letters.joint.signing import page_token
from app.letters.joint.wording import tried
from app.letters.snapshot import read_snapshot
from app.letters.wording import Worded
from app.notices.confirmation import SIGNATURE, forget_confirmation
from app.security.tokens import hash_token
from app.supporters.addresses import address_index
from app.supporters.models import Consent, Supporter
from app.supporters.silence import silence


class SignatureConfirmed(Gone):
    """The signature behind the link is confirmed already. `page_token` leads to its page."""

    def __init__(self, page_token: str) -> None:
        super().__init__(_("You have confirmed this signature already."))
        self.page_token = page_token


@dataclass(frozen=True)
class PendingSignature:
    """A signature that waits for its confirmation: how it will read, and under which letter."""

    campaign_title: str
    campaign_slug: str
    line: str
    public: bool
    until: datetime
    letters: tuple[Worded, ...]


def look_at(token: str, language: str, *, now: datetime) -> PendingSignature:
    """Return what a confirmation link is about. Changes nothing.

    Raises:
        NotFound: there is no such link.
        SignatureConfirmed: it was confirmed.
        Gone: it has ended, or the letter takes no signatures any more.
    """
    signature = _find(db.session, token)
    campaign = _check(db.session, signature, now)
    joint = signature.joint_letter
    written_in = joint.version.template.language if joint.version else language
    snapshot = read_snapshot(db.session, campaign, written_in, day=now.date())
    return PendingSignature(
        campaign_title=text(campaign.title, language),
        campaign_slug=campaign.slug,
        line=line_of(signature.supporter, signature.kind, language),
        public=signature.public,
        until=signature.confirm_until,
        letters=tuple(tried(snapshot, joint, day=now.date())),
    )


def confirm(token: str, *, now: datetime) -> str:
    """Confirm a signature.

    One mailbox signs once, as a person and for an organization once each: who signs again takes the place of
    the signature before, as long as no letter has carried that one.

    Returns:
        The token of the signature's page.

    Raises:
        NotFound, Gone: as `look_at`.
        SignatureConfirmed: it was confirmed before, or this mailbox stands on the letter that has left.
    """
    with transaction() as session:
        signature = _find(session, token)
        # Whoever confirms waits for whoever sends the letter: a name is on it, or is told that it came later.
        session.get(JointLetter, signature.joint_letter_id, with_for_update=True, populate_existing=True)
        session.refresh(signature, with_for_update=True)
        _check(session, signature, now)
        for before in _of_the_same_mailbox(session, signature):
            if before.letter_id is not None:
                raise SignatureConfirmed(page_token(before.id))
            before.withdrawn_at = now
        signature.confirmed_at = now
        return page_token(signature.id)


def decline(token: str, *, never_again: bool, now: datetime) -> None:
    """Delete a signature that somebody did not give, and all that was stored with it.

    Args:
        token: of the confirmation link.
        never_again: also remember that this mailbox wants no mail from here.

    Raises:
        NotFound, SignatureConfirmed, Gone: as `look_at`.
    """
    with transaction() as session:
        signature = _find(session, token)
        _check(session, signature, now)
        if never_again:
            silence(session, address_index(signature.supporter.email), now=now)
        forget_confirmation(session, signature.id, SIGNATURE)
        delete_signatures(session, [signature])


def delete_signatures(session: Session, signatures: list[Signature]) -> None:
    """Delete signatures with who gave them. Part of the caller's transaction."""
    people = [signature.supporter_id for signature in signatures]
    session.execute(sa.delete(Signature).where(Signature.id.in_([one.id for one in signatures])))
    session.execute(sa.delete(Consent).where(Consent.supporter_id.in_(people)))
    session.execute(sa.delete(Supporter).where(Supporter.id.in_(people)))


def _find(session: Session, token: str) -> Signature:
    signature = session.scalar(sa.select(Signature).where(Signature.confirm_token_hash == hash_token(token)))
    if signature is None:
        raise NotFound(_("There is no signature behind this link. Was it copied whole?"))
    return signature


def _check(session: Session, signature: Signature, now: datetime) -> Campaign:
    joint = signature.joint_letter
    if signature.confirmed_at is not None:
        raise SignatureConfirmed(page_token(signature.id))
    if now >= signature.confirm_until:
        raise Gone(_("This link ended after seven days. You can sign again."))
    campaign = session.get_one(Campaign, joint.campaign_id)
    if not takes_signatures(joint, campaign, now.date()):
        raise Gone(_("This letter takes no signatures any more."))
    return campaign


def _of_the_same_mailbox(session: Session, signature: Signature) -> list[Signature]:
    query = (
        sa.select(Signature)
        .join(Supporter, Signature.supporter_id == Supporter.id)
        .where(
            *signed(signature.joint_letter),
            Signature.kind == signature.kind,
            Supporter.email_index == signature.supporter.email_index,
        )
    )
    return list(session.scalars(query))
