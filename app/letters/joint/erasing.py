"""Taking the names of somebody whose data are erased off joint letters: where they wait, and where they left.

A signature that no letter has carried is deleted. Of one that left, the row stays to be counted, and nothing
in it tells whose it was. The letters that carry it name many others: those that may still leave go without
the one name, word for word the same otherwise; the text of those that are over is deleted.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

import sqlalchemy as sa
from flask_babel import force_locale
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, TemplateVersion
from app.delivery import outbox
from app.delivery.envelope import Envelope
from app.delivery.models import Delivery
from app.delivery.states import FINAL
from app.letters.dispatch import address_in
from app.letters.emptying import NO_TEXT
from app.letters.freezing import envelope_of
from app.letters.joint.confirming import delete_signatures
from app.letters.joint.models import JointLetter, Signature
from app.letters.joint.reading import carried_by, line_of
from app.letters.joint.wording import later_names, signature_lines
from app.letters.models import Letter
from app.letters.wording import Worded
from app.recipients.models import Contact
from app.rendering.letter import Segment
from app.rendering.mail import wire_address
from app.security.tokens import hash_token, new_token

TAKEN_OFF: Final = "a name was taken off"


@dataclass(frozen=True)
class TakenOff:
    """Signatures that stand on no letter now, and those that had left with one."""

    off: int
    left: int


def erase_signatures(session: Session, people: Sequence[uuid.UUID], *, now: datetime) -> TakenOff:
    """Take the names of people off joint letters. Part of the caller's transaction.

    Args:
        session: the caller's write transaction.
        people: ids of supporters. Those who signed what has not left are deleted with their signature.
        now: the instant.
    """
    given = sa.select(Signature).where(Signature.supporter_id.in_(people))
    joints = sa.select(JointLetter.id).where(
        JointLetter.id.in_(given.with_only_columns(Signature.joint_letter_id))
    )
    # Whoever erases waits for whoever sends the letter: a name is on it, or it is not.
    session.execute(joints.order_by(JointLetter.id).with_for_update())
    signatures = list(session.scalars(given.order_by(Signature.id).with_for_update()))
    waiting = [row for row in signatures if row.letter_id is None]
    carried = [row for row in signatures if row.letter_id is not None]
    in_turn = sorted(carried, key=lambda row: row.letter_id or row.id)
    for letter_id, rows in groupby(in_turn, key=lambda row: row.letter_id):
        _take_off(session, session.get_one(Letter, letter_id), {row.id for row in rows}, now=now)
    for row in carried:
        row.public = False
        row.confirm_token_hash, row.page_token_hash = hash_token(new_token()), hash_token(new_token())
    session.flush()
    delete_signatures(session, waiting)
    return TakenOff(off=len(waiting), left=len(carried))


@dataclass(frozen=True)
class _Names:
    """What a letter says because of its names, before and after; `left` is whether anybody is named still."""

    changes: tuple[tuple[str, str], ...]
    left: bool

    def without(self, text: str) -> str:
        """Return a text as it reads afterwards; "" if it does not say what it should."""
        for before, after in self.changes:
            if text.count(before) != 1:
                return ""
            text = text.replace(before, after)
        return text


def _take_off(session: Session, letter: Letter, gone: set[uuid.UUID], *, now: datetime) -> None:
    names = _names(session, letter, gone)
    copies = sa.select(Delivery).where(Delivery.letter_id == letter.id).order_by(Delivery.id)
    for copy in session.scalars(copies).all():
        if not names.left:
            outbox.cancel(session, copy, now=now, cause=TAKEN_OFF, actor="supporter")
        if copy.state in FINAL or not names.left:
            session.execute(sa.update(Delivery).where(Delivery.id == copy.id).values(NO_TEXT))
        elif copy.text:
            _write_over(session, letter, copy, names.without(copy.text), now=now)


def _names(session: Session, letter: Letter, gone: set[uuid.UUID]) -> _Names:
    joint = session.get_one(JointLetter, letter.joint_letter_id)
    rows = carried_by(session, letter.id)
    sent = joint.dispatched_at
    with force_locale(letter.language):
        lines = [(row.id, line_of(row.supporter, row.kind, letter.language)) for row in rows]
        before = [line for _key, line in lines if line]
        after = [line for key, line in lines if line and key not in gone]
        changes = [("\n".join(signature_lines(before)), "\n".join(signature_lines(after)))]
        if sent is not None and sent < letter.created_at:
            day, language = sent.date(), letter.language
            changes.append((later_names(len(before), day, language), later_names(len(after), day, language)))
    return _Names(tuple(changes), left=bool(after))


def _write_over(session: Session, letter: Letter, copy: Delivery, text: str, *, now: datetime) -> None:
    envelope = None
    if text and copy.wire_sealed is not None:
        envelope = _envelope(session, letter, copy, text)
    copy.text = text
    outbox.write_over(session, copy, envelope=envelope, now=now, cause=TAKEN_OFF, actor="supporter")


def _envelope(session: Session, letter: Letter, copy: Delivery, text: str) -> Envelope | None:
    """Return the same mail with another text; None if it leads elsewhere by now: the last look holds it."""
    contact = session.get(Contact, copy.contact_id) if copy.contact_id else None
    if contact is None or wire_address(contact.value) != copy.envelope_to:
        return None
    return envelope_of(
        campaign=session.get_one(Campaign, letter.campaign_id),
        letter=letter,
        delivery=copy,
        worded=Worded(
            slug="",
            short_name="",
            to_line=address_in(text).partition("\n")[0],
            subject=copy.subject,
            segments=(Segment("paragraph", text),),
            version=session.get_one(TemplateVersion, copy.template_version_id),
            language=letter.language,
            country="",
        ),
        contact=contact,
        now=letter.confirmed_at or letter.created_at,
        identifier=copy.message_id,
    )
