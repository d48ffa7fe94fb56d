"""Deleting what is no longer needed (promises.md, "Personal data")."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists, or_, select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.database import transaction, write_back
from app.delivery.models import Delivery
from app.delivery.outbox import cancel, hold
from app.delivery.states import FINAL, WITHDRAWABLE
from app.delivery.stops import stopped
from app.letters.deciding import ERASED, TIME_OVER, UNSUBMITTED
from app.letters.dispatch import must_be_held
from app.letters.emptying import delete_letters, empty_letters, make_nobody
from app.letters.joint.confirming import delete_signatures
from app.letters.joint.models import JointLetter, Signature
from app.letters.models import TEXT_KEPT, Letter
from app.letters.own_sending import purge_marks
from app.letters.privacy.links import purge_links
from app.letters.replies.models import ReplyQuestion, SharedReply
from app.letters.replies.sharing import let_the_next_lead
from app.letters.updates.models import UpdateMail
from app.letters.writing import CONFIRMATION_SPAN
from app.recipients.corrections import purge_decided
from app.supporters.models import Supporter

IDENTITY_KEPT = timedelta(days=90)
NOTICES_KEPT = timedelta(days=7)
OVER = FINAL | {"held", "unclear"}
"""States of our own mails from which they leave no more by themselves: after a week nobody waits for them."""
BATCH = 500
"""Rows that one transaction deletes, so that writers never wait long."""


@dataclass(frozen=True)
class Purged:
    """How many letters, texts, notices, supporters, corrections, marks and links were deleted.

    Letters and supporters: names under joint letters and those who gave them are counted among them.
    """

    unconfirmed: int
    texts: int
    notices: int
    supporters: int
    corrections: int
    marks: int = 0
    links: int = 0

    def __bool__(self) -> bool:
        return any(astuple(self))


def purge(*, now: datetime) -> Purged:
    """Delete everything whose time is over.

    Unconfirmed letters and signatures when their link ends (7 days), and signatures that long after they
    were taken off; texts 28 days after the last copy's final state, and answers that were shared and not
    read by then; who wrote or signed, 90 days after the campaign's last day, with the text of letters that
    never came to an end, what was still to leave, and the links of questions and updates; our own mails
    after 7 days; corrections of offices a year after their decision; what keeps an own sending from being
    counted twice, after 7 days; links to one's data a day after their end. What is to be put into an office's
    form and was not for 28 days is cancelled, or held where it could not be; what comes back to the queue
    after its text was deleted is cancelled. Rows that only count (states, times, countries) stay.
    """
    _repeat(_end_unsubmitted, now)
    _repeat(_end_emptied, now)
    purged = Purged(
        unconfirmed=_repeat(_purge_unconfirmed, now) + _repeat(_purge_signatures, now),
        texts=_repeat(_purge_texts, now) + _repeat(_purge_shared, now),
        notices=_repeat(_purge_notices, now),
        supporters=_repeat(_purge_identities, now),
        corrections=_repeat(_purge_corrections, now),
        marks=_repeat(_purge_marks, now),
        links=_repeat(_purge_links, now),
    )
    if purged:
        write_back()
    return purged


def _repeat(step: Callable[[Session, datetime], int], now: datetime) -> int:
    total = 0
    while True:
        with transaction() as session:
            done = step(session, now)
        total += done
        if done < BATCH:
            return total


def _purge_unconfirmed(session: Session, now: datetime) -> int:
    query = select(Letter.id, Letter.supporter_id).where(
        Letter.confirmed_at.is_(None), Letter.confirm_until <= now
    )
    rows = session.execute(query.limit(BATCH)).all()
    letters, supporters = [row.id for row in rows], [row.supporter_id for row in rows]
    delete_letters(session, letters, supporters)
    return len(rows)


def _purge_signatures(session: Session, now: datetime) -> int:
    ended = and_(Signature.confirmed_at.is_(None), Signature.confirm_until <= now)
    taken_off = Signature.withdrawn_at <= now - CONFIRMATION_SPAN
    signatures = list(session.scalars(select(Signature).where(or_(ended, taken_off)).limit(BATCH)))
    delete_signatures(session, signatures)
    return len(signatures)


def _purge_texts(session: Session, now: datetime) -> int:
    unfinished = exists().where(
        Delivery.letter_id == Letter.id,
        or_(Delivery.state.not_in(FINAL), Delivery.state_at > now - TEXT_KEPT),
    )
    holding = exists().where(Delivery.letter_id == Letter.id, Delivery.text_sealed.is_not(None))
    letters = list(session.scalars(select(Letter.id).where(holding, ~unfinished).limit(BATCH)))
    empty_letters(session, letters)
    return len(letters)


def _purge_shared(session: Session, now: datetime) -> int:
    # What was read is shown or deleted already; this is what nobody came to read.
    query = select(SharedReply.id).where(
        SharedReply.published_id.is_(None), SharedReply.shared_at <= now - TEXT_KEPT
    )
    shared = list(session.scalars(query.order_by(SharedReply.shared_at).limit(BATCH)))
    session.execute(delete(SharedReply).where(SharedReply.id.in_(shared)))
    for cluster in shared:
        let_the_next_lead(session, cluster)
    return len(shared)


def _end_unsubmitted(session: Session, now: datetime) -> int:
    """End what its writer was to put into an office's form, and has not for as long as texts are kept.

    What its writer could not put in is not ended: what must not leave as it is is held, and a stop is waited
    for.
    """
    before = now - TEXT_KEPT
    query = select(Delivery).where(
        Delivery.channel == "web_form",
        Delivery.state == "awaiting_confirmation",
        Delivery.state_at <= before,
        exists().where(Letter.id == Delivery.letter_id, Letter.confirmed_at <= before),
        *stopped(session).conditions(),
    )
    copies = list(session.scalars(query.limit(BATCH)))
    for copy in copies:
        if reason := must_be_held(session, copy):
            hold(session, copy, now=now, cause=reason, actor="redress")
        else:
            cancel(session, copy, now=now, cause=UNSUBMITTED, actor="redress")
    return len(copies)


def _end_emptied(session: Session, now: datetime) -> int:
    """End what was out of reach when its writer's data were deleted, and has turned out not to have left."""
    nobodys = exists().where(
        Letter.id == Delivery.letter_id, Letter.supporter_id == Supporter.id, Supporter.email_sealed.is_(None)
    )
    query = select(Delivery).where(Delivery.state.in_(WITHDRAWABLE), Delivery.text_sealed.is_(None), nobodys)
    copies = list(session.scalars(query.order_by(Delivery.id).limit(BATCH)))
    for copy in copies:
        cancel(session, copy, now=now, cause=ERASED, actor="redress")
    return len(copies)


