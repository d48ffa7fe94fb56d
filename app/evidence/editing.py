"""What organizers change in the evidence: each change is one transaction with its line in the audit log.

What also holds letters (withdrawing a fact, somebody who comes home) stands in `app.letters.retracting`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.errors import NotFound, Refused
from app.evidence.models import ContentRule, Fact, Measure, Person
from app.evidence.standing import is_stale
from app.security import audit

Row = TypeVar("Row", Fact, Person, Measure)


@dataclass(frozen=True)
class FactDraft:
    """A fact as it is typed at the desk. Texts are in its language; the other languages stay."""

    statement: str
    value: str
    value_text: str
    counted_by: str
    as_of: date | None
    confidence: str
    note: str
    sources: list[dict[str, str]]


@dataclass(frozen=True)
class MeasureDraft:
    """What can be looked up about a measure."""

    number: str
    sponsor: str
    status: str
    lapses_on: date | None
    note: str


TEXTS = frozenset({"statement", "value_text", "counted_by"})


def facts() -> list[Fact]:
    """Return every fact: current ones first, by key."""
    return list(db.session.scalars(sa.select(Fact).order_by(Fact.status, Fact.key)))


def to_check(today: date) -> int:
    """Return how many facts in use were not checked for 30 days."""
    return sum(is_stale(fact, today) for fact in facts())


def people() -> list[Person]:
    """Return every case file, in its order."""
    return list(db.session.scalars(sa.select(Person).order_by(Person.position, Person.key)))


def measures() -> list[Measure]:
    """Return every measure, by key."""
    return list(db.session.scalars(sa.select(Measure).order_by(Measure.key)))


def rules() -> list[ContentRule]:
    """Return every rule about wording, those that block first."""
    return list(db.session.scalars(sa.select(ContentRule).order_by(ContentRule.level, ContentRule.key)))


def find(kind: type[Row], row_id: uuid.UUID) -> Row:
    """Return a row. Raises NotFound if there is none."""
    return _found(db.session, kind, row_id)


def _found(session: Session, kind: type[Row], row_id: uuid.UUID, *, lock: bool = False) -> Row:
    row = session.get(kind, row_id, with_for_update=lock or None)
    if row is None:
        raise NotFound(_("There is nothing here any more, or there never was."))
    return row


def add_fact(
    key: str, topic: str, draft: FactDraft, *, language: str, actor: str, now: datetime
) -> uuid.UUID:
    """Add a fact, and return its id.

    Raises:
        Refused: the key is taken, or something that every fact needs is missing.
    """
    _whole(draft)
    with transaction() as session:
        if session.scalar(sa.select(Fact.id).where(Fact.key == key)) is not None:
            raise Refused(_("There is a fact of this key already."), "key")
        fact = Fact(key=key, topic=topic, statement={}, confidence=draft.confidence, checked_on=now.date())
        session.add(fact)
        _apply(fact, draft, language, now)
        session.flush()
        _note(session, "fact.added", fact, {}, actor=actor, now=now)
        return fact.id


def edit_fact(
    fact_id: uuid.UUID, draft: FactDraft, *, seen: datetime | None, language: str, actor: str, now: datetime
) -> None:
    """Change a fact. Letters that were confirmed keep the words that they have.

    Args:
        fact_id: which.
        draft: what it says from now on.
        seen: `edited_at` as it was when the form was made.
        language: of the draft's texts.
        actor: who changes it.
        now: the instant.

    Raises:
        NotFound: there is no such fact.
        Refused: somebody else changed it meanwhile, or something that every fact needs is missing.
    """
    _whole(draft)
    with transaction() as session:
        fact = _found(session, Fact, fact_id, lock=True)
        if fact.edited_at != seen:
            raise Refused(
                _("Somebody else changed this while you were writing. Look at it, then save again.")
            )
        changed = _apply(fact, draft, language, now)
        _note(session, "fact.edited", fact, {"changed": ", ".join(changed)}, actor=actor, now=now)


def _whole(draft: FactDraft) -> None:
    if not draft.sources:
        raise Refused(_("Say where this stands: a fact without a source is none."), "sources")
    if draft.as_of is None:
        raise Refused(_("Say for which day it was true."), "as_of")


def _apply(fact: Fact, draft: FactDraft, language: str, now: datetime) -> list[str]:
    changed = []
    for field in fields(draft):
        value: Any = getattr(draft, field.name)
        if field.name in TEXTS:
            others = {
                code: said for code, said in (getattr(fact, field.name) or {}).items() if code != language
            }
            value = {**others, language: value} if value else others
        if getattr(fact, field.name) != value:
            setattr(fact, field.name, value)
            changed.append(field.name)
    fact.edited_at = now
    return changed


def check_fact(fact_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """Record that somebody looked today, and that it is still true."""
    with transaction() as session:
        fact = _found(session, Fact, fact_id, lock=True)
        if fact.status != "current":
            raise Refused(_("Somebody has withdrawn this fact already."))
        fact.checked_on, fact.edited_at = now.date(), now
        _note(session, "fact.checked", fact, {}, actor=actor, now=now)


def agree_to_name(person_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """Record that family or counsel agreed to the name being shown; said again, that they took it back."""
    with transaction() as session:
        person = _found(session, Person, person_id, lock=True)
        person.agreed_on = None if person.agreed_on else now.date()
        person.edited_at = now
        action = "person.named" if person.agreed_on else "person.not_named"
        _note(session, action, person, {}, actor=actor, now=now)


def look_up_measure(measure_id: uuid.UUID, draft: MeasureDraft, *, actor: str, now: datetime) -> None:
    """Record what somebody found today at the parliament's own pages about a measure.

    Raises:
        NotFound: there is no such measure.
        Refused: it has no number.
    """
    if not draft.number and draft.status != "unverified":
        raise Refused(_("Give its number, as its parliament writes it."), "number")
    with transaction() as session:
        measure = _found(session, Measure, measure_id, lock=True)
        for field in fields(draft):
            setattr(measure, field.name, getattr(draft, field.name))
        measure.last_verified_on = now.date() if draft.status != "unverified" else measure.last_verified_on
        measure.edited_at = now
        _note(session, "measure.looked_up", measure, {"status": draft.status}, actor=actor, now=now)


def _note(
    session: Session,
    action: str,
    row: Fact | Person | Measure,
    detail: dict[str, str],
    *,
    actor: str,
    now: datetime,
) -> None:
    kind = action.partition(".")[0]
    audit.record(
        session, action, actor=actor, now=now, kind=kind, object_id=row.id, detail={kind: row.key, **detail}
    )
