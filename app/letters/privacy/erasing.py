"""Erasing all that tells who somebody is, in one transaction; what has left cannot be recalled.

What stays are rows that only count: that a letter to an office was taken on that day, by somebody in that
country. The wishes "never mail me" and "do not ask me again" stay, too, as a scrambled form of the address:
forgetting them would undo them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.database import transaction, write_back
from app.delivery.models import Delivery
from app.delivery.outbox import cancel
from app.letters.deciding import ERASED
from app.letters.emptying import delete_letters, empty_letters, make_nobody
from app.letters.joint.erasing import erase_signatures
from app.letters.models import Letter
from app.letters.privacy.links import mailbox_behind, use_up
from app.letters.privacy.mailbox import mails_to, people_of
from app.letters.privacy.stored import HAS_LEFT, MAY_HAVE_LEFT, nothing_stored
from app.letters.replies.models import ReplyQuestion, SharedReply
from app.letters.replies.sharing import withdraw_answer
from app.letters.updates.models import UpdateMail
from app.letters.writing import take_turns
from app.security import audit
from app.security.tokens import hash_token, new_token
from app.supporters.addresses import address_index
from app.supporters.models import Consent, Supporter


@dataclass(frozen=True)
class Erased:
    """What was erased, in numbers.

    Attributes:
        letters: whose text and writer were deleted.
        taken_back: copies of them that had not left, and will not.
        left: copies that have left, or may have: their offices keep what they got.
        signatures: names that were taken off joint letters in time.
        signatures_left: names that had left with one.
        consents: among them those to news.
        answers: texts of answers that had been shared.
        mails: of our own, to this mailbox.
    """

    letters: int
    taken_back: int
    left: int
    signatures: int
    signatures_left: int
    consents: int
    answers: int
    mails: int

    def __bool__(self) -> bool:
        return any(astuple(self))


def erase_behind(token: str, *, now: datetime) -> Erased:
    """Erase all that is stored about the mailbox behind a link, and use its links up.

    Args:
        token: of the link.
        now: the instant.

    Raises:
        NotFound: there is no such link.
        LinkOver: it has ended, or everything was erased with it before.
    """
    with transaction() as session:
        link = mailbox_behind(session, token, now=now, lock=True)
        erased = _erase(session, link.email_index, actor=audit.SUPPORTER, now=now)
    write_back()
    return erased


def erase_mailbox(address: str, *, actor: str, now: datetime) -> Erased:
    """Erase all that is stored about a mailbox.

    Args:
        address: of the mailbox, checked.
        actor: who does it, for the audit log.
        now: the instant.

    Raises:
        NotFound: there is nothing.
    """
    with transaction() as session:
        erased = _erase(session, address_index(address), actor=actor, now=now)
        if not erased:
            raise nothing_stored()
    write_back()
    return erased


def _erase(session: Session, mailbox: bytes, *, actor: str, now: datetime) -> Erased:
    take_turns(session, mailbox)  # whoever writes from this mailbox meanwhile comes before or after
    people = people_of(session, mailbox, lock=True)
    ids = [person.id for person in people]
    mails = mails_to(session, {person.email for person in people})
    consents = session.scalar(sa.select(sa.func.count(Consent.id)).where(Consent.supporter_id.in_(ids))) or 0
    signatures = erase_signatures(session, ids, now=now)
    letters = _letters(session, ids)
    answers = _erase_answers(session, letters)
    taken_back, left = _take_back(session, letters, now=now)
    _empty(session, letters)
    _forget(session, ids, [mail.id for mail in mails])
    use_up(session, mailbox, now=now)
    erased = Erased(
        letters=len(letters),
        taken_back=taken_back,
        left=left,
        signatures=signatures.off,
        signatures_left=signatures.left,
        consents=consents,
        answers=answers,
        mails=len(mails),
    )
    _note(session, erased, actor=actor, now=now)
    return erased


def _letters(session: Session, people: Sequence[uuid.UUID]) -> list[Letter]:
    query = sa.select(Letter).where(Letter.supporter_id.in_(people)).order_by(Letter.id)
    return list(session.scalars(query.with_for_update()))


def _copies(session: Session, letters: Sequence[Letter]) -> list[Delivery]:
    # By id, as workers lock them.
    query = sa.select(Delivery).where(Delivery.letter_id.in_([letter.id for letter in letters]))
    return list(session.scalars(query.order_by(Delivery.id)))


def _erase_answers(session: Session, letters: Sequence[Letter]) -> int:
    """Take back what was shared: what nobody shares any more is not shown any more, either."""
    ids = [letter.id for letter in letters]
    query = sa.select(SharedReply).join(Delivery, SharedReply.delivery_id == Delivery.id)
    shared = session.scalars(
        query.where(Delivery.letter_id.in_(ids)).order_by(SharedReply.recipient_id)
    ).all()
    for row in shared:
        withdraw_answer(session, row)
    session.execute(sa.delete(ReplyQuestion).where(ReplyQuestion.letter_id.in_(ids)))
    return len(shared)


def _take_back(session: Session, letters: Sequence[Letter], *, now: datetime) -> tuple[int, int]:
    """Take back what has not left, what is just being sent too as long as its final dot is not out."""
    confirmed = [letter for letter in letters if letter.confirmed_at is not None]
    copies = _copies(session, confirmed)
    taken = sum(cancel(session, copy, now=now, cause=ERASED, actor="supporter") for copy in copies)
    return taken, sum(copy.state in HAS_LEFT | MAY_HAVE_LEFT for copy in copies)


def _empty(session: Session, letters: Sequence[Letter]) -> None:
    unconfirmed = [letter for letter in letters if letter.confirmed_at is None]
    stay = [letter for letter in letters if letter.confirmed_at is not None]
    for letter in stay:
        # Links in mails that somebody still has lead nowhere.
        letter.confirm_token_hash, letter.page_token_hash = hash_token(new_token()), hash_token(new_token())
        letter.points, letter.picked = [], None
    session.flush()
    empty_letters(session, [letter.id for letter in stay])
    delete_letters(
        session, [letter.id for letter in unconfirmed], [letter.supporter_id for letter in unconfirmed]
    )


def _forget(session: Session, people: Sequence[uuid.UUID], mails: Sequence[uuid.UUID]) -> None:
    session.execute(sa.delete(UpdateMail).where(UpdateMail.supporter_id.in_(people)))
    # One that a worker has in hand, too: what it does not find before the dot, it does not send.
    session.execute(sa.delete(Delivery).where(Delivery.id.in_(mails)))
    session.execute(sa.delete(Consent).where(Consent.supporter_id.in_(people)))
    left = session.scalars(sa.select(Supporter.id).where(Supporter.id.in_(people))).all()
    nobody = uuid.uuid4().bytes  # one for all: they go on counting as one person
    make_nobody(session, dict.fromkeys(left, nobody))


def _note(session: Session, erased: Erased, *, actor: str, now: datetime) -> None:
    if not erased:
        return
    detail = {
        "letters": str(erased.letters),
        "copies taken back": str(erased.taken_back),
        "copies that had left": str(erased.left),
        "signatures": str(erased.signatures + erased.signatures_left),
    }
    audit.record(session, "privacy.erased", actor=actor, now=now, detail=detail)