def _purge_notices(session: Session, now: datetime) -> int:
    query = select(Delivery.id).where(
        Delivery.kind == "notice",
        Delivery.state.in_(OVER),
        Delivery.state_at <= now - NOTICES_KEPT,
    )
    notices = list(session.scalars(query.limit(BATCH)))
    session.execute(delete(Delivery).where(Delivery.id.in_(notices)))
    return len(notices)


def _purge_corrections(session: Session, now: datetime) -> int:
    return purge_decided(session, now, limit=BATCH)


def _purge_marks(session: Session, now: datetime) -> int:
    return purge_marks(session, now, limit=BATCH)


def _purge_links(session: Session, now: datetime) -> int:
    return purge_links(session, now, limit=BATCH)


def _end_letters(session: Session, people: list[uuid.UUID], now: datetime) -> None:
    # A copy that is still held, or that nobody can say was taken, names its writer in its text.
    letters = list(session.scalars(select(Letter.id).where(Letter.supporter_id.in_(people))))
    waiting = select(Delivery).where(Delivery.letter_id.in_(letters), Delivery.state.in_(WITHDRAWABLE))
    for delivery in session.scalars(waiting):
        cancel(session, delivery, now=now, cause=TIME_OVER, actor="redress")
    session.flush()
    session.execute(delete(ReplyQuestion).where(ReplyQuestion.letter_id.in_(letters)))
    empty_letters(session, letters)


def _purge_identities(session: Session, now: datetime) -> int:
    over = select(Campaign.id).where(Campaign.closes_on < (now - IDENTITY_KEPT).date())
    wrote = select(Letter.supporter_id).where(Letter.campaign_id.in_(over))
    signed = (
        select(Signature.supporter_id)
        .join(JointLetter, Signature.joint_letter_id == JointLetter.id)
        .where(JointLetter.campaign_id.in_(over))
    )
    query = select(Supporter.id).where(
        Supporter.id.in_(wrote.union_all(signed)), Supporter.email_sealed.is_not(None)
    )
    people = list(session.scalars(query.limit(BATCH)))
    if not people:
        return 0
    _end_letters(session, people, now)
    session.execute(delete(UpdateMail).where(UpdateMail.supporter_id.in_(people)))
    make_nobody(session, {key: key.bytes for key in people})
    return len(people)
