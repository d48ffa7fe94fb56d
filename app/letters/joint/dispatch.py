"""Sending a joint letter: its list is frozen, and every office gets one copy with all signatures.

What leaves is a `Letter` of the group that sends it, whose copies go through the outbox like any other. Names
that come later leave with a further letter, an update, which says so.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.editing import note
from app.campaigns.models import Campaign, TemplateVersion
from app.database import transaction
from app.delivery.models import Delivery
from app.errors import NotFound, Refused
from app.letters.draft import reference_of
from app.letters.freezing import freeze, snapshot_for
from app.letters.joint.models import JointLetter, Signature
from app.letters.joint.reading import waiting
from app.letters.joint.wording import check_wording, offices_of
from app.letters.models import Letter
from app.letters.writing import LETTER_PAGE
from app.security.tokens import derived_token, hash_token, new_token
from app.supporters.addresses import address_index
from app.supporters.models import Supporter


def dispatch(campaign_id: uuid.UUID, joint_id: uuid.UUID, *, after: int, actor: str, now: datetime) -> int:
    """Freeze the list of a joint letter and queue a copy for each of its offices, in one transaction.

    Of a letter that was sent before, those who have signed since are told as an update.

    Args:
        campaign_id: whose letter it is.
        joint_id: which one.
        after: how many letters have carried it before: whoever presses a button twice, sends once.
        actor: who sends it.
        now: the instant; the Date of the mails.

    Returns:
        How many signatures it carries.

    Raises:
        NotFound: the campaign has no such joint letter.
        Refused: nobody has signed, it was sent meanwhile, it cannot be sent, or it cannot be worded.
    """
    with transaction() as session:
        joint = find(session, campaign_id, joint_id, for_update=True)
        if joint.status == "history" or joint.version is None:
            raise Refused(_("This letter was sent long ago: it is shown as history and cannot be sent."))
        if after != _sent_before(session, joint):
            raise Refused(_("It was sent while this page was open. Look at it again."))
        signatures = waiting(session, joint)
        if not signatures:
            raise Refused(_("Nobody has signed yet that the offices have not been told of."))
        letter = _letter(session, joint, now)
        _freeze_list(session, letter, signatures)
        is_first = joint.dispatched_at is None
        joint.status, joint.dispatched_at = "dispatched", joint.dispatched_at or now
        session.flush()
        _send(session, joint, letter, actor, now)
        note(
            session,
            "joint.dispatched" if is_first else "joint.updated",
            session.get_one(Campaign, joint.campaign_id),
            actor=actor,
            now=now,
            letter=letter.reference,
            signatures=str(len(signatures)),
        )
        return len(signatures)


def _sent_before(session: Session, joint: JointLetter) -> int:
    query = sa.select(sa.func.count()).select_from(Letter).where(Letter.joint_letter_id == joint.id)
    return session.scalar(query) or 0


def find(
    session: Session, campaign_id: uuid.UUID, joint_id: uuid.UUID, *, for_update: bool = False
) -> JointLetter:
    """Return a joint letter of a campaign.

    Raises:
        NotFound: the campaign has none of this id.
    """
    joint = session.get(
        JointLetter, joint_id, with_for_update=for_update or None, populate_existing=for_update
    )
    if joint is None or joint.campaign_id != campaign_id:
        raise NotFound(_("There is no such joint letter."))
    return joint


def _letter(session: Session, joint: JointLetter, now: datetime) -> Letter:
    version = session.get_one(TemplateVersion, joint.template_version_id)
    language = version.template.language
    with force_locale(language):
        name = _("The signatories")
    group = Supporter(
        email_index=address_index(joint.reply_to),
        email=joint.reply_to,
        name=name,
        country="",
        language=language,
        created_at=now,
    )
    session.add(group)
    session.flush()
    key = uuid.uuid4()
    letter = Letter(
        campaign_id=joint.campaign_id,
        supporter_id=group.id,
        submission_key=key,
        reference=reference_of(key),
        language=language,
        points=[],
        written_on=now.date(),
        created_at=now,
        # Its signatories confirmed it, each for themselves: nobody is given a link to do so.
        confirm_token_hash=hash_token(new_token()),
        confirm_until=now,
        confirmed_at=now,
        joint_letter_id=joint.id,
    )
    letter.page_token_hash = hash_token(derived_token(LETTER_PAGE, letter.id))
    session.add(letter)
    session.flush()
    return letter


def _freeze_list(session: Session, letter: Letter, signatures: list[Signature]) -> None:
    for place, signature in enumerate(signatures, 1):
        signature.letter_id, signature.position = letter.id, place
    session.flush()


def _send(session: Session, joint: JointLetter, letter: Letter, actor: str, now: datetime) -> None:
    snapshot = snapshot_for(session, letter, now=now)
    check_wording(snapshot, joint, day=now.date())
    for place, office in enumerate(offices_of(snapshot, joint)):
        delivery = Delivery(
            kind="letter",
            letter_id=letter.id,
            recipient_id=office.addressee.recipient.id,
            template_version_id=joint.template_version_id,
            campaign_id=letter.campaign_id,
            position=place,
            state="awaiting_confirmation",
            state_at=now,
            created_at=now,
        )
        session.add(delivery)
        session.flush()
        freeze(session, snapshot, letter, delivery, now=now, actor=actor)
