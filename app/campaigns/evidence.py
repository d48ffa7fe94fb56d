"""What a campaign's evidence page shows: everything that is known about what its facts are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.reading import CampaignPage, Source, StatedFact, find_campaign, page_of, stated
from app.campaigns.texts import text
from app.database import db
from app.evidence.models import Fact, Person, TimelineEvent
from app.evidence.reading import current_facts
from app.evidence.standing import AT_AN_END, may_be_named
from app.i18n.dates import long_date, month_of, span_of


@dataclass(frozen=True)
class StatusEntry:
    """One entry of a person's history."""

    text: str
    confidence: str
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class CaseFile:
    """A person as the page shows them: by office, and by name once family or counsel agreed."""

    key: str
    name: str
    office: str
    history: tuple[StatusEntry, ...]


@dataclass(frozen=True)
class Event:
    """Something that happened. `when` is as exact as it is known."""

    when: str
    day: date
    text: str
    campaign_action: bool
    confidence: str
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class EvidenceView:
    """All that the page shows. `checked_on` is the oldest check among it, None where something was never."""

    page: CampaignPage
    checked_on: date | None
    facts: list[StatedFact]
    people: list[CaseFile]
    events: list[Event]


def view_evidence(slug: str, language: str, *, today: date) -> EvidenceView:
    """Return what the evidence page of a campaign shows, the newest facts first.

    Raises:
        NotFound: there is none of that name, or it is a draft.
    """
    campaign = find_campaign(db.session, slug)
    facts = _facts(db.session, campaign)
    topics = {fact.topic for fact in facts} - {""}
    people = _about(db.session, Person, topics, Person.position)
    events = _about(db.session, TimelineEvent, topics, TimelineEvent.day, TimelineEvent.key)
    checks = [row.checked_on for row in [*facts, *people, *events]]
    return EvidenceView(
        page=page_of(campaign, language, today=today),
        checked_on=None if None in checks else min(filter(None, checks), default=None),
        facts=[stated(fact, language) for fact in facts],
        people=[_case_file(person, language) for person in people if person.status not in AT_AN_END],
        events=[_event(event, language) for event in events],
    )


def _facts(session: Session, campaign: Campaign) -> list[Fact]:
    current = current_facts(session)
    own = [current[key] for key in campaign.facts if key in current]
    topics = {fact.topic for fact in own} - {""}
    shown = {fact.key: fact for fact in [*own, *(one for one in current.values() if one.topic in topics)]}
    return sorted(shown.values(), key=lambda fact: (fact.as_of or date.min, fact.key), reverse=True)


def _about(session: Session, kind: Any, topics: set[str], *order: Any) -> list[Any]:
    return list(session.scalars(select(kind).where(kind.topic.in_(topics)).order_by(*order)))


def _case_file(person: Person, language: str) -> CaseFile:
    return CaseFile(
        key=person.key,
        name=text(person.name, language) if may_be_named(person) else "",
        office=text(person.office, language),
        history=tuple(
            StatusEntry(text(entry["text"], language), entry["confidence"], sources_of(entry["sources"]))
            for entry in person.history
        ),
    )


def _event(event: TimelineEvent, language: str) -> Event:
    return Event(
        when=_when(event, language),
        day=event.day,
        text=text(event.text, language),
        campaign_action=event.campaign_action,
        confidence=event.confidence,
        sources=sources_of(event.sources),
    )


def _when(event: TimelineEvent, language: str) -> str:
    if event.precision == "month":
        return month_of(event.day, language)
    if event.until is not None:
        return span_of(event.day, event.until, language)
    day = long_date(event.day, language)
    return _("%(day)s, as reported", day=day) if event.precision == "reported" else day


def sources_of(rows: list[dict[str, str]]) -> tuple[Source, ...]:
    """Return sources as pages show them."""
    return tuple(Source(row.get("label", ""), row.get("url", "")) for row in rows)
