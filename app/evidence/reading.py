"""What is known, as letters and pages use it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evidence.models import ContentRule, Fact, Measure, Person
from app.evidence.standing import IN_CUSTODY, may_be_asked, may_be_named
from app.i18n.dates import long_date
from app.i18n.texts import text

FACT_PARTS = ("value", "text", "date", "by", "statement")
PERSON_PARTS = ("name", "office", "detained", "status")
MEASURE_PARTS = ("number", "chamber", "title", "status")
PENDING = {"en": "introduced", "fr": "déposé", "hy": "ներկայացված", "ru": "внесено"}
"""What `measure.….status` says: a letter only ever names one that is pending."""


def current_facts(session: Session) -> dict[str, Fact]:
    """Return every fact that may be stated today, by key.

    The key of one that was superseded leads to the fact that took its place: templates that name it state
    the newer one.
    """
    facts = {fact.key: fact for fact in session.scalars(select(Fact))}
    current = {key: fact for key, fact in facts.items() if fact.status == "current"}
    return current | {
        key: successor
        for key, fact in facts.items()
        if fact.status == "superseded" and (successor := _successor(fact, facts)) is not None
    }


def _successor(fact: Fact, facts: Mapping[str, Fact]) -> Fact | None:
    seen: set[str] = set()
    while fact.status == "superseded" and fact.key not in seen:
        seen.add(fact.key)
        following = facts.get(fact.superseded_by)
        if following is None:
            return None
        fact = following
    return fact if fact.status == "current" else None


def replaces(session: Session, key: str) -> list[str]:
    """Return the keys of the facts whose place this one took."""
    return list(session.scalars(select(Fact.key).where(Fact.superseded_by == key).order_by(Fact.key)))


def measures_that_may_be_asked(session: Session, today: date) -> dict[str, Measure]:
    """Return the measures that a letter may ask somebody to support, by key."""
    return {row.key: row for row in session.scalars(select(Measure)) if may_be_asked(row, today)}


def content_rules(session: Session) -> list[ContentRule]:
    """Return the rules about wording, those that block first."""
    return list(session.scalars(select(ContentRule).order_by(ContentRule.level, ContentRule.key)))


@dataclass(frozen=True)
class Known:
    """All that a letter may take from the evidence on one day, by key."""

    facts: dict[str, Fact]
    people: dict[str, Person]
    measures: dict[str, Measure]

    @property
    def keys(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """The keys of facts, people and measures."""
        return tuple(self.facts), tuple(self.people), tuple(self.measures)


def known_on(session: Session, day: date) -> Known:
    """Return what letters may state, name and ask for on `day`."""
    people = session.scalars(select(Person).where(Person.status.in_(IN_CUSTODY)))
    return Known(
        facts=current_facts(session),
        people={person.key: person for person in people},
        measures=measures_that_may_be_asked(session, day),
    )


def names_in_letters(
    facts: Collection[str], people: Collection[str] = (), measures: Collection[str] = ()
) -> frozenset[str]:
    """Return the names of the letter language that these keys stand for."""
    kinds = (
        ("fact", facts, FACT_PARTS),
        ("person", people, PERSON_PARTS),
        ("measure", measures, MEASURE_PARTS),
    )
    return frozenset(f"{kind}.{key}.{part}" for kind, keys, parts in kinds for key in keys for part in parts)


def values_in_letters(
    known: Known, wanted: Collection[str], *, language: str, country: str | None = None
) -> dict[str, str]:
    """Return the values of names of the letter language.

    Args:
        known: what may be stated.
        wanted: (kind, key) of what the letter names, such as `fact.held_count`.
        language: of the letter.
        country: where it goes; dates are written as there.
    """
    values: dict[str, str] = {}
    for name in wanted:
        kind, _dot, key = name.partition(".")
        parts = _parts(known, kind, key, language, country)
        values |= {f"{name}.{part}": value for part, value in parts.items()}
    return values


def _parts(known: Known, kind: str, key: str, language: str, country: str | None) -> dict[str, str]:
    if kind == "fact" and key in known.facts:
        return fact_parts(known.facts[key], language, country)
    if kind == "person" and key in known.people:
        return person_parts(known.people[key], language, country)
    if kind == "measure" and key in known.measures:
        return measure_parts(known.measures[key], language)
    return {}


def fact_parts(fact: Fact, language: str, country: str | None = None) -> dict[str, str]:
    """Return what a letter can say of a fact."""
    return {
        "value": fact.value,
        "text": text(fact.value_text, language) or fact.value,
        "date": long_date(fact.as_of, language, country) if fact.as_of else "",
        "by": text(fact.counted_by, language),
        "statement": text(fact.statement, language),
    }


def person_parts(person: Person, language: str, country: str | None = None) -> dict[str, str]:
    """Return what a letter can say of somebody; no name unless family or counsel agreed to it."""
    return {
        "name": text(person.name, language) if may_be_named(person) else "",
        "office": text(person.office, language),
        "detained": long_date(person.detained_on, language, country) if person.detained_on else "",
        "status": text(person.history[-1]["text"], language) if person.history else "",
    }


def measure_parts(measure: Measure, language: str) -> dict[str, str]:
    """Return what a letter can say of a measure."""
    return {
        "number": measure.number,
        "chamber": text(measure.chamber, language),
        "title": text(measure.title, language),
        "status": text(PENDING, language),
    }
