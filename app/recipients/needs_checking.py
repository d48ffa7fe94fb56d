"""What somebody should look at before letters go out, office by office: `redress recipients check`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, selectinload

from app.recipients.models import Contact, Holder, Recipient
from app.recipients.terms import holder_on

ENDS_SOON = timedelta(days=30)
CONTACT_AGE = timedelta(days=90)
_AT_ONCE = 500


@dataclass(frozen=True)
class Finding:
    """One thing to check: of which office, what sort of thing, and a sentence."""

    recipient: Recipient
    kind: str
    sentence: str


def needs_checking(session: Session, *, now: datetime) -> Iterator[Finding]:
    """Yield everything that needs checking in open offices, by external id.

    Args:
        session: any; what was looked at is let go of, so that a hundred thousand offices fit.
        now: the present instant.
    """
    last = ""
    while True:
        query = (
            sa.select(Recipient)
            .where(Recipient.status == "open", Recipient.external_id > last)
            .options(selectinload(Recipient.holders), selectinload(Recipient.contacts))
            .order_by(Recipient.external_id)
            .limit(_AT_ONCE)
        )
        offices = session.scalars(query).all()
        if not offices:
            return
        for office in offices:
            yield from _of_office(office, now)
        last = offices[-1].external_id
        session.expunge_all()


def _of_office(office: Recipient, now: datetime) -> Iterator[Finding]:
    if sentence := _about_term(office.holders, now.date()):
        yield Finding(office, "term", sentence)
    live = [contact for contact in office.contacts if contact.status != "withdrawn"]
    # An office that takes cases only is not written to by us.
    if not live and office.accepts != "cases":
        yield Finding(office, "no_contact", _("no contact"))
    for contact in sorted(live, key=lambda contact: (contact.channel, contact.external_id or "")):
        if sentence := _about_contact(contact, now):
            yield Finding(office, "contact", f"{_channel(contact)}: {sentence}")


def _about_term(holders: list[Holder], day: date) -> str:
    holder = holder_on(holders, day)
    if holder is not None:
        if holder.ends_on is None or holder.ends_on > day + ENDS_SOON:
            return ""
        return _("the term of %(name)s ends on %(day)s", name=holder.name, day=str(holder.ends_on))
    if any(term.vacant and term.holds_on(day) for term in holders):
        return ""
    ended = [term.ends_on for term in holders if term.ends_on and term.ends_on < day]
    if ended:
        return _("the last known term ended on %(day)s", day=str(max(ended)))
    return _("nobody is known who holds it")


def _about_contact(contact: Contact, now: datetime) -> str:
    if contact.status == "suspended":
        return _("suspended")
    if contact.verified_at is None:
        return _("never verified")
    if contact.verified_at < now - CONTACT_AGE:
        return _("last verified on %(day)s", day=str(contact.verified_at.date()))
    return ""


def _channel(contact: Contact) -> str:
    return {"email": _("e-mail"), "post": _("post"), "web_form": _("web form")}[contact.channel]
