"""Where a contact leads, what somebody proposes instead, and when a second person must look at it.

The rule: no letter goes to an e-mail or postal address that only one organizer has seen. Forms on an
office's site are exempt: nothing is sent there by us. What a decision is about is told by a fingerprint
of what the page showed, so that nobody says yes to one address and gets another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, joinedload

from app.database import db
from app.errors import Refused
from app.recipients.drafts import ContactDraft
from app.recipients.models import WHERE, Contact, Recipient
from app.security.options import FOUR_EYES, is_on

GUARDED = ("email", "post")
"""Channels that letters are sent by."""
PAGE = 25
_AT_THE_DESK = "organizer:%"

Place = Mapping[str, Any]
"""Where letters go, by the names of `WHERE`."""


@dataclass(frozen=True)
class Proposal:
    """A change of where a contact leads, which waits for a second person.

    Attributes:
        old: where it led when the change was proposed.
        new: where it is to lead.
        by: who proposed it, as the audit log names them.
        at: when.
        is_stale: whether the contact has come to lead elsewhere since.
    """

    old: Place
    new: Place
    by: str
    at: datetime
    is_stale: bool

    @property
    def changed(self) -> list[str]:
        """Which of `WHERE` change, by name."""
        return sorted(name for name in WHERE if self.old[name] != self.new[name])

    @property
    def seen(self) -> str:
        """The fingerprint of all that a page shows of it."""
        return _fingerprint(self.old, self.new, self.by)


@dataclass(frozen=True)
class Waiting:
    """A contact that waits for a second person; without a proposal it is a new one, to be verified."""

    contact: Contact
    proposal: Proposal | None


@dataclass(frozen=True)
class WaitingPage:
    """One page of what waits: its lines, its number from 1, how many pages and contacts there are."""

    lines: list[Waiting]
    number: int
    pages: int
    total: int


def place_of(row: Contact | ContactDraft) -> Place:
    """Return where a contact leads, or is meant to."""
    return {name: getattr(row, name) for name in sorted(WHERE)}


def seen_of(contact: Contact) -> str:
    """Return the fingerprint of where a contact leads."""
    return _fingerprint(place_of(contact))


def _fingerprint(*parts: object) -> str:
    told = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode("ascii")).hexdigest()


def proposal_of(contact: Contact) -> Proposal | None:
    """Return what somebody proposes for a contact, if anybody does."""
    if contact.proposed is None or contact.proposed_at is None:
        return None
    old, new = contact.proposed["old"], contact.proposed["new"]
    by = contact.proposed_by or ""
    return Proposal(old, new, by, contact.proposed_at, is_stale=old != place_of(contact))


def needs_approval(contact: Contact, session: Session | None = None) -> bool:
    """Whether a change of where the contact leads must be approved by a second person."""
    is_used = contact.verified_at is not None and contact.channel in GUARDED
    return is_used and is_on(FOUR_EYES, session)


def is_for_others(contact: Contact, actor: str, session: Session | None = None) -> bool:
    """Whether `actor` may not verify the contact, because they entered where it leads themselves."""
    # What a second person has verified once can be held against its source again by anybody.
    is_new = contact.verified_at is None and contact.channel in GUARDED
    return is_new and contact.entered_by == actor and is_on(FOUR_EYES, session)


def is_ones_own(proposal: Proposal, actor: str, session: Session | None = None) -> bool:
    """Whether `actor` may not approve the proposal, because it is theirs."""
    return proposal.by == actor and is_on(FOUR_EYES, session)


def store_proposal(
    session: Session, contact: Contact, draft: ContactDraft, *, by: str, now: datetime
) -> None:
    """Keep where a contact is to lead, in place of what was proposed for it before.

    Args:
        session: the write transaction.
        contact: which; where it leads stays as it is.
        draft: where it is to lead.
        by: who proposes it.
        now: when.
    """
    proposed = {"old": place_of(contact), "new": place_of(draft)}
    write_proposal(session, contact, proposed=proposed, proposed_by=by, proposed_at=now)


def write_proposal(session: Session, contact: Contact, **values: Any) -> None:
    """Write the columns of a proposal, and nothing else.

    Past the unit of work: what is only proposed is not content, and pages that are kept stay good.
    """
    session.flush()
    session.connection().execute(sa.update(Contact).where(Contact.id == contact.id).values(**values))
    session.refresh(contact)


def refuse_unseen(is_seen: bool) -> None:
    """Refuse a decision about an address that the page did not show.

    Raises:
        Refused: it is another one by now.
    """
    if not is_seen:
        raise Refused(
            _("This was changed while you were looking at it. Look again at what it says now, then decide.")
        )


def waiting_count() -> int:
    """Return how many contacts of open offices wait for a second person."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(_waiting().subquery())) or 0


def waiting(*, number: int = 1, size: int = PAGE) -> WaitingPage:
    """Return contacts of open offices that wait for a second person, by office.

    Args:
        number: which page; one that does not exist becomes the nearest one that does.
        size: lines of a page.
    """
    total = waiting_count()
    pages = max(1, -(-total // size))
    number = min(max(1, number), pages)
    rows = db.session.scalars(
        _waiting()
        .order_by(Recipient.search_text, Contact.id)
        .limit(size)
        .offset((number - 1) * size)
        .options(joinedload(Contact.recipient))
    )
    return WaitingPage([Waiting(row, proposal_of(row)) for row in rows], number, pages, total)


def _waiting() -> sa.Select[Contact]:
    kinds: list[sa.ColumnElement[bool]] = [Contact.proposed_at.is_not(None)]
    if is_on(FOUR_EYES):
        entered = Contact.entered_by.like(_AT_THE_DESK)
        kinds.append(sa.and_(Contact.verified_at.is_(None), Contact.channel.in_(GUARDED), entered))
    waits = sa.and_(Contact.status != "withdrawn", Recipient.status == "open", sa.or_(*kinds))
    return sa.select(Contact).join(Recipient, Contact.recipient_id == Recipient.id).where(waits)
