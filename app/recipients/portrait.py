"""An office as anybody may see it: no notes of organizers, no address that nobody verified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload

from app.database import db
from app.errors import NotFound
from app.i18n import country_name
from app.recipients.models import Contact, Holder, Recipient
from app.recipients.terms import holder_on
from app.rendering import postal_address
from app.rendering.links import is_web_address

ORDER: Final = ("web_form", "post", "email")
"""Ways to reach an office, from what a reader can use at once to what only Redress uses."""


@dataclass(frozen=True)
class Source:
    """Where something stands: what to call it, where to read it (or ''), and when it was read (or '')."""

    label: str
    url: str
    seen_on: date | None


@dataclass(frozen=True)
class Term:
    """Somebody's time in the office; `name` is empty while it is vacant.

    `now` is whether it covers today, `addressed` whether letters of today go to this holder.
    """

    name: str
    starts_on: date | None
    ends_on: date | None
    acting: bool
    vacant: bool
    confidence: str
    sources: tuple[Source, ...]
    now: bool
    addressed: bool


@dataclass(frozen=True)
class Way:
    """A way to reach the office. `url` and `lines` are empty unless it is usable: verified, not suspended.

    `came_back` tells that it is suspended because mail came back from there, and not by hand.
    """

    channel: str
    usable: bool
    verified_at: datetime | None
    suspended: bool
    came_back: bool
    language: str
    url: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Portrait:
    """An office for its public page.

    Attributes:
        recipient: the row, for title, mandate and the like.
        country: name of its country, or ''.
        today: the term of whoever is addressed today, or None.
        vacant: whether it is recorded that nobody holds it today.
        terms: all that is known, newest first.
        ways: how it is reached; of a sort with nothing usable, that there is one.
        sources: where all of this stands.
    """

    recipient: Recipient
    country: str
    today: Term | None
    vacant: bool
    terms: tuple[Term, ...]
    ways: tuple[Way, ...]
    sources: tuple[Source, ...]

    @property
    def takes_letters(self) -> bool:
        """Whether anybody may write to it."""
        return self.recipient.is_open and self.recipient.accepts == "public"


def find_by_slug(slug: str) -> Recipient:
    """Return the office that stands in addresses as `slug`, with holders, contacts and successor.

    Raises:
        NotFound: there is none.
    """
    # PostgreSQL cannot even be asked for a NUL.
    recipient = None if "\x00" in slug else db.session.scalar(_BY_SLUG.where(Recipient.slug == slug))
    if recipient is None:
        raise NotFound(
            _("There is no office of this name here. The address may be mistyped: search the list.")
        )
    return recipient


_BY_SLUG = sa.select(Recipient).options(
    selectinload(Recipient.holders), selectinload(Recipient.contacts), selectinload(Recipient.successor)
)


def portrait_of(recipient: Recipient, language: str, *, day: date) -> Portrait:
    """Return an office as of a day, in words of a language. Asks nothing: the row comes with its parts."""
    addressed = holder_on(recipient.holders, day)
    terms = [_term(holder, day, addressed) for holder in sorted(recipient.holders, key=_newest, reverse=True)]
    return Portrait(
        recipient=recipient,
        country=country_name(recipient.country, language) if recipient.country else "",
        today=next((term for term in terms if term.addressed), None),
        vacant=addressed is None and any(term.vacant and term.now for term in terms),
        terms=tuple(terms),
        ways=_ways(recipient, language),
        sources=_sources(recipient.sources),
    )


def _newest(holder: Holder) -> tuple[date, date, str]:
    # A term of which only the end is known lies where it ended; one without any day, at the beginning.
    begun = holder.starts_on or holder.ends_on or date.min
    return begun, holder.ends_on or date.max, holder.name


def _term(holder: Holder, day: date, addressed: Holder | None) -> Term:
    return Term(
        name=holder.name,
        starts_on=holder.starts_on,
        ends_on=holder.ends_on,
        acting=holder.acting,
        vacant=holder.vacant,
        confidence=holder.confidence,
        sources=_sources(holder.sources),
        now=holder.holds_on(day),
        addressed=addressed is not None and holder.id == addressed.id,
    )


def _ways(recipient: Recipient, language: str) -> tuple[Way, ...]:
    known = [contact for contact in recipient.contacts if contact.status != "withdrawn"]
    ways = sorted((_way(recipient, contact, language) for contact in known), key=_best_first)
    usable = [way for way in ways if way.usable]
    # What nobody can use is told only of a sort of which there is nothing else, and once.
    told = {way.channel for way in usable}
    others = {way.channel: way for way in reversed(ways) if not way.usable and way.channel not in told}
    return (*usable, *sorted(others.values(), key=_best_first))


def _way(recipient: Recipient, contact: Contact, language: str) -> Way:
    usable = contact.is_usable
    return Way(
        channel=contact.channel,
        usable=usable,
        verified_at=contact.verified_at,
        suspended=contact.status == "suspended",
        came_back=contact.status == "suspended" and contact.bounced_at is not None,
        language=contact.language or "",
        url=contact.value
        if usable and contact.channel == "web_form" and is_web_address(contact.value)
        else "",
        lines=_postal_lines(recipient, contact, language) if usable and contact.channel == "post" else (),
    )


def _postal_lines(recipient: Recipient, contact: Contact, language: str) -> tuple[str, ...]:
    postal = contact.postal
    return postal_address.lines(
        name_lines=[recipient.title, recipient.institution],
        street=postal.get("street", "").splitlines(),
        city=postal.get("city", ""),
        region=postal.get("region", ""),
        postal_code=postal.get("postal_code", ""),
        country_code=contact.country or "",
        sender_country="",
        language=language,
    )


def _best_first(way: Way) -> tuple[bool, bool, int]:
    return way.verified_at is None, way.suspended, ORDER.index(way.channel)


def _sources(given: Iterable[Mapping[str, str]]) -> tuple[Source, ...]:
    # The same page may bear out several things: a reader wants it once.
    found = {(source.get("label", ""), source.get("url", "")): source for source in given or ()}
    return tuple(
        Source(
            label or url,
            url if is_web_address(url) else "",
            _day(source.get("checked_on") or source.get("accessed") or source.get("date") or ""),
        )
        for (label, url), source in found.items()
        if label or url
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
