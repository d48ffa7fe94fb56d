"""What becomes of a mail that came back, and of whatever else arrives at a bounce address.

A bounce is believed if it comes to the address that only its mail left with. It never makes anything
leave: it ends a copy, suspends an address that does not exist, and holds what waits for that address. To
a reader's mailbox that does not exist go no more updates.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, defer

from app.database import db, transaction
from app.delivery import causes, outbox
from app.delivery.bounces import CAME_BACK, Kind, Reading, kind_of_failure, read
from app.delivery.bounces.reports import status_in
from app.delivery.envelope import ascii_address, subject_of_bounce
from app.delivery.models import Attempt, Delivery
from app.delivery.states import DUE, lock_row, move, reread
from app.errors import Unavailable
from app.letters import answers
from app.letters.digests import members
from app.letters.dispatch import ADDRESS_GONE
from app.letters.updates.subscribing import brings_wanted_news, stop_for_lost_mailbox
from app.notices.sending import message_ids_about
from app.recipients.models import Contact
from app.recipients.reaching import suspend_bounced
from app.security import audit

BATCH: Final = 50
"""Copies that are held in one transaction: confirmations and workers get their turn in between."""
ENDS: Final = frozenset({"accepted", "unclear"})
"""States that a bounce ends."""
REFUSALS_SEEN_FOR: Final = timedelta(days=1)

_CAUSES: Final = {
    "no_address": causes.CAME_BACK_NO_ADDRESS,
    "mailbox_full": causes.CAME_BACK_FULL,
    "refused": causes.CAME_BACK_REFUSED,
    "failed": causes.CAME_BACK,
}


@dataclass(frozen=True)
class Dealt:
    """What was done about an arriving message.

    Attributes:
        sentence: for the log of whoever runs the installation; no personal datum.
        changed: whether anything is different now.
    """

    sentence: str
    changed: bool = False


def receive(raw: bytes, *, to: Sequence[str] = (), now: datetime) -> Dealt:
    """Deal with a message that arrived at a bounce address.

    Args:
        raw: the message, up to `answers.LONGEST` octets and one more, by which it is known as cut off.
        to: the addresses that it arrived at, where the mail server tells; else they are looked for in it.
        now: the instant.

    Returns:
        What was done. What is forged, known already, or about a mail that is not there any more, changes
        nothing; the same message a second time does not either.

    Raises:
        Unavailable: the mail is in a worker's hand, or the database is busy: it should come again.
    """
    reading = read(raw)
    found = [subject_of_bounce(address) for address in (to or reading.addresses)]
    subject = next(filter(None, found), None)
    if subject is None:
        return Dealt(_("It is not addressed to a bounce address that we gave out; nothing was changed."))
    together = members(subject)
    if reading.kind in CAME_BACK:
        return _came_back(together or [subject], reading, now=now)
    if reading.kind == "answer" and together:
        # It may quote all of the letters, and nobody is to get another one's.
        return Dealt(_("Somebody answered a mail that carried several letters; nothing was changed."))
    if reading.kind == "answer":
        return _answered(subject, reading, raw, now=now)
    return Dealt(_nothing_to_do(reading))


def _nothing_to_do(reading: Reading) -> str:
    sentences = {
        "delayed": _("A mail server is still trying; nothing was changed."),
        "delivered": _("A mail server tells that it has it; nothing was changed."),
        "automatic": _("An automatic answer; nothing was changed."),
        "unreadable": _("It cannot be read; nothing was changed."),
    }
    return sentences[reading.kind]


def _came_back(subjects: Sequence[uuid.UUID], reading: Reading, *, now: datetime) -> Dealt:
    """Mark a mail as come back, or all letters that one mail carried."""
    kind, status = reading.kind, reading.status
    done = [
        came_back(partial(_find, subject=subject, reading=reading), kind, status, now=now)
        for subject in subjects
    ]
    return next((one for one in done if one.changed), done[0])


def _find(session: Session, *, subject: uuid.UUID, reading: Reading) -> Delivery | None:
    delivery = session.get(Delivery, subject)
    if delivery is not None:
        return delivery
    # One of our own mails: its bounce address tells what it was about.
    query = select(Delivery).where(Delivery.message_id.in_(message_ids_about(subject)))
    notices = session.scalars(query.order_by(Delivery.created_at.desc(), Delivery.id)).all()
    named = [notice for notice in notices if notice.message_id in reading.returned]
    return next(iter(named or notices), None)


def _unknown() -> Dealt:
    return Dealt(_("It is about a mail that is not there any more; nothing was changed."))


def came_back(
    find: Callable[[Session], Delivery | None],
    kind: Kind,
    status: str,
    *,
    now: datetime,
    ends: frozenset[str] = ENDS,
) -> Dealt:
    """Mark a mail as come back and, where its address does not exist, see to what waits for that address.

    Args:
        find: looks it up in a session.
        kind: why it came back, one of `CAME_BACK`.
        status: the status code that was told.
        now: the instant.
        ends: states that this ends; in any other nothing is changed.

    Raises:
        Unavailable: as for `receive`.
    """
    contact_id = None
    with transaction() as session:
        delivery = find(session)
        if delivery is None:
            return _unknown()
        row = lock_row(session, delivery)
        if row.state == "sending":
            raise Unavailable(_("A worker has this mail in hand; the bounce should come again."))
        if row.state not in ends:
            return Dealt(_("That this mail came back is known, or it has moved on; nothing was changed."))
        left_at = delivery.state_at
        move(session, row, "bounced", now=now, cause=_CAUSES[kind], actor="redress")
        reread(session, delivery)
        if kind == "no_address":
            contact_id = _suspend(session, delivery, left_at, status, now=now)
            stop_for_lost_mailbox(session, delivery.id, asked_before=left_at, now=now)
    done = Dealt(_("A mail came back, and is marked so."), changed=True)
    if contact_id is None:
        return done
    held = _hold_waiting(contact_id, now=now)
    told = ngettext(
        "Its address does not exist: the contact is suspended, %(num)s letter waits for a new one.",
        "Its address does not exist: the contact is suspended, %(num)s letters wait for a new one.",
        held,
    )
    return Dealt(f"{done.sentence} {told}", changed=True)


def _suspend(
    session: Session, delivery: Delivery, left_at: datetime, status: str, *, now: datetime
) -> uuid.UUID | None:
    """Suspend the contact that a mail left for, unless it leads elsewhere by now or was looked at since."""
    contact = session.get(Contact, delivery.contact_id, with_for_update=True) if delivery.contact_id else None
    if contact is None or not _left_for(contact, delivery, left_at):
        return None
    why = f"mail came back{f', {status}' if status else ''}"
    suspend_bounced(session, contact, why=why, actor=audit.SYSTEM, now=now)
    return contact.id


def _left_for(contact: Contact, delivery: Delivery, left_at: datetime) -> bool:
    """Whether a contact in use still leads where a mail left for, and nobody has looked at it since."""
    if contact.status != "active" or contact.channel != "email":
        return False
    if ascii_address(contact.value) != delivery.envelope_to:
        return False
    return not any(at is not None and at > left_at for at in (contact.verified_at, contact.edited_at))


def see_to_refused(*, now: datetime) -> int:
    """See to addresses that a mail server refused in person as ones that do not exist, as a bounce does.

    Contacts are suspended; updates of campaigns stop. What has been seen to is not written again.

    Args:
        now: the instant; looks a day back.

    Returns:
        How many addresses were seen to.
    """
    db.session.rollback()
    letters = _refused(now).join(Contact, Delivery.contact_id == Contact.id).add_columns(Contact)
    found = [
        (mail.id, status_in(reply))
        for mail, reply, contact in db.session.execute(letters.where(Contact.status == "active"))
        if _is_gone(reply) and _left_for(contact, mail, mail.state_at)
    ]
    updates = _refused(now).where(brings_wanted_news(Delivery))
    lost = [mail.id for mail, reply in db.session.execute(updates) if _is_gone(reply)]
    suspended = sum(_suspend_refused(delivery_id, status, now=now) for delivery_id, status in found)
    return suspended + sum(_stop_updates(delivery_id, now=now) for delivery_id in lost)


def _refused(now: datetime) -> Select[Delivery, str]:
    """Return the question for mails that were refused lately as their recipient was named."""
    return (
        select(Delivery, Attempt.reply)
        .join(Attempt, and_(Attempt.delivery_id == Delivery.id, Attempt.number == Delivery.attempt_count))
        .where(Delivery.state == "failed", Attempt.step == "rcpt")
        .where(Delivery.state_at > now - REFUSALS_SEEN_FOR)
        .options(defer(Delivery.wire_sealed), defer(Delivery.text_sealed))
    )


def _is_gone(reply: str) -> bool:
    status = status_in(reply)
    return bool(status) and kind_of_failure(status, reply) == "no_address"


def _stop_updates(delivery_id: uuid.UUID, *, now: datetime) -> bool:
    with transaction() as session:
        mail = session.get(Delivery, delivery_id)
        return mail is not None and stop_for_lost_mailbox(
            session, mail.id, asked_before=mail.state_at, now=now
        )


def _suspend_refused(delivery_id: uuid.UUID, status: str, *, now: datetime) -> bool:
    with transaction() as session:
        delivery = session.get(Delivery, delivery_id)
        if delivery is None:
            return False
        contact_id = _suspend(session, delivery, delivery.state_at, status, now=now)
    if contact_id is not None:
        _hold_waiting(contact_id, now=now)
    return contact_id is not None


def _hold_waiting(contact_id: uuid.UUID, *, now: datetime) -> int:
    held = 0
    while True:
        with transaction() as session:
            contact = session.get(Contact, contact_id)
            if contact is None or contact.status == "active":  # an organizer was faster
                return held
            query = select(Delivery).where(
                Delivery.recipient_id == contact.recipient_id,
                Delivery.contact_id == contact_id,
                Delivery.state.in_(sorted(DUE)),
            )
            batch = session.scalars(query.order_by(Delivery.id).limit(BATCH).with_for_update()).all()
            for delivery in batch:
                outbox.hold(session, delivery, now=now, cause=ADDRESS_GONE, actor="redress")
        held += len(batch)
        if len(batch) < BATCH:
            return held


def _answered(subject: uuid.UUID, reading: Reading, raw: bytes, *, now: datetime) -> Dealt:
    db.session.rollback()
    delivery = _find(db.session, subject=subject, reading=reading)
    if delivery is None:
        return _unknown()
    if delivery.kind != "letter":
        return Dealt(_("Somebody answered one of our own mails; nothing was changed."))
    answer = answers.prepare(db.session, delivery, raw, now=now)
    if answer is None:
        return Dealt(_("An answer to somebody whose data are deleted; nothing was changed."))
    with transaction() as session:
        goes_on = answers.hand_on(session, answer, now=now)
    if goes_on:
        return Dealt(_("An answer goes on to the supporter."), changed=True)
    return Dealt(_("An answer that went on already, or too many in a day; nothing was changed."))
