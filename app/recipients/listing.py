"""Offices as the desk lists and shows them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload

from app.database import db
from app.errors import NotFound
from app.recipients.concerns import ABOUT, Concern, concerns_of, has_concerns
from app.recipients.models import Contact, Holder, Recipient
from app.recipients.resolution import email_contact
from app.recipients.search import matching
from app.recipients.terms import holder_on

PAGE = 25
MOST_LISTED = 1_000
"""Offices that can be paged through: nobody reads forty pages, and counting all of many takes its time."""


@dataclass(frozen=True)
class OfficeLine:
    """An office in a list, as of a day."""

    recipient: Recipient
    holder: Holder | None
    contact: Contact | None
    concerns: list[Concern]


@dataclass(frozen=True)
class OfficePage:
    """One page of a list.

    Attributes:
        lines: its offices.
        number: which page it is, from 1.
        pages: how many there are.
        total: how many offices they hold.
        more: whether there are more than a list holds: then a search has to narrow it down.
    """

    lines: list[OfficeLine]
    number: int
    pages: int
    total: int
    more: bool = False


def offices(
    *,
    day: date,
    query: str = "",
    status: str = "",
    level: str = "",
    check: str = "",
    number: int = 1,
    size: int = PAGE,
) -> OfficePage:
    """Return a page of offices, by institution and title.

    Args:
        day: as of when holders and concerns are told.
        query: words that all occur in a name, variant or holder of the office; accents and case aside.
        status: `open`, `closed`, or both if empty.
        level: one of `LEVELS`, or all if empty.
        check: only those with something to look at: about one of `ABOUT`, or about anything (any other word).
        number: which page; one that does not exist becomes the nearest one that does.
        size: lines of a page.
    """
    conditions = matching(query)
    if status:
        conditions.append(Recipient.status == status)
    if level:
        conditions.append(Recipient.level == level)
    if check:
        conditions.append(has_concerns(day, check if check in ABOUT else ""))
    counted = sa.select(Recipient.id).where(*conditions).limit(MOST_LISTED + 1).subquery()
    total = db.session.scalar(sa.select(sa.func.count()).select_from(counted)) or 0
    more, total = total > MOST_LISTED, min(total, MOST_LISTED)
    pages = max(1, -(-total // size))
    number = min(max(1, number), pages)
    # What is searched begins with institution and title, without accents: it sorts as people expect.
    rows = db.session.scalars(
        sa.select(Recipient)
        .where(*conditions)
        .order_by(Recipient.sort_key, Recipient.id)
        .limit(size)
        .offset((number - 1) * size)
        .options(selectinload(Recipient.holders), selectinload(Recipient.contacts))
    )
    return OfficePage([line_of(row, day) for row in rows], number, pages, total, more)


def to_check(day: date) -> dict[str, int]:
    """Return in how many offices there is something to look at, by what it is about; none are left out."""
    counts = [sa.func.count().filter(has_concerns(day, about)).label(about) for about in ABOUT]
    row = db.session.execute(sa.select(*counts).select_from(Recipient)).one()
    return {about: count for about, count in row._mapping.items() if count}


def office(recipient_id: uuid.UUID) -> Recipient:
    """Return an office with its holders, contacts and successor.

    Raises:
        NotFound: there is none.
    """
    recipient = db.session.get(
        Recipient,
        recipient_id,
        options=[
            selectinload(Recipient.holders),
            selectinload(Recipient.contacts),
            selectinload(Recipient.successor),
        ],
    )
    if recipient is None:
        raise NotFound(_("There is no such office."))
    return recipient


def holder(recipient_id: uuid.UUID, holder_id: uuid.UUID) -> Holder:
    """Return a term of office.

    Raises:
        NotFound: the office has no such term.
    """
    row = db.session.get(Holder, holder_id)
    if row is None or row.recipient_id != recipient_id:
        raise NotFound(_("There is no such holder of this office."))
    return row


def contact(recipient_id: uuid.UUID, contact_id: uuid.UUID) -> Contact:
    """Return a contact.

    Raises:
        NotFound: the office has no such contact.
    """
    row = db.session.get(Contact, contact_id)
    if row is None or row.recipient_id != recipient_id:
        raise NotFound(_("There is no such contact of this office."))
    return row


def line_of(recipient: Recipient, day: date) -> OfficeLine:
    """Return an office as of a day."""
    return OfficeLine(
        recipient=recipient,
        holder=holder_on(recipient.holders, day),
        contact=email_contact(recipient),
        concerns=concerns_of(recipient, day),
    )


def open_offices(*, but: uuid.UUID | None = None) -> list[Recipient]:
    """Return offices that can be written to, by institution and title, all but one."""
    query = sa.select(Recipient).where(Recipient.status == "open").order_by(Recipient.sort_key)
    if but is not None:
        query = query.where(Recipient.id != but)
    return list(db.session.scalars(query))


def named(ids: Collection[uuid.UUID]) -> list[Recipient]:
    """Return these offices, by institution and title."""
    query = sa.select(Recipient).where(Recipient.id.in_(ids)).order_by(Recipient.sort_key)
    return list(db.session.scalars(query))
