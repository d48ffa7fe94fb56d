"""What letters state, and whether it may still be stated: by the names that their wording holds."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from app.campaigns.deeds import deed_of
from app.campaigns.models import THANKS, Campaign, LetterTemplate, TemplateVersion
from app.campaigns.texts import text
from app.delivery.models import Delivery, StateChange
from app.evidence.models import Fact, Measure, Person
from app.evidence.standing import IN_CUSTODY, may_be_asked
from app.letters.joint.models import JointLetter
from app.letters.models import Letter
from app.letters.wording import source_of
from app.recipients.resolution import Addressee

WITHDRAWN: Final = "fact withdrawn: "
CORRECTED: Final = "fact corrected: "
RELEASED_PERSON: Final = "person: "
CLOSED_MEASURE: Final = "measure closed: "
ACTED: Final = "it has acted: "
UNDONE: Final = "thanks for what was not done: "
"""These two go on with the campaign and the office, divided by a stroke."""
OF_DEEDS: Final = (ACTED, UNDONE)
STOPS: Final = (WITHDRAWN, CORRECTED, RELEASED_PERSON, CLOSED_MEASURE, *OF_DEEDS)
"""How causes begin that go on with the key of what may not be stated any more."""
AS_IT_IS: Final = "released by an organizer"
CONSENTED: Final = "its writer agreed to the corrected wording"
DECIDED: Final = (AS_IT_IS, CONSENTED)
"""Causes by which somebody decided about a letter that states what may not be stated any more."""

AT_THE_SAME_TIME: Final = timedelta(minutes=1)
"""Longer than any transaction lasts."""

_TAG = re.compile(r"\{[{%](.*?)[%}]\}", re.S)
_NAME = re.compile(r"\b((?:fact|person|measure)\.\w+)\.\w")


@dataclass(frozen=True)
class Stop:
    """Why a letter must not leave, and since when (None: not known, so for every letter).

    `name` is what it states; "" where it does not matter what it names. With `begins` it is only for letters
    that were written since then.
    """

    name: str
    reason: str
    since: datetime | None
    begins: datetime | None = None


@dataclass(frozen=True)
class Concerned:
    """A template whose newest wording states something: of which campaign, called what, in which language."""

    campaign: str
    name: str
    language: str


def is_stop(reason: str) -> bool:
    """Whether a copy is held because of what it states."""
    return reason.startswith(STOPS)


def statements_of(version: TemplateVersion) -> frozenset[str]:
    """Return which facts, people and measures a letter of this wording can name: `fact.held_count`, …"""
    return _named(text for _place, text in source_of(version).texts())


def stated_by(letter: Letter, version: TemplateVersion) -> frozenset[str]:
    """Return which of them one letter names, with the points and wordings that it has."""
    # The wordings of a joint letter are drawn once, for all that carry it (`joint.wording`).
    key = letter.joint_letter_id or letter.submission_key
    # Own words stand for a text that states nothing, and that is picked with them.
    picked = letter.picked.get(version.template.key, {}) if letter.picked else {}
    return _named(source_of(version).drawn(letter.points or (), key.bytes, picked))


def _named(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(name for text in texts for tag in _TAG.findall(text) for name in _NAME.findall(tag))


def stops_of(session: Session, names: Collection[str], *, day: date) -> tuple[Stop, ...]:
    """Return what of these names may not be stated on `day`, in the order of the names."""
    return tuple(stop for name in sorted(names) for stop in _stops(session, name, day))


def _stops(session: Session, name: str, day: date) -> Iterator[Stop]:
    kind, _dot, key = name.partition(".")
    if kind == "fact":
        yield from _stops_of_fact(session, name)
    elif kind == "person":
        person = session.scalar(sa.select(Person).where(Person.key == key))
        if person is None or person.status not in IN_CUSTODY:
            yield Stop(name, f"{RELEASED_PERSON}{key}", person.status_at if person is not None else None)
    else:
        measure = session.scalar(sa.select(Measure).where(Measure.key == key))
        if measure is None or not may_be_asked(measure, day):
            yield Stop(name, f"{CLOSED_MEASURE}{key}", None)


def _stops_of_fact(session: Session, name: str) -> Iterator[Stop]:
    key = name.removeprefix("fact.")
    # Whoever names a corrected fact states the one that took its place, which may have been withdrawn since.
    seen: set[str] = set()
    while key and key not in seen:
        seen.add(key)
        fact = session.scalar(sa.select(Fact).where(Fact.key == key))
        if fact is not None and fact.status == "current":
            return
        begins = CORRECTED if fact is not None and fact.superseded_by else WITHDRAWN
        yield Stop(name, f"{begins}{key}", fact.withdrawn_at if fact is not None else None)
        key = fact.superseded_by if fact is not None else ""


def stops_of_deeds(
    campaign: Campaign, version: TemplateVersion, addressee: Addressee, *, day: date
) -> tuple[Stop, ...]:
    """Return why letters of a wording to an office must not leave because of what it has done, or has not.

    One that asks must not, once the office has acted, if it was written before that was known. One that
    thanks must not for what was recorded by mistake.
    """
    recipient = addressee.recipient
    about = f"{campaign.slug}/{recipient.slug}"
    if version.template.kind == THANKS:
        undone = [deed for deed in campaign.deeds if deed.recipient_id == recipient.id and deed.undone_at]
        return tuple(Stop("", f"{UNDONE}{about}", deed.undone_at, deed.recorded_at) for deed in undone)
    deed = deed_of(campaign, recipient.id, addressee.holder, day=day)
    return () if deed is None else (Stop("", f"{ACTED}{about}", deed.recorded_at),)


def undecided(session: Session, delivery: Delivery, stops: Collection[Stop]) -> str:
    """Return the reason of the first stop that holds for a copy, or "".

    What was written since then states what took its place; and what an organizer released as it is, or
    its writer agreed to, has been decided about.
    """
    named: frozenset[str] | None = None
    for stop in stops:
        if is_older(session, stop, delivery):
            continue
        if named is None:
            named = named_in(session, delivery)
        if is_about(stop, named) and not _decided_since(session, delivery, stop):
            return stop.reason
    return ""


def is_about(stop: Stop, named: Collection[str]) -> bool:
    """Whether a stop is about a letter that names something."""
    return not stop.name or stop.name in named


def is_older(session: Session, stop: Stop, delivery: Delivery) -> bool:
    """Whether a stop is older than the wording of a copy, which then states what took its place.

    Facts are put in when the letter is confirmed. One that was confirmed in the very minute may still have
    read the old one, and is taken for older.
    """
    if stop.since is None:
        return False
    written_at = delivery.created_at if stop.name else _written_at(session, delivery)
    if stop.begins is not None and written_at < stop.begins:
        return True
    if written_at >= stop.since:
        return True
    confirmed_at = session.get_one(Letter, delivery.letter_id).confirmed_at
    is_fact = stop.name.startswith("fact.")
    return is_fact and confirmed_at is not None and confirmed_at >= stop.since + AT_THE_SAME_TIME


def _written_at(session: Session, delivery: Delivery) -> datetime:
    # What many sign was worded when they began, long before there are copies of it.
    joint_id = session.get_one(Letter, delivery.letter_id).joint_letter_id
    joint = session.get(JointLetter, joint_id) if joint_id is not None else None
    return joint.created_at if joint is not None else delivery.created_at


def named_in(session: Session, delivery: Delivery) -> frozenset[str]:
    """Return which facts, people and measures one copy of a letter names."""
    letter = session.get_one(Letter, delivery.letter_id)
    return stated_by(letter, session.get_one(TemplateVersion, delivery.template_version_id))


def _decided_since(session: Session, delivery: Delivery, stop: Stop) -> bool:
    query = sa.select(StateChange.id).where(
        StateChange.delivery_id == delivery.id,
        StateChange.from_state == "held",
        StateChange.to_state.in_(("queued", "to_print", "awaiting_confirmation")),
        StateChange.cause.in_(DECIDED),
    )
    if stop.since is not None:
        query = query.where(StateChange.at >= stop.since)
    return session.scalar(query.limit(1)) is not None


def versions_stating(session: Session, name: str) -> list[TemplateVersion]:
    """Return every wording that states a fact, or names a person or a measure, newest first."""
    names = names_leading_to(session, name)
    query = (
        sa.select(TemplateVersion)
        .options(joinedload(TemplateVersion.template).joinedload(LetterTemplate.campaign))
        .order_by(TemplateVersion.made_at.desc(), TemplateVersion.id)
    )
    return [version for version in session.scalars(query) if names & statements_of(version)]


def names_leading_to(session: Session, name: str) -> frozenset[str]:
    """Return a name with those of the facts whose place it took, one after the other."""
    if not name.startswith("fact."):
        return frozenset({name})
    before = dict(
        session.execute(sa.select(Fact.key, Fact.superseded_by).where(Fact.superseded_by != "")).all()
    )
    keys = {name.removeprefix("fact.")}
    while more := {key for key, by in before.items() if by in keys} - keys:
        keys |= more
    return frozenset(f"fact.{key}" for key in keys)


def templates_by_statement(session: Session, language: str) -> dict[str, list[Concerned]]:
    """Return for each name which templates state it in their newest wording."""
    query = sa.select(Campaign).options(
        selectinload(Campaign.templates).selectinload(LetterTemplate.versions)
    )
    found: dict[str, list[Concerned]] = {}
    for campaign in session.scalars(query.order_by(Campaign.slug)):
        for name, concerned in _concerned(campaign, language):
            found.setdefault(name, []).append(concerned)
    return found


def _concerned(campaign: Campaign, language: str) -> Iterator[tuple[str, Concerned]]:
    for template in sorted(campaign.templates, key=lambda one: (one.key, one.language)):
        if template.versions:
            concerned = Concerned(text(campaign.title, language), template.name, template.language)
            for name in statements_of(template.versions[-1]):
                yield name, concerned
