"""Signing a joint letter: what is stored when somebody sends the form, and the mail that asks for a yes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.campaigns.reading import CampaignPage
from app.database import Base, transaction
from app.delivery.outbox import notice_rows
from app.errors import Gone, Refused, TooMany
from app.hot_rows import insert_rows, new_row
from app.letters.draft import Writer
from app.letters.freezing import writer_of
from app.letters.joint.models import JointLetter, Signature
from app.letters.joint.reading import takes_signatures
from app.letters.writing import (
    CONFIRMATION_SPAN,
    CONFIRMATIONS_A_DAY,
    HOUR,
    LETTERS_AN_HOUR,
    consent_rows,
    take_turns,
)
from app.notices.confirmation import SIGNATURE, order_confirmation
from app.security.rate_limits import hit, seconds_left
from app.security.tokens import derived_token, hash_token, new_token
from app.supporters.addresses import address_index
from app.supporters.models import Supporter
from app.supporters.silence import is_silenced

SIGNATURE_PAGE = "signature page"


@dataclass(frozen=True)
class Signing:
    """One submission of the form.

    Attributes:
        writer: who signs; for an organization, who signs for it, with its name as affiliation.
        kind: `person` or `organization`.
        public: whether the name may stand in the list on the site.
        updates: whether they want news of the campaign.
        language: of the mail and the pages.
        submission_key: made with the form; the same form posted twice is one signature.
    """

    writer: Writer
    kind: str
    public: bool
    updates: bool
    language: str
    submission_key: uuid.UUID


def consent_texts(page: CampaignPage) -> dict[str, str]:
    """Return what somebody agrees to who signs, by purpose."""
    return {
        "letter": _(
            "I sign this letter. My name, title, organization and place are sent to the offices with it; my "
            "e-mail address is not."
        ),
        "public": _("Show my name, title, organization and place in the public list of signatories."),
        "updates": page.updates_text,
    }


class SignedAlready(Refused):
    """A form that was sent, went back to and was changed: with a new key it is another signature."""

    def __init__(self) -> None:
        super().__init__(
            _("You sent this form before you changed it. To sign as it is now, press the button again.")
        )


def sign(
    joint: JointLetter, page: CampaignPage, signing: Signing, *, network: str | None, now: datetime
) -> bool:
    """Store a signature that waits for its confirmation, and the mail that asks for it.

    Args:
        joint: what is signed.
        page: its campaign as the supporter read it.
        signing: what came from the form.
        network: where it came from; None is not counted.
        now: the instant.

    Returns:
        Whether it is new: False for the same form posted again.

    Raises:
        Refused: an organization has no name.
        SignedAlready: the form was sent before and has been changed since.
        Gone: the letter takes no signatures any more.
        TooMany: this network has sent too much within the hour.
    """
    if signing.kind == "organization" and not signing.writer.affiliation:
        raise Refused(_("Please give the name of the organization."), "affiliation")
    mailbox = address_index(signing.writer.email)
    token = new_token()
    signature = _signature(joint, signing, token, now)
    rows = _rows(page, signing, signature, mailbox)
    mail = _mail(page, signature, signing, token)
    try:
        with transaction() as session:
            take_turns(session, mailbox)
            if _known(session, signing):
                return _the_same_again(session, signing)
            _check_open(session, joint, page, now)
            allowed = network is None or _within_limit(session, network, now)
            if allowed:
                may_mail = _may_mail(session, mailbox, now)
                insert_rows(session, *rows, *(mail if may_mail else ()))
    except IntegrityError:
        with transaction() as session:
            if not _known(session, signing):
                raise
            return _the_same_again(session, signing)
    if not allowed:
        sentence = _("Too many letters came from your network within an hour.")
        raise TooMany(sentence, seconds_left(HOUR, now=now))
    return True


def _check_open(session: Session, joint: JointLetter, page: CampaignPage, now: datetime) -> None:
    if not takes_signatures(session.get_one(JointLetter, joint.id), page.row, now.date()):
        raise Gone(_("This letter takes no signatures any more."))


def _within_limit(session: Session, network: str, now: datetime) -> bool:
    return hit(session, "letters", network, window=HOUR, now=now) <= LETTERS_AN_HOUR


def _may_mail(session: Session, mailbox: bytes, now: datetime) -> bool:
    # As for letters, and counted together with them: the answer on the page tells nothing about an address.
    silenced = session.scalar(sa.select(is_silenced(mailbox)))
    recent = (Supporter.email_index == mailbox, Supporter.created_at > now - timedelta(days=1))
    count = session.scalar(sa.select(sa.func.count()).select_from(Supporter).where(*recent)) or 0
    return not silenced and count < CONFIRMATIONS_A_DAY


def _known(session: Session, signing: Signing) -> bool:
    query = sa.select(sa.exists().where(Signature.submission_key == signing.submission_key))
    return bool(session.scalar(query))


def _the_same_again(session: Session, signing: Signing) -> bool:
    row = session.scalars(
        sa.select(Signature).where(Signature.submission_key == signing.submission_key)
    ).one()
    before = (writer_of(row.supporter), row.kind, row.public)
    if before != (signing.writer, signing.kind, signing.public):
        raise SignedAlready
    return False


def _signature(joint: JointLetter, signing: Signing, token: str, now: datetime) -> Signature:
    signature = new_row(
        Signature,
        joint_letter_id=joint.id,
        supporter_id=uuid.uuid4(),
        kind=signing.kind,
        public=signing.public,
        submission_key=signing.submission_key,
        created_at=now,
        confirm_token_hash=hash_token(token),
        confirm_until=now + CONFIRMATION_SPAN,
    )
    signature.page_token_hash = hash_token(page_token(signature.id))
    return signature


def _rows(page: CampaignPage, signing: Signing, signature: Signature, mailbox: bytes) -> tuple[Base, ...]:
    writer, now = signing.writer, signature.created_at
    supporter = new_row(
        Supporter,
        id=signature.supporter_id,
        email_index=mailbox,
        email=writer.email,
        name=writer.name,
        title=writer.title,
        affiliation=writer.affiliation,
        city=writer.city,
        region=writer.region,
        postal_code=writer.postal_code,
        country=writer.country,
        language=signing.language,
        created_at=now,
    )
    agreed = {"letter": True, "public": signing.public, "updates": signing.updates}
    texts = {purpose: text for purpose, text in consent_texts(page).items() if agreed[purpose]}
    consents = consent_rows(supporter.id, texts, page.consent_version, now=now)
    return supporter, signature, *consents


def page_token(signature_id: uuid.UUID) -> str:
    """Return the token of a signature's page."""
    return derived_token(SIGNATURE_PAGE, signature_id)


def _mail(page: CampaignPage, signature: Signature, signing: Signing, token: str) -> tuple[Base, ...]:
    path = current_app.url_map.bind("").build("public.confirm_signature", {"token": token})
    mail = order_confirmation(
        notice=SIGNATURE,
        to=signing.writer.email,
        campaign_title=page.title,
        link=f"{current_app.config['REDRESS_SETTINGS'].base_url}{path}",
        until=signature.confirm_until,
        message_key=signature.id,
        language=signing.language,
        now=signature.created_at,
    )
    return notice_rows(mail=mail, now=signature.created_at)
