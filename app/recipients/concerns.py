"""What an organizer should look at in an office, and why: as a query over all, and in words for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext

from app.recipients.models import Contact, Holder, Recipient
from app.recipients.resolution import email_contact
from app.recipients.terms import holder_on

ENDS_SOON = timedelta(days=45)
CHECK_EVERY = timedelta(days=180)


@dataclass(frozen=True)
class Concern:
    """One thing to look at: what sort, and a short sentence."""

    kind: str
    sentence: str


def concerns_of(recipient: Recipient, day: date) -> list[Concern]:
    """Return what should be looked at, most pressing first; nothing, for an office that is closed."""
    if not recipient.is_open:
        return []
    found = [*_about_contact(recipient), *_about_holder(recipient, day)]
    if recipient.checked_on is None:
        found.append(Concern("not_checked", _("Never checked")))
    elif recipient.checked_on < day - CHECK_EVERY:
        found.append(Concern("not_checked", _("Not checked for half a year")))
    return found


def _about_contact(recipient: Recipient) -> list[Concern]:
    # Offices that take no letters from the public need no address of ours.
    if recipient.accepts != "public" or email_contact(recipient):
        return []
    return [Concern("no_contact", _("No verified e-mail contact"))]


def _about_holder(recipient: Recipient, day: date) -> list[Concern]:
    holder = holder_on(recipient.holders, day)
    if holder is None:
        is_vacant = any(term.vacant and term.holds_on(day) for term in recipient.holders)
        return [] if is_vacant else [Concern("no_holder", _("Nobody known who holds it"))]
    if holder.ends_on is None or holder.ends_on > day + ENDS_SOON:
        return []
    days = (holder.ends_on - day).days
    told = (
        ngettext("Term ends in %(num)s day", "Term ends in %(num)s days", days)
        if days
        else _("Term ends today")
    )
    return [Concern("term_ends", told)]


def has_concerns(day: date) -> sa.ColumnElement[bool]:
    """Return the condition on `Recipient` under which `concerns_of` finds something."""
    return sa.and_(
        Recipient.status == "open",
        sa.or_(
            Recipient.checked_on.is_(None),
            Recipient.checked_on < day - CHECK_EVERY,
            sa.and_(Recipient.accepts == "public", ~_usable_contact()),
            ~_term(day),
            _ends_soon(day),
        ),
    )


def _usable_contact() -> sa.ColumnElement[bool]:
    return Recipient.contacts.any(
        sa.and_(Contact.channel == "email", Contact.status == "active", Contact.verified_at.is_not(None))
    )


def _term(day: date) -> sa.ColumnElement[bool]:
    return Recipient.holders.any(_covers(day))


def _ends_soon(day: date) -> sa.ColumnElement[bool]:
    ends = sa.and_(_covers(day), ~Holder.vacant, Holder.ends_on <= day + ENDS_SOON)
    regular_stays = Recipient.holders.any(
        sa.and_(
            _covers(day),
            ~Holder.vacant,
            ~Holder.acting,
            sa.or_(Holder.ends_on.is_(None), Holder.ends_on > day + ENDS_SOON),
        )
    )
    return sa.and_(Recipient.holders.any(ends), ~regular_stays)


def _covers(day: date) -> sa.ColumnElement[bool]:
    return sa.and_(
        sa.or_(Holder.starts_on.is_(None), Holder.starts_on <= day),
        sa.or_(Holder.ends_on.is_(None), Holder.ends_on >= day),
    )
