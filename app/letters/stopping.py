"""What a stop is of, by name: campaigns and offices are known here, deliveries below are not told of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask_babel import gettext as _
from sqlalchemy import select

from app.campaigns.models import Campaign
from app.campaigns.texts import text
from app.database import db
from app.delivery import stops
from app.delivery.stops import NOWHERE, Scope, Stop
from app.errors import NotFound, Refused
from app.recipients.models import Recipient


@dataclass(frozen=True)
class Subject:
    """What can be stopped, and what it is called."""

    scope: Scope
    id: uuid.UUID
    name: str

    @property
    def key(self) -> str:
        """How a form names it."""
        return self.scope if self.id == NOWHERE else f"{self.scope}:{self.id}"


@dataclass(frozen=True)
class StopLine:
    """A stop that is on, as a page shows it."""

    id: uuid.UUID
    subject: Subject
    reason: str
    since: datetime
    by: str
    notices: bool


def whole_site() -> Subject:
    """Return the subject of a stop of everything."""
    return Subject("site", NOWHERE, _("the whole site"))


def campaigns(language: str) -> list[Subject]:
    """Return the campaigns, each of which can be stopped."""
    rows = db.session.scalars(select(Campaign).order_by(Campaign.slug))
    return [Subject("campaign", row.id, text(row.title, language)) for row in rows]


def subject_of(key: str, language: str) -> Subject:
    """Return what a form named.

    Raises:
        NotFound: there is no such thing.
    """
    scope, _colon, typed = key.partition(":")
    if key == "site":
        return whole_site()
    try:
        subject_id = uuid.UUID(typed)
    except ValueError:
        raise _nothing() from None
    if scope == "campaign" and (campaign := db.session.get(Campaign, subject_id)):
        return Subject("campaign", subject_id, text(campaign.title, language))
    if scope == "office" and (recipient := db.session.get(Recipient, subject_id)):
        return Subject("office", subject_id, f"{recipient.institution}: {recipient.title}")
    raise _nothing()


def named(slug: str) -> Subject:
    """Return the campaign or the office that a slug names; the whole site for none.

    Raises:
        NotFound: there is neither.
        Refused: there are both.
    """
    if not slug:
        return whole_site()
    wanted, _colon, rest = slug.partition(":")
    only = wanted if rest else ""
    campaign = db.session.scalar(select(Campaign).where(Campaign.slug == (rest or slug)))
    office = db.session.scalar(select(Recipient).where(Recipient.slug == (rest or slug)))
    candidates: tuple[tuple[Scope, Campaign | Recipient | None], ...]
    candidates = (("campaign", campaign), ("office", office))
    found = [
        Subject(scope, row.id, rest or slug)
        for scope, row in candidates
        if row is not None and only in {"", scope}
    ]
    if not found:
        raise _nothing()
    if len(found) > 1:
        raise Refused(
            _(
                "There is a campaign and an office of that name: write campaign:%(slug)s or office:%(slug)s.",
                slug=slug,
            )
        )
    return found[0]


def _nothing() -> NotFound:
    return NotFound(_("There is no such campaign or office."))


def stop(subject: Subject, *, reason: str, notices: bool, actor: str, now: datetime) -> bool:
    """Let nothing more leave (see `delivery.stops.stop`). Mails in our own name go with the site only.

    Raises:
        Refused: no reason is given.
    """
    if not reason.strip():
        raise Refused(_("Say why in a few words: whoever comes next reads it."), "reason")
    return stops.stop(
        subject.scope,
        subject.id,
        reason=reason,
        actor=actor,
        now=now,
        notices=notices and subject.scope == "site",
        name="" if subject.scope == "site" else subject.name,
    )


def resume(subject: Subject, *, actor: str, now: datetime) -> bool:
    """Lift a stop; return whether there was one."""
    name = "" if subject.scope == "site" else subject.name
    return stops.resume(subject.scope, subject.id, actor=actor, now=now, name=name)


def stops_on(language: str) -> list[StopLine]:
    """Return the stops that are on, the oldest first."""
    return [_line(row, language) for row in stops.all_stops()]


def stop_line(stop_id: uuid.UUID, language: str) -> StopLine:
    """Return a stop that is on.

    Raises:
        NotFound: it is not, or not any more.
    """
    row = db.session.get(Stop, stop_id)
    if row is None:
        raise NotFound(_("This stop is not on, or not any more."))
    return _line(row, language)


def _line(row: Stop, language: str) -> StopLine:
    key = row.scope if row.subject_id == NOWHERE else f"{row.scope}:{row.subject_id}"
    try:
        subject = subject_of(key, language)
    except NotFound:
        # Deliveries know bare identifiers: a stop outlives what it was of.
        subject = Subject(cast(Scope, row.scope), row.subject_id, _("something that is gone"))
    return StopLine(row.id, subject, row.reason, row.since, row.by, row.notices)
