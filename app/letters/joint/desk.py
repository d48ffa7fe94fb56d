"""Joint letters at the organizers' desk: begun, put into an order, cleared of what does not belong there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.editing import find as find_campaign
from app.campaigns.editing import note
from app.campaigns.models import Campaign
from app.campaigns.offering import offered_version
from app.campaigns.reading import AudienceOffice
from app.campaigns.texts import text
from app.database import db, transaction
from app.errors import NotFound, Refused
from app.letters.joint.confirming import delete_signatures
from app.letters.joint.dispatch import find
from app.letters.joint.following import withdraw
from app.letters.joint.models import JointLetter, Signature
from app.letters.joint.reading import Counted, count, line_of, the_open_one, waiting
from app.letters.joint.wording import check_wording, offices_of, tried
from app.letters.models import Letter
from app.letters.snapshot import read_snapshot
from app.letters.wording import Worded
from app.security import audit

WAYS = ("first", "up", "down")
"""Where a name can be moved."""


@dataclass(frozen=True)
class JointLine:
    """A joint letter in the list of a campaign: what it is called, and how many have signed."""

    joint: JointLetter
    title: str
    counted: Counted


@dataclass(frozen=True)
class JointWhole:
    """A joint letter without its signatories: how it reads, to whom it goes, and which letters carried it."""

    joint: JointLetter
    title: str
    campaign: Campaign
    campaign_title: str
    offices: list[AudienceOffice]
    counted: Counted
    waiting: int
    letters: list[Letter]
    worded: list[Worded]


@dataclass(frozen=True)
class SignatureLine:
    """A signature that no letter has carried yet: its place, how it reads, and when it was confirmed."""

    id: uuid.UUID
    place: int
    line: str
    public: bool
    confirmed_at: datetime


def open_joint(
    campaign_id: uuid.UUID,
    template_id: uuid.UUID,
    offices: Sequence[uuid.UUID],
    *,
    row_id: uuid.UUID,
    reply_to: str,
    closes_on: date | None,
    actor: str,
    now: datetime,
) -> None:
    """Begin a joint letter of a campaign: from now on it can be signed, and its words do not change.

    Args:
        campaign_id: whose letter it is.
        template_id: a letter of the campaign; what is published of it now, is signed.
        offices: ids of the offices, in the order of the campaign.
        row_id: made with the form: the same form sent twice begins one joint letter.
        reply_to: where answers go.
        closes_on: last day of signing; None for that of the campaign.
        actor: who begins it.
        now: the present instant.

    Raises:
        NotFound: there is no such campaign or letter.
        Refused: one is open already, nothing of it is published, or it cannot be worded for its offices.
    """
    with transaction() as session:
        campaign = find_campaign(session, campaign_id, for_update=True)
        if session.get(JointLetter, row_id) is not None:
            return
        before = the_open_one(session, campaign_id)
        if before is not None and before.status == "open":
            raise Refused(_("The campaign has a joint letter that can be signed. Send that one first."))
        template = next((one for one in campaign.templates if one.id == template_id), None)
        version = offered_version(template, now=now) if template else None
        if version is None:
            raise Refused(_("Choose a letter that is published."), "letter")
        joint = JointLetter(
            id=row_id,
            campaign_id=campaign.id,
            key=str(row_id),
            status="open",
            template_version_id=version.id,
            offices=[str(one) for one in offices],
            reply_to=reply_to,
            listed_by="time",
            closes_on=closes_on,
            created_at=now,
        )
        session.add(joint)
        session.flush()
        snapshot = read_snapshot(session, campaign, version.template.language, day=now.date())
        if len(offices_of(snapshot, joint)) != len(joint.offices):
            raise Refused(_("One of the chosen offices does not belong to this campaign."), "offices")
        check_wording(snapshot, joint, day=now.date())
        note(session, "joint.opened", campaign, actor=actor, now=now, letter=version.template.key)


def give_up(campaign_id: uuid.UUID, joint_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """Delete a joint letter that was begun by mistake, with signatures that nobody has confirmed.

    Raises:
        NotFound: the campaign has no such joint letter.
        Refused: somebody has signed it, or it is history.
    """
    with transaction() as session:
        joint = find(session, campaign_id, joint_id, for_update=True)
        given = list(session.scalars(sa.select(Signature).where(Signature.joint_letter_id == joint.id)))
        if joint.status != "open" or any(row.confirmed_at is not None for row in given):
            raise Refused(_("Somebody has signed it: it cannot be given up any more."))
        delete_signatures(session, given)
        session.delete(joint)
        note(session, "joint.given_up", find_campaign(session, campaign_id), actor=actor, now=now)


def joint_lines(campaign_id: uuid.UUID, language: str) -> list[JointLine]:
    """Return the joint letters of a campaign, the newest first."""
    query = (
        sa.select(JointLetter)
        .where(JointLetter.campaign_id == campaign_id)
        .order_by(JointLetter.created_at.desc(), JointLetter.key)
    )
    return [JointLine(joint, _title(joint, language), count(joint)) for joint in db.session.scalars(query)]


def joint_whole(campaign_id: uuid.UUID, joint_id: uuid.UUID, language: str, *, now: datetime) -> JointWhole:
    """Return one joint letter, without its signatories.

    Raises:
        NotFound: the campaign has none of this id.
    """
    joint = find(db.session, campaign_id, joint_id)
    campaign = find_campaign(db.session, campaign_id)
    written_in = joint.version.template.language if joint.version else language
    snapshot = read_snapshot(db.session, campaign, written_in, day=now.date())
    letters = sa.select(Letter).where(Letter.joint_letter_id == joint.id).order_by(Letter.created_at)
    return JointWhole(
        joint=joint,
        title=_title(joint, language),
        campaign=campaign,
        campaign_title=text(campaign.title, language),
        offices=offices_of(snapshot, joint),
        counted=count(joint),
        waiting=_count_waiting(joint),
        letters=list(db.session.scalars(letters)),
        worded=tried(snapshot, joint, day=now.date()),
    )


def signatures(
    campaign_id: uuid.UUID, joint_id: uuid.UUID, language: str, *, actor: str, now: datetime
) -> list[SignatureLine]:
    """Return who signs; that `actor` looked is written into the audit log first.

    Raises:
        NotFound: the campaign has no such joint letter.
    """
    with transaction() as session:
        joint = find(session, campaign_id, joint_id)
        note(session, "joint.viewed", find_campaign(session, campaign_id), actor=actor, now=now)
    return [
        SignatureLine(
            id=row.id,
            place=place,
            line=line_of(row.supporter, row.kind, language),
            public=row.public,
            confirmed_at=row.confirmed_at or row.created_at,
        )
        for place, row in enumerate(waiting(db.session, joint), 1)
    ]


def one_signature(campaign_id: uuid.UUID, joint_id: uuid.UUID, signature_id: uuid.UUID, language: str) -> str:
    """Return how a signature reads.

    Raises:
        NotFound: the joint letter has no such signature.
    """
    find(db.session, campaign_id, joint_id)
    row = _one(db.session, joint_id, signature_id)
    return line_of(row.supporter, row.kind, language)


def move(campaign_id: uuid.UUID, joint_id: uuid.UUID, signature_id: uuid.UUID, way: str) -> None:
    """Give a signature another place in the order; from then on the order is the organizers'.

    Args:
        campaign_id, joint_id: which joint letter.
        signature_id: which signature.
        way: one of `WAYS`.

    Raises:
        NotFound: there is no such signature, or it has left.
    """
    with transaction() as session:
        joint = find(session, campaign_id, joint_id, for_update=True)
        rows = waiting(session, joint)
        place = next((place for place, row in enumerate(rows) if row.id == signature_id), None)
        if place is None:
            raise NotFound(_("There is no such signature."))
        to = {"first": 0, "up": max(place - 1, 0), "down": place + 1}[way]
        rows.insert(to, rows.pop(place))
        joint.listed_by = "organizer"
        for number, row in enumerate(rows, 1):
            row.position = number


def list_by_time(campaign_id: uuid.UUID, joint_id: uuid.UUID) -> None:
    """List the signatures of a joint letter by the time of their confirmation again.

    Raises:
        NotFound: the campaign has no such joint letter.
    """
    with transaction() as session:
        find(session, campaign_id, joint_id, for_update=True).listed_by = "time"


def remove(
    campaign_id: uuid.UUID, joint_id: uuid.UUID, signature_id: uuid.UUID, *, actor: str, now: datetime
) -> None:
    """Take a signature off that does not belong there.

    Raises:
        NotFound: there is no such signature.
        Refused: the letter has left with it.
    """
    with transaction() as session:
        find(session, campaign_id, joint_id)
        row = _one(session, joint_id, signature_id)
        if not withdraw(session, row, now=now):
            raise Refused(_("The letter has left with this name: it cannot be taken off any more."))
        audit.record(
            session,
            "joint.signature_removed",
            actor=actor,
            now=now,
            kind="signature",
            object_id=row.id,
            detail={},
        )


def _one(session: Session, joint_id: uuid.UUID, signature_id: uuid.UUID) -> Signature:
    row = session.get(Signature, signature_id)
    if row is None or row.joint_letter_id != joint_id or row.confirmed_at is None:
        raise NotFound(_("There is no such signature."))
    return row


def _count_waiting(joint: JointLetter) -> int:
    counted = count(joint)
    return counted.late if joint.dispatched_at else counted.all


def _title(joint: JointLetter, language: str) -> str:
    if joint.version is not None:
        return joint.version.template.name
    return text((joint.record or {}).get("title", {}), language)
