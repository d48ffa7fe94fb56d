"""What organizers do with letters that were held because an office changed: all of one kind at once.

A held letter is addressed anew to whoever holds the office today, sent to the office's successor, or
cancelled. Its writer's words and the campaign's stay as they were confirmed; address, salutation and
closing are those of today. What waited for a contact is released as soon as there is one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, defer

from app.campaigns.groups import first_rule
from app.campaigns.models import THANKS, Campaign, TemplateVersion
from app.campaigns.reading import AudienceOffice, office_card
from app.campaigns.representing import member_for
from app.database import db, transaction
from app.delivery import outbox
from app.delivery.models import Delivery
from app.errors import NotFound, RedressError, Refused
from app.letters.deciding import ANEW, CANCELLED, TWICE, release_in
from app.letters.dispatch import (
    ADDRESS_GONE,
    NO_CONTACT,
    STUCK,
    WORDS,
    may_not_be_stated,
    states_what_is_withdrawn,
    takes_letters,
)
from app.letters.freezing import envelope_of, print_anew, snapshot_for, word_copy
from app.letters.models import Letter
from app.letters.one_by_one import one_by_one
from app.letters.stating import STOPS
from app.recipients.models import Holder, Recipient
from app.recipients.resolution import Addressee, resolve
from app.security import audit

AT_ONCE: Final = 500
"""How many copies one press of a button decides about: a page must answer before its reader gives up."""
BATCH: Final = 25
"""Copies in one transaction: confirmations and workers get their turn in between."""
FOR_A_CONTACT: Final = (NO_CONTACT, ADDRESS_GONE)
"""Reasons for which a copy waits for a contact, and for nothing else."""


@dataclass(frozen=True)
class HeldGroup:
    """Copies to one office that are held for one reason.

    Attributes:
        recipient: the office.
        reason: why, as the journal says it.
        count: how many.
        since: when the first of them was held.
        before: who is named in them, as far as that is known.
        today: the office as of today.
        successor: the open office that follows a closed one, as of today.
        stating: how many of them state what was withdrawn since: addressed anew they would say something
            else than their writers confirmed.
    """

    recipient: Recipient
    reason: str
    count: int
    since: datetime
    before: tuple[str, ...]
    today: Addressee
    successor: Addressee | None
    stating: int

    @property
    def can_readdress(self) -> bool:
        """Whether the office can be written to today, and nobody has to read each letter first."""
        return self._can_be_worded and takes_letters(self.today) and _has_address(self.today)

    @property
    def can_follow(self) -> bool:
        """Whether there is a successor that can be written to today."""
        return self._can_be_worded and self.successor is not None and _has_address(self.successor)

    @property
    def _can_be_worded(self) -> bool:
        return self.reason != WORDS and self.stating < self.count


@dataclass(frozen=True)
class Outcome:
    """What became of a decision: copies decided about, copies that could not be, copies still held."""

    done: int
    failed: int
    left: int


def held_groups(*, day: date) -> list[HeldGroup]:
    """Return what is held, the largest group first."""
    return _groups(day=day)


def _groups(*only: sa.ColumnElement[bool], day: date) -> list[HeldGroup]:
    place = (Delivery.recipient_id, Delivery.reason)
    query = (
        sa.select(*place, sa.func.count(), sa.func.min(Delivery.state_at))
        .where(Delivery.kind == "letter", Delivery.state == "held", *only)
        # What they state, not where they go, is what those are held for: `retracted`.
        .where(*(sa.not_(Delivery.reason.startswith(begins)) for begins in STOPS))
        .group_by(*place)
        .order_by(sa.func.count().desc(), *place)
    )
    return [
        _group(recipient_id, reason, count, since, day=day)
        for recipient_id, reason, count, since in db.session.execute(query)
        if recipient_id is not None
    ]


def held_group(recipient_id: uuid.UUID, reason: str, *, day: date) -> HeldGroup:
    """Return one group.

    Raises:
        NotFound: nothing is held at this office for this reason any more.
    """
    found = _groups(Delivery.recipient_id == recipient_id, Delivery.reason == reason, day=day)
    if not found:
        raise NotFound(_("None of these letters is held any more."))
    return found[0]


def _group(recipient_id: uuid.UUID, reason: str, count: int, since: datetime, *, day: date) -> HeldGroup:
    addressee = resolve(db.session, [recipient_id], day=day)[recipient_id]
    named = (
        sa.select(Holder.name)
        .join(Delivery, Delivery.holder_id == Holder.id)
        .where(Delivery.recipient_id == recipient_id, Delivery.reason == reason, Delivery.state == "held")
        .distinct()
        .order_by(Holder.name)
    )
    return HeldGroup(
        recipient=addressee.recipient,
        reason=reason,
        count=count,
        since=since,
        before=tuple(db.session.scalars(named)),
        today=addressee,
        successor=successor_of(db.session, addressee.recipient, day=day),
        stating=_stating(recipient_id, reason),
    )


def _stating(recipient_id: uuid.UUID, reason: str) -> int:
    """Return how many copies of a group state what was withdrawn since they were worded."""
    held = _is_held(recipient_id, reason)
    wordings = db.session.scalars(sa.select(Delivery.template_version_id).where(*held).distinct())
    concerned = [one for one in wordings if one is not None and may_not_be_stated(recipient_id, one)]
    if not concerned:
        return 0
    copies = sa.select(Delivery).where(*held, Delivery.template_version_id.in_(concerned))
    plain = copies.options(defer(Delivery.wire_sealed), defer(Delivery.text_sealed))
    return sum(states_what_is_withdrawn(db.session, copy) for copy in db.session.scalars(plain))


def successor_of(session: Session, recipient: Recipient, *, day: date) -> Addressee | None:
    """Return the first open office in the line of those that followed a closed one, or None."""
    seen = {recipient.id}
    while recipient.successor_id is not None and recipient.successor_id not in seen:
        seen.add(recipient.successor_id)
        addressee = resolve(session, [recipient.successor_id], day=day)[recipient.successor_id]
        if takes_letters(addressee):
            return addressee
        recipient = addressee.recipient
    return None


def readdress(recipient_id: uuid.UUID, reason: str, *, actor: str, now: datetime) -> Outcome:
    """Address the held copies of a group to whoever holds the office today, and queue them.

    Args:
        recipient_id: the office.
        reason: why they are held.
        actor: who decides.
        now: the instant; the Date of the mails.

    Returns:
        What became of it; at most `AT_ONCE` copies are decided about.

    Raises:
        Refused: the office is closed, or has no verified contact, or each letter must be read first.
    """
    _refuse_unread(reason)

    def anew(session: Session, copies: Sequence[Delivery]) -> int:
        addressee = resolve(session, [recipient_id], day=now.date())[recipient_id]
        _require(addressee)
        act = partial(_address_anew, session, addressee=addressee, actor=actor, now=now)
        return one_by_one(session, copies, act)

    return _decide(recipient_id, reason, anew, "delivery.all_readdressed", actor=actor, now=now)


def send_to_successor(recipient_id: uuid.UUID, reason: str, *, actor: str, now: datetime) -> Outcome:
    """Address the held copies of a group to the office that follows theirs (arguments as of `readdress`).

    A letter of which the successor gets a copy already is not sent there twice: that copy is cancelled.

    Raises:
        Refused: there is no successor that can be written to, or each letter must be read first.
    """
    _refuse_unread(reason)

    def follow(session: Session, copies: Sequence[Delivery]) -> int:
        successor = successor_of(session, session.get_one(Recipient, recipient_id), day=now.date())
        if successor is None:
            raise Refused(_("No open office follows this one. Say which one does, or cancel the letters."))
        _require(successor)
        act = partial(_to_successor, session, successor=successor, actor=actor, now=now)
        return one_by_one(session, copies, act)

    return _decide(recipient_id, reason, follow, "delivery.all_sent_to_successor", actor=actor, now=now)


def cancel_held(recipient_id: uuid.UUID, reason: str, *, actor: str, now: datetime) -> Outcome:
    """Cancel the held copies of a group (arguments as of `readdress`)."""

    def cancel(session: Session, copies: Sequence[Delivery]) -> int:
        return sum(outbox.cancel(session, copy, now=now, cause=CANCELLED, actor=actor) for copy in copies)

    return _decide(recipient_id, reason, cancel, "delivery.all_cancelled", actor=actor, now=now)


def release_waiting(*, now: datetime, actor: str = audit.SYSTEM) -> int:
    """Queue what was held because its office had no contact that works, and that has one now.

    Returns:
        How many copies were queued.
    """
    return sum(_release_waiting(reason, now=now, actor=actor) for reason in FOR_A_CONTACT)


def _release_waiting(reason: str, *, now: datetime, actor: str) -> int:
    waiting = sa.select(Delivery.recipient_id).where(
        Delivery.kind == "letter", Delivery.state == "held", Delivery.reason == reason
    )
    recipients = [found for found in db.session.scalars(waiting.distinct()) if found is not None]
    reachable = [
        recipient_id
        for recipient_id, addressee in resolve(db.session, recipients, day=now.date()).items()
        if takes_letters(addressee) and addressee.is_reachable
    ]
    act = _release(actor, now)
    return sum(
        _decide(recipient_id, reason, act, "delivery.all_released", actor=actor, now=now).done
        for recipient_id in reachable
    )


def _release(actor: str, now: datetime) -> Callable[[Session, Sequence[Delivery]], int]:
    def one(session: Session, copy: Delivery) -> bool:
        release_in(session, copy, actor=actor, now=now)
        return True

    def release(session: Session, copies: Sequence[Delivery]) -> int:
        # One whose text is not kept any more stays, and must not keep the others back.
        return one_by_one(session, copies, partial(one, session), broken=_put_aside)

    return release


def _put_aside(copy: Delivery) -> None:
    """Let organizers see a held copy for what it is; it is not tried again every minute."""
    copy.reason = STUCK


def _has_address(addressee: Addressee) -> bool:
    return addressee.contact is not None or addressee.post is not None


def _refuse_unread(reason: str) -> None:
    if reason == WORDS:
        raise Refused(_("Read each of these letters, and release it or cancel it by itself."))


def _require(addressee: Addressee) -> None:
    if not takes_letters(addressee):
        raise Refused(_("The office takes no letters any more. Send them to its successor, or cancel them."))
    if not _has_address(addressee):
        raise Refused(_("The office has no verified address yet. Verify one first."))


def _decide(
    recipient_id: uuid.UUID,
    reason: str,
    act: Callable[[Session, Sequence[Delivery]], int],
    action: str,
    *,
    actor: str,
    now: datetime,
) -> Outcome:
    seen = done = failed = 0
    after: uuid.UUID | None = None
    while seen < AT_ONCE:
        with transaction() as session:
            copies = _held(session, recipient_id, reason, after=after)
            if not copies:
                break
            after = copies[-1].id
            decided = act(session, copies)
            seen, done, failed = seen + len(copies), done + decided, failed + len(copies) - decided
            # Workers try each minute what may go by now: what changed nothing is no line in the audit log.
            if decided:
                _note(session, action, recipient_id, reason, decided, actor=actor, now=now)
    left = sa.select(sa.func.count()).select_from(Delivery).where(*_is_held(recipient_id, reason))
    return Outcome(done=done, failed=failed, left=db.session.scalar(left) or 0)


def _note(
    session: Session,
    action: str,
    recipient_id: uuid.UUID,
    reason: str,
    count: int,
    *,
    actor: str,
    now: datetime,
) -> None:
    office = session.get_one(Recipient, recipient_id).short_name
    detail = {"office": office, "copies": str(count), "held for": reason}
    audit.record(
        session, action, actor=actor, now=now, kind="recipient", object_id=recipient_id, detail=detail
    )


def _is_held(recipient_id: uuid.UUID, reason: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Delivery.kind == "letter",
        Delivery.recipient_id == recipient_id,
        Delivery.state == "held",
        Delivery.reason == reason,
    )


def _held(
    session: Session, recipient_id: uuid.UUID, reason: str, *, after: uuid.UUID | None
) -> Sequence[Delivery]:
    query = sa.select(Delivery).where(*_is_held(recipient_id, reason)).order_by(Delivery.id).limit(BATCH)
    if after is not None:
        query = query.where(Delivery.id > after)
    return session.scalars(query.with_for_update()).all()


def _to_successor(
    session: Session, delivery: Delivery, successor: Addressee, *, actor: str, now: datetime
) -> bool:
    twin = sa.select(Delivery.id).where(
        Delivery.letter_id == delivery.letter_id, Delivery.recipient_id == successor.recipient.id
    )
    if session.scalar(twin) is not None:
        return outbox.cancel(session, delivery, now=now, cause=TWICE, actor=actor)
    return _address_anew(session, delivery, successor, actor=actor, now=now)


def _address_anew(
    session: Session, delivery: Delivery, addressee: Addressee, *, actor: str, now: datetime
) -> bool:
    letter = session.get_one(Letter, delivery.letter_id)
    if not _has_address(addressee) or not letter.supporter.name or not delivery.text:
        return False  # its writer's data are deleted already: it can only be cancelled
    if states_what_is_withdrawn(session, delivery):
        return False  # worded anew it would say something else than its writer confirmed
    office = _office(session, letter, delivery, addressee, day=now.date())
    if office is None or (office.deed is None and _thanks(session, delivery)):
        return False  # there is nothing to thank for: whoever holds the office now has not done it
    snapshot = snapshot_for(session, letter, now=now)
    try:
        worded = word_copy(session, snapshot, letter, delivery, office)
    except RedressError:
        return False
    before = _name(session, delivery)
    delivery.recipient_id = addressee.recipient.id
    delivery.holder_id = addressee.holder.id if addressee.holder else None
    cause = f"{ANEW}{before} → {_name(session, delivery)}"[:300]
    if addressee.contact is None:
        print_anew(session, letter, delivery, addressee, worded, now=now, cause=cause, actor=actor)
        return True
    delivery.channel, delivery.contact_id = "email", addressee.contact.id
    envelope = envelope_of(
        campaign=snapshot.campaign,
        letter=letter,
        delivery=delivery,
        worded=worded,
        contact=addressee.contact,
        now=now,
        edition=uuid.uuid4(),
    )
    outbox.address_anew(session, delivery, envelope=envelope, now=now, cause=cause, actor=actor)
    return True


def _office(
    session: Session, letter: Letter, delivery: Delivery, addressee: Addressee, *, day: date
) -> AudienceOffice | None:
    """Return the office as the campaign addresses it, with what was asked of the one that it follows."""
    campaign = session.get_one(Campaign, letter.campaign_id)
    rule = first_rule(campaign.audience, session.get_one(Recipient, delivery.recipient_id))
    if rule is None:
        if not campaign.representatives:
            return None
        rule = member_for(campaign, addressee.recipient)
    return office_card(campaign, rule, addressee, letter.language, day=day, for_constituents=True)


def _thanks(session: Session, delivery: Delivery) -> bool:
    return session.get_one(TemplateVersion, delivery.template_version_id).template.kind == THANKS


def _name(session: Session, delivery: Delivery) -> str:
    holder = session.get(Holder, delivery.holder_id) if delivery.holder_id else None
    recipient = session.get_one(Recipient, delivery.recipient_id)
    return f"{holder.name}, {recipient.short_name}" if holder and holder.name else recipient.short_name
