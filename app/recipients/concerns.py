"""What an organizer should look at in an office, and why: as a query over all, and in words for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session, selectinload

from app.i18n import page_language
from app.i18n.dates import long_date
from app.recipients.models import Contact, Holder, Recipient
from app.recipients.resolution import email_contact
from app.recipients.terms import holder_on

ENDS_SOON = timedelta(days=30)
VERIFIED_FOR = timedelta(days=90)
"""How long a contact counts as verified lately."""
CHECK_EVERY = timedelta(days=180)
_AT_ONCE = 500


@dataclass(frozen=True)
class Concern:
    """One thing to look at: what sort, and a short sentence."""

    kind: str
    sentence: str


def concerns_of(recipient: Recipient, day: date) -> list[Concern]:
    """Return what should be looked at, most pressing first; nothing, for an office that is closed."""
    if not recipient.is_open:
        return []
    found = [*_about_contacts(recipient, day), *_about_holder(recipient, day)]
    if recipient.checked_on is None:
        found.append(Concern("not_checked", _("Never checked")))
    elif recipient.checked_on < day - CHECK_EVERY:
        found.append(Concern("not_checked", _("Not checked for half a year")))
    return found


def _about_contacts(recipient: Recipient, day: date) -> Iterator[Concern]:
    # Whoever takes submissions in a case only gets no letter from us, and needs no address of ours.
    if recipient.accepts == "cases":
        return
    suspended = sum(contact.status == "suspended" for contact in recipient.contacts)
    active = [contact for contact in recipient.contacts if contact.status == "active"]
    unverified = sum(contact.verified_at is None for contact in active)
    since = _verified_since(day)
    old = sum(contact.verified_at is not None and contact.verified_at < since for contact in active)
    if suspended:
        told = ngettext("A contact is suspended", "%(num)s contacts are suspended", suspended)
        yield Concern("contact_suspended", told)
    if not email_contact(recipient):
        yield Concern("no_contact", _("No verified e-mail contact"))
    elif unverified:
        told = ngettext("A contact was never verified", "%(num)s contacts were never verified", unverified)
        yield Concern("contact_unverified", told)
    proposed = sum(c.proposed is not None and c.status != "withdrawn" for c in recipient.contacts)
    if proposed:
        told = ngettext(
            "A change of address waits for approval", "%(num)s changes of address wait for approval", proposed
        )
        yield Concern("contact_proposed", told)
    if old:
        told = ngettext(
            "A contact was verified more than %(days)s days ago",
            "%(num)s contacts were verified more than %(days)s days ago",
            old,
            days=VERIFIED_FOR.days,
        )
        yield Concern("contact_old", told)


def _about_holder(recipient: Recipient, day: date) -> Iterator[Concern]:
    holder = holder_on(recipient.holders, day)
    if holder is None:
        if not any(term.vacant and term.holds_on(day) for term in recipient.holders):
            yield Concern("no_holder", _nobody(recipient, day))
    elif holder.ends_on is not None and holder.ends_on <= day + ENDS_SOON:
        days = (holder.ends_on - day).days
        soon = ngettext("Term ends in %(num)s day", "Term ends in %(num)s days", days)
        yield Concern("term_ends", soon if days else _("Term ends today"))


def _nobody(recipient: Recipient, day: date) -> str:
    ended = [term.ends_on for term in recipient.holders if term.ends_on and term.ends_on < day]
    if not ended:
        return _("Nobody known who holds it")
    return _("The last known term ended on %(day)s", day=long_date(max(ended), page_language()))


def _verified_since(day: date) -> datetime:
    """Return since when a contact must have been verified to count as verified lately."""
    return datetime.combine(day - VERIFIED_FOR, time.min, UTC)


def has_concerns(day: date, about: str = "") -> sa.ColumnElement[bool]:
    """Return the condition on `Recipient` under which `concerns_of` finds something.

    Args:
        day: today.
        about: one of `ABOUT`; anything if empty.
    """
    wanted = [ABOUT[about]] if about else ABOUT.values()
    return sa.and_(Recipient.status == "open", sa.or_(*(condition(day) for condition in wanted)))


def all_concerns(session: Session, day: date) -> Iterator[tuple[Recipient, list[Concern]]]:
    """Yield every office with something to look at, by external id, and what that is.

    Args:
        session: any; what was looked at is let go of, so that a hundred thousand offices fit.
        day: today.
    """
    last = ""
    while True:
        query = (
            sa.select(Recipient)
            .where(Recipient.external_id > last, has_concerns(day))
            .options(selectinload(Recipient.holders), selectinload(Recipient.contacts))
            .order_by(Recipient.external_id)
            .limit(_AT_ONCE)
        )
        found = session.scalars(query).all()
        yield from ((office, concerns_of(office, day)) for office in found)
        if len(found) < _AT_ONCE:
            return
        last = found[-1].external_id
        session.expunge_all()


def _terms(day: date) -> sa.ColumnElement[bool]:
    return sa.or_(~_has(Holder, _covers(day)), _ends_soon(day))


def _contacts(day: date) -> sa.ColumnElement[bool]:
    usable = sa.and_(Contact.channel == "email", Contact.status == "active", Contact.verified_at.is_not(None))
    lately = sa.and_(Contact.verified_at.is_not(None), Contact.verified_at >= _verified_since(day))
    doubtful = sa.or_(Contact.status == "suspended", sa.and_(Contact.status == "active", ~lately))
    proposed = sa.and_(Contact.status != "withdrawn", Contact.proposed_at.is_not(None))
    found = sa.or_(~_has(Contact, usable), _has(Contact, sa.or_(doubtful, proposed)))
    return sa.and_(Recipient.accepts != "cases", found)


def _not_checked(day: date) -> sa.ColumnElement[bool]:
    return sa.or_(Recipient.checked_on.is_(None), Recipient.checked_on < day - CHECK_EVERY)


ABOUT: Mapping[str, Callable[[date], sa.ColumnElement[bool]]] = {
    "terms": _terms,
    "contacts": _contacts,
    "checked": _not_checked,
}
"""What concerns are about: who holds the office, how it is reached, when somebody last looked at it."""


def _ends_soon(day: date) -> sa.ColumnElement[bool]:
    ends = sa.and_(_covers(day), ~Holder.vacant, Holder.ends_on <= day + ENDS_SOON)
    stays = sa.and_(
        _covers(day),
        ~Holder.vacant,
        ~Holder.acting,
        sa.or_(Holder.ends_on.is_(None), Holder.ends_on > day + ENDS_SOON),
    )
    return sa.and_(_has(Holder, ends), ~_has(Holder, stays))


def _has(kind: type[Holder] | type[Contact], condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    # Not EXISTS: one pass over the rows for all offices, where SQLite would look anew for each of them.
    return Recipient.id.in_(sa.select(kind.recipient_id).where(condition))


def _covers(day: date) -> sa.ColumnElement[bool]:
    return sa.and_(
        sa.or_(Holder.starts_on.is_(None), Holder.starts_on <= day),
        sa.or_(Holder.ends_on.is_(None), Holder.ends_on >= day),
    )
