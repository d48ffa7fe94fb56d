"""Facts with their sources, and people."""

from __future__ import annotations

from datetime import date
from typing import Any

import factory
from sqlalchemy import select

from app.database import transaction
from app.evidence.models import ContentRule, Fact, Measure, Person, TimelineEvent


class FactFactory(factory.Factory):
    """A fact that a letter may state."""

    class Meta:
        model = Fact

    key = factory.Sequence(lambda n: f"fact_{n}")
    statement = factory.LazyFunction(lambda: {"en": "Seven wells are dry."})
    value = "7"
    as_of = date(2026, 11, 1)
    confidence = "high"
    checked_on = date(2026, 11, 1)
    sources = factory.LazyFunction(lambda: [{"label": "The survey", "url": "https://survey.example/wells"}])


class PersonFactory(factory.Factory):
    """Somebody for whom letters ask, whom nobody may name yet."""

    class Meta:
        model = Person

    key = factory.Sequence(lambda n: f"person_{n}")
    name = factory.LazyFunction(lambda: {"en": "Robin Held"})
    office = factory.LazyFunction(lambda: {"en": "former mayor"})
    detained_on = date(2023, 9, 27)
    status = "detained"
    checked_on = date(2026, 11, 1)
    history = factory.LazyFunction(
        lambda: [
            {
                "status": "detained",
                "day": "2023-09-27",
                "text": {"en": "detained since 27 September 2023"},
                "confidence": "high",
                "sources": [{"label": "The radio"}],
            }
        ]
    )


class MeasureFactory(factory.Factory):
    """A resolution that is pending and was looked up."""

    class Meta:
        model = Measure

    key = factory.Sequence(lambda n: f"measure_{n}")
    number = "H.Res. 1"
    chamber = factory.LazyFunction(lambda: {"en": "The House"})
    jurisdiction = "US"
    title = factory.LazyFunction(lambda: {"en": "On wells"})
    status = "introduced"
    last_verified_on = date(2026, 11, 1)
    sources = factory.LazyFunction(lambda: [{"label": "The House’s own page"}])


def store(row: Fact | Person | Measure | TimelineEvent, **changes: Any) -> None:
    """Store a row of the evidence, or change the one of its key."""
    with transaction() as session:
        kind = type(row)
        there = session.scalar(select(kind).where(kind.key == row.key))
        if there is None:
            there = row
            session.add(there)
        for name, value in changes.items():
            setattr(there, name, value)


class ContentRuleFactory(factory.Factory):
    """A rule about words that no letter may use."""

    class Meta:
        model = ContentRule

    key = factory.Sequence(lambda n: f"rule-{n}")
    level = "block"
    pattern = factory.LazyFunction(lambda: {"en": "hostage*"})
    unless = factory.LazyFunction(dict)
    reason = factory.LazyFunction(lambda: {"en": "A label."})
    replacement = factory.LazyFunction(lambda: {"en": "detainees"})
