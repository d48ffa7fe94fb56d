"""Letters as the organizers' desk shows them: by reference and state; names and texts apart.

Nothing that `copies`, `letter_whole` and the counts return tells who wrote or what. `personal` does,
and writes into the audit log that somebody looked.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, defer, selectinload

from app.campaigns.groups import offices_by_rule
from app.campaigns.models import Campaign
from app.campaigns.texts import text
from app.database import UtcDateTime, db, transaction
from app.delivery.models import STATES, Delivery
from app.errors import NotFound
from app.letters.cursor import Cursor
from app.letters.models import Letter
from app.recipients.listing import OfficeLine, line_of
from app.recipients.models import Recipient
from app.security import audit

PAGE = 50
PRESSING = ("held", "unclear", "bounced", "failed", "to_print")
WAITING = ("queued", "sending", "deferred", "held", "unclear", "to_print", "printed")


@dataclass(frozen=True)
class CopyLine:
    """One copy in a list: to which office, of which letter, of which campaign."""

    delivery: Delivery
    reference: str
    office: str
    campaign: str


@dataclass(frozen=True)
class CopyPage:
    """A page of copies; `after` leads to the next one, if there is one."""

    lines: list[CopyLine]
    after: Cursor | None


@dataclass(frozen=True)
class LetterWhole:
    """A letter with its copies, their attempts and journals; without name and text."""

    letter: Letter
    campaign: str
    copies: list[CopyLine]


@dataclass(frozen=True)
class PersonalPart:
    """Who wrote a letter, and what its copies say."""

    letter: Letter
    name: str
    email: str
    place: str
    texts: list[tuple[uuid.UUID, str, str, str]]
    """Id, office, subject and text of each copy."""


@dataclass(frozen=True)
class OfficeStanding:
    """An office with how its copies stand.

    Attributes:
        office: the office.
        accepted, posted, by_writers: how many its mail server took, were posted, and were put into its form.
        waiting: how many wait for something.
        came_back: how many came back or were refused.
    """

    office: OfficeLine
    accepted: int
    posted: int
    by_writers: int
    waiting: int
    came_back: int


def copies(
    *,
    language: str,
    states: Sequence[str] = (),
    recipient_id: uuid.UUID | None = None,
    campaign_id: uuid.UUID | None = None,
    reference: str = "",
    after: Cursor | None = None,
    limit: int = PAGE,
) -> CopyPage:
    """Return copies of letters, newest first.

    Args:
        language: of the campaigns' titles.
        states: only in one of these; all if empty.
        recipient_id: only to this office.
        campaign_id: only of this campaign.
        reference: only of the letter that is called so.
        after: where the page before ended.
        limit: how many at most.
    """
    query = _copies().where(Delivery.kind == "letter")
    if states:
        query = query.where(Delivery.state.in_(states))
    if recipient_id is not None:
        query = query.where(Delivery.recipient_id == recipient_id)
    if campaign_id is not None:
        # Hidden from the planner: it would fetch and sort a whole campaign to show one page of it, where
        # going through the copies from the newest on finds the page at once.
        query = query.where(sa.func.coalesce(Letter.campaign_id, Letter.campaign_id) == campaign_id)
    if reference:
        query = query.where(Letter.reference == reference)
    if after is not None:
        place = sa.tuple_(sa.literal(after.created_at, UtcDateTime()), sa.literal(after.id, sa.Uuid()))
        query = query.where(sa.tuple_(Delivery.created_at, Delivery.id) < place)
    newest = query.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(limit + 1)
    lines = [_line(row, language) for row in db.session.execute(newest)]
    shown = lines[:limit]
    last = shown[-1].delivery if len(lines) > limit else None
    return CopyPage(shown, Cursor(last.created_at, last.id) if last else None)


def letter_whole(letter_id: uuid.UUID, language: str) -> LetterWhole:
    """Return a letter with everything that happened to its copies.

    Raises:
        NotFound: there is no such letter.
    """
    letter = found_letter(db.session, letter_id)
    journal = (selectinload(Delivery.attempts), selectinload(Delivery.changes))
    query = _copies().where(Delivery.letter_id == letter_id).order_by(Delivery.position).options(*journal)
    campaign = db.session.get_one(Campaign, letter.campaign_id)
    lines = [_line(row, language) for row in db.session.execute(query)]
    return LetterWhole(letter, text(campaign.title, language), lines)


def personal(letter_id: uuid.UUID, *, actor: str, now: datetime) -> PersonalPart:
    """Return who wrote a letter and what; that `actor` looked is written into the audit log first.

    Raises:
        NotFound: there is no such letter.
    """
    with transaction() as session:
        record_look(session, found_letter(session, letter_id), actor=actor, now=now)
    letter = found_letter(db.session, letter_id)
    supporter = letter.supporter
    return PersonalPart(
        letter=letter,
        name=supporter.name,
        email=supporter.email,
        place=", ".join(filter(None, (supporter.city, supporter.region, supporter.country))),
        texts=[
            (delivery.id, office, delivery.subject, delivery.text)
            for delivery, office in db.session.execute(_texts(letter_id))
        ],
    )


def confirmed_by_day(*, today: date, days: int = 14) -> list[tuple[date, int]]:
    """Return how many letters were confirmed on each of the last days (UTC), oldest first, today last."""
    on = [today - timedelta(days=back) for back in reversed(range(days))]
    begin = [datetime.combine(day, time(), UTC) for day in [*on, today + timedelta(days=1)]]
    # One count a day over an indexed range: the same on both databases, whose date functions differ.
    counts = [
        sa.func.count().filter(Letter.confirmed_at >= first, Letter.confirmed_at < following)
        for first, following in pairwise(begin)
    ]
    row = db.session.execute(sa.select(*counts).where(Letter.confirmed_at >= begin[0])).one()
    return list(zip(on, row, strict=True))


def pressing() -> dict[str, int]:
    """Return how many copies are in each state that needs somebody; states without any are left out.

    Our own mails count where they are unclear, and as `own` where they were put aside: the others of them
    need nobody.
    """
    query = (
        sa.select(Delivery.state, Delivery.kind, sa.func.count())
        .where(Delivery.state.in_(PRESSING))
        .where(sa.or_(Delivery.kind == "letter", Delivery.state.in_(("unclear", "held"))))
        .group_by(Delivery.state, Delivery.kind)
    )
    counts = Counter[str]()
    for state, kind, count in db.session.execute(query):
        counts["own" if (kind, state) == ("notice", "held") else state] += count
    return dict(counts)


def states_of_office(recipient_id: uuid.UUID) -> dict[str, int]:
    """Return how many copies to an office are in each state, in the order of `STATES`; no zeros."""
    query = (
        sa.select(Delivery.state, sa.func.count())
        .where(Delivery.recipient_id == recipient_id, Delivery.kind == "letter")
        .group_by(Delivery.state)
    )
    counts = dict(db.session.execute(query).all())
    return {state: counts[state] for state in STATES if state in counts}


def standing_of_offices(*, day: date) -> list[OfficeStanding]:
    """Return every open office that a campaign writes to, with how its copies stand."""
    counts = _counts_by_office()
    query = (
        sa.select(Recipient)
        .where(Recipient.id.in_(addressed_offices()), Recipient.status == "open")
        .order_by(Recipient.sort_key)
        .options(selectinload(Recipient.holders), selectinload(Recipient.contacts))
    )
    return [
        OfficeStanding(
            office=line_of(recipient, day),
            accepted=counts[recipient.id]["accepted"],
            posted=counts[recipient.id]["posted"],
            by_writers=counts[recipient.id]["self_sent"],
            waiting=sum(counts[recipient.id][state] for state in WAITING),
            came_back=counts[recipient.id]["bounced"] + counts[recipient.id]["failed"],
        )
        for recipient in db.session.scalars(query)
    ]


def _counts_by_office() -> dict[uuid.UUID | None, Counter[str]]:
    counts: dict[uuid.UUID | None, Counter[str]] = defaultdict(Counter)
    place = (Delivery.recipient_id, Delivery.state)
    query = sa.select(*place, sa.func.count()).where(Delivery.kind == "letter").group_by(*place)
    for recipient_id, state, count in db.session.execute(query):
        counts[recipient_id][state] = count
    return counts


def addressed_offices() -> list[uuid.UUID]:
    """Return the ids of offices that campaigns write to, or wrote to."""
    query = sa.select(Campaign).options(selectinload(Campaign.audience))
    return list(
        {
            recipient_id
            for campaign in db.session.scalars(query)
            for _rule, recipient_id in offices_by_rule(db.session, campaign)
        }
    )


def campaigns(language: str) -> list[tuple[uuid.UUID, str]]:
    """Return (id, title) of every campaign, by title."""
    rows = [(row.id, text(row.title, language)) for row in db.session.scalars(sa.select(Campaign))]
    return sorted(rows, key=lambda pair: pair[1].casefold())


def _copies() -> sa.Select[Delivery, str, Recipient, Campaign]:
    return (
        sa.select(Delivery, Letter.reference, Recipient, Campaign)
        .join(Letter, Delivery.letter_id == Letter.id)
        .join(Recipient, Delivery.recipient_id == Recipient.id)
        .join(Campaign, Letter.campaign_id == Campaign.id)
        .options(
            defer(Delivery.wire_sealed, raiseload=True),
            defer(Delivery.text_sealed, raiseload=True),
            defer(Delivery.subject_sealed, raiseload=True),
            defer(Delivery.envelope_to_sealed, raiseload=True),
        )
    )


def _texts(letter_id: uuid.UUID) -> sa.Select[Delivery, str]:
    return (
        sa.select(Delivery, Recipient.title)
        .join(Recipient, Delivery.recipient_id == Recipient.id)
        .where(Delivery.letter_id == letter_id)
        .order_by(Delivery.position)
        .options(defer(Delivery.wire_sealed))
        .execution_options(populate_existing=True)
    )


def _line(row: sa.Row[Delivery, str, Recipient, Campaign], language: str) -> CopyLine:
    delivery, reference, recipient, campaign = row
    return CopyLine(delivery, reference, recipient.title, text(campaign.title, language))


def record_look(session: Session, letter: Letter, *, actor: str, now: datetime) -> None:
    """Write into the audit log that `actor` sees who wrote a letter, or what."""
    audit.record(
        session,
        "letter.viewed",
        actor=actor,
        now=now,
        kind="letter",
        object_id=letter.id,
        detail={"letter": letter.reference},
    )


def found_letter(session: Session, letter_id: uuid.UUID) -> Letter:
    """Return a letter.

    Raises:
        NotFound: there is no such letter.
    """
    letter = session.get(Letter, letter_id)
    if letter is None:
        raise NotFound(_("There is no such letter."))
    return letter
