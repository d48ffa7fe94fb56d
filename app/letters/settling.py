"""What organizers do with mails that nobody can say were taken: all of one kind at once.

Nothing here is guessed. An organizer has looked the mails up where the program cannot, and says that
they arrived, that they are to be sent again although they may have, or that they are given up.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.delivery import causes
from app.delivery.models import Delivery
from app.errors import NotFound, Refused
from app.letters.digests import left_as
from app.letters.models import Letter
from app.letters.readdressing import AT_ONCE, BATCH, Outcome
from app.letters.unclear import Settlement, settle_in
from app.recipients.models import Recipient
from app.security import audit

SHOWN: Final = 25
"""Mails of a kind that are listed one by one; the others stand in the list of letters."""

ACTIONS: Final[dict[Settlement, str]] = {
    "arrived": "delivery.all_marked_accepted",
    "again": "delivery.all_sent_again",
    "give-up": "delivery.all_given_up",
}


@dataclass(frozen=True)
class UnclearMail:
    """One mail of a kind: what it is found by in a log, and the letter that it belongs to, if any."""

    delivery_id: uuid.UUID
    letter_id: uuid.UUID | None
    reference: str
    message_id: str
    broke_off_at: datetime


@dataclass(frozen=True)
class UnclearGroup:
    """Unclear mails of one kind.

    Attributes:
        recipient: the office that they are to; None for the mails in our own name.
        count: how many.
        since: when the first of them broke off.
        until: when the last of them did: what a decision that is made now is about.
        mails: the first of them.
        restored: how many did not break off, but waited in a backup from which the database was restored.
    """

    recipient: Recipient | None
    count: int
    since: datetime
    until: datetime
    mails: tuple[UnclearMail, ...]
    restored: int = 0

    @property
    def key(self) -> str:
        """What it is called in an address: the office's id, or `own`."""
        return str(self.recipient.id) if self.recipient else OWN


OWN: Final = "own"


def unclear_groups() -> list[UnclearGroup]:
    """Return what is unclear, by office, the largest group first; our own mails last."""
    # Grouped by office: mails in our own name have none.
    query = (
        sa.select(Delivery.recipient_id, sa.func.count())
        .where(Delivery.state == "unclear")
        .group_by(Delivery.recipient_id)
    )
    counts = [(recipient_id, count) for recipient_id, count in db.session.execute(query)]
    counts.sort(key=lambda pair: (pair[0] is None, -pair[1], str(pair[0])))
    return [_group(recipient_id) for recipient_id, _count in counts]


def unclear_group(key: str) -> UnclearGroup:
    """Return one group.

    Raises:
        NotFound: there is no such office, or nothing to it is unclear any more.
    """
    return _group(_recipient_of(key))


def _recipient_of(key: str) -> uuid.UUID | None:
    try:
        return None if key == OWN else uuid.UUID(key)
    except ValueError:
        raise NotFound(_("There is nothing here any more, or there never was.")) from None


def _group(recipient_id: uuid.UUID | None) -> UnclearGroup:
    counted = sa.select(
        sa.func.count(),
        sa.func.min(Delivery.state_at),
        sa.func.max(Delivery.state_at),
        sa.func.count().filter(Delivery.reason == causes.RESTORED),
    )
    count, since, until, restored = db.session.execute(counted.where(*_is_unclear(recipient_id))).one()
    if not count:
        raise NotFound(_("None of these mails is unclear any more."))
    mail = (Delivery.message_id, Delivery.digest_id, Delivery.state_at)
    columns = (Delivery.id, Delivery.letter_id, Letter.reference, *mail)
    mails = (
        sa.select(*columns)
        .outerjoin(Letter, Delivery.letter_id == Letter.id)
        .where(*_is_unclear(recipient_id))
        .order_by(Delivery.state_at, Delivery.id)
        .limit(SHOWN)
    )
    return UnclearGroup(
        recipient=db.session.get(Recipient, recipient_id) if recipient_id else None,
        count=count,
        since=since,
        until=until,
        restored=restored,
        mails=tuple(
            UnclearMail(delivery_id, letter_id, reference or "", left_as(message_id, digest_id), at)
            for delivery_id, letter_id, reference, message_id, digest_id, at in db.session.execute(mails)
        ),
    )


def _is_unclear(recipient_id: uuid.UUID | None) -> tuple[sa.ColumnElement[bool], ...]:
    return (Delivery.state == "unclear", Delivery.recipient_id == recipient_id)


def settle_all(key: str, how: Settlement, *, until: datetime, actor: str, now: datetime) -> Outcome:
    """Settle the unclear mails of a group.

    Args:
        key: of the group.
        how: what they are settled as.
        until: what broke off after that was not on the organizer's page, and stays as it is.
        actor: who decides.
        now: the instant.

    Returns:
        What became of it; at most `AT_ONCE` mails are decided about.

    Raises:
        NotFound: there is no such group.
    """
    recipient_id = _recipient_of(key)
    meant = (*_is_unclear(recipient_id), Delivery.state_at <= until)
    seen = done = 0
    after: uuid.UUID | None = None
    while seen < AT_ONCE:
        with transaction() as session:
            mails = _next(session, meant, after)
            if not mails:
                break
            after, settled = mails[-1].id, sum(_settle(session, mail, how, actor, now) for mail in mails)
            seen, done = seen + len(mails), done + settled
            _note(session, recipient_id, how, settled, actor=actor, now=now)
    left = sa.select(sa.func.count()).select_from(Delivery).where(*meant)
    return Outcome(done=done, failed=seen - done, left=db.session.scalar(left) or 0)


def _next(
    session: Session, meant: tuple[sa.ColumnElement[bool], ...], after: uuid.UUID | None
) -> Sequence[Delivery]:
    query = sa.select(Delivery).where(*meant).order_by(Delivery.id).limit(BATCH)
    if after is not None:
        query = query.where(Delivery.id > after)
    return session.scalars(query.with_for_update()).all()


def _settle(session: Session, mail: Delivery, how: Settlement, actor: str, now: datetime) -> bool:
    try:
        settle_in(session, mail, how, actor=actor, now=now)
    except Refused:
        return False  # nothing of it is kept that could be sent; the others go on
    return True


def _note(
    session: Session,
    recipient_id: uuid.UUID | None,
    how: Settlement,
    count: int,
    *,
    actor: str,
    now: datetime,
) -> None:
    office = session.get(Recipient, recipient_id) if recipient_id else None
    audit.record(
        session,
        ACTIONS[how],
        actor=actor,
        now=now,
        kind="recipient" if office else "",
        object_id=recipient_id,
        detail={"copies": str(count), **({"office": office.short_name} if office else {})},
    )
