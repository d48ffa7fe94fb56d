"""Facts with their sources."""

from __future__ import annotations

from datetime import date
from typing import Any

import factory
from sqlalchemy import select

from app.database import transaction
from app.evidence.models import Fact


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


def store(fact: Fact, **changes: Any) -> None:
    """Store a fact, or change the one of its key."""
    with transaction() as session:
        row = session.scalar(select(Fact).where(Fact.key == fact.key))
        if row is None:
            row = fact
            session.add(row)
        for name, value in changes.items():
            setattr(row, name, value)
