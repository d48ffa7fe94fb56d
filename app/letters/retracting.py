"""Taking back what letters state: a fact is withdrawn or corrected, somebody comes home.

Letters that state it and have not left are held in the transaction that takes it back. Where there are very
many, the rest follows in further ones; the last look (`dispatch`) holds what comes to leave in between.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, defer, load_only

from app.database import db, transaction
from app.delivery import outbox
from app.delivery.models import Delivery
from app.delivery.states import DUE
from app.errors import NotFound, Refused
from app.evidence.models import PERSON_STATUSES, Fact, Person
from app.evidence.standing import IN_CUSTODY
from app.letters.models import Letter
from app.letters.stating import (
    CORRECTED,
    RELEASED_PERSON,
    WITHDRAWN,
    names_leading_to,
    stated_by,
    versions_stating,
)
from app.security import audit

IN_ONE_GO: Final = 1000
_WITH_ITS_WRITER: Final = sa.and_(Delivery.channel == "web_form", Delivery.state == "awaiting_confirmation")
"""Confirmed, and shown to its writer to be put into an office's form."""
HAS_NOT_LEFT: Final = sa.or_(Delivery.state.in_(DUE | {"to_print"}), _WITH_ITS_WRITER)


def waiting_that_state(name: str) -> int:
    """Return how many letters that have not left state something (`fact.held_count`)."""
    return len(_waiting(db.session, name))


def withdraw_fact(fact_id: uuid.UUID, reason: str, *, actor: str, now: datetime) -> int:
    """Withdraw a fact: no page and no letter states it any more.

    Args:
        fact_id: which.
        reason: why, for colleagues.
        actor: who decides, as the audit log names them.
        now: the instant.

    Returns:
        How many letters were held.

    Raises:
        NotFound: there is no such fact.
        Refused: it is not current, or there is no reason.
    """
    with transaction() as session:
        fact = _current(session, fact_id, reason, actor=actor, now=now)
        fact.status = "withdrawn"
        name, cause = f"fact.{fact.key}", f"{WITHDRAWN}{fact.key}"
        held = _hold(session, name, cause, actor=actor, now=now)
        _note(session, "fact.withdrawn", fact, {"held": str(held), "reason": reason}, actor=actor, now=now)
    return held + _hold_the_rest(held, name, cause, actor=actor, now=now)


def supersede_fact(fact_id: uuid.UUID, by: str, reason: str, *, actor: str, now: datetime) -> int:
    """Put another fact in a fact's place: templates that name it state the other one from now on.

    Args:
        fact_id: which.
        by: the key of the fact that takes its place.
        reason: why, for colleagues.
        actor: who decides, as the audit log names them.
        now: the instant.

    Returns:
        How many letters were held; their writers can be asked whether they agree to the new wording.

    Raises:
        NotFound: there is no such fact.
        Refused: it is not current, there is no reason, or the other one is not there or not current.
    """
    with transaction() as session:
        fact = _current(session, fact_id, reason, actor=actor, now=now)
        other = session.scalar(sa.select(Fact).where(Fact.key == by))
        if other is None or other.status != "current" or other.id == fact.id:
            raise Refused(_("Choose a current fact that takes its place."), "by")
        fact.status, fact.superseded_by = "superseded", other.key
        name, cause = f"fact.{fact.key}", f"{CORRECTED}{fact.key}"
        held = _hold(session, name, cause, actor=actor, now=now)
        detail = {"held": str(held), "reason": reason, "by": other.key}
        _note(session, "fact.superseded", fact, detail, actor=actor, now=now)
    return held + _hold_the_rest(held, name, cause, actor=actor, now=now)


def record_status(
    person_id: uuid.UUID,
    status: str,
    *,
    day: date,
    said: dict[str, str],
    source: dict[str, str],
    confidence: str,
    actor: str,
    now: datetime,
) -> int:
    """Add a status to a person's history. Who is not in custody any more is asked for in no letter.

    Args:
        person_id: whose.
        status: one of `PERSON_STATUSES`.
        day: since when.
        said: the status in words, by language.
        source: where that stands: `label` and perhaps `url`.
        confidence: in it.
        actor: who records it.
        now: the instant.

    Returns:
        How many letters were held.

    Raises:
        NotFound: there is no such person.
        Refused: there is no such status, or no source.
    """
    if status not in PERSON_STATUSES:
        raise Refused(_("Choose a status."), "status")
    if not source.get("label"):
        raise Refused(_("Say where this stands."), "source")
    with transaction() as session:
        person = session.get(Person, person_id, with_for_update=True)
        if person is None:
            raise NotFound(_("There is nothing here any more, or there never was."))
        entry: dict[str, Any] = {"status": status, "day": day.isoformat(), "text": said}
        entry |= {"confidence": confidence, "sources": [source]}
        person.history = [*person.history, entry]
        person.status, person.status_at, person.edited_at = status, now, now
        person.checked_on = now.date()
        session.flush()
        name, cause = f"person.{person.key}", f"{RELEASED_PERSON}{person.key}"
        held = 0 if status in IN_CUSTODY else _hold(session, name, cause, actor=actor, now=now)
        detail = {"person": person.key, "status": status, "held": str(held)}
        audit.record(
            session, "person.status", actor=actor, now=now, kind="person", object_id=person.id, detail=detail
        )
    return held + _hold_the_rest(held, name, cause, actor=actor, now=now)


def _current(session: Session, fact_id: uuid.UUID, reason: str, *, actor: str, now: datetime) -> Fact:
    fact = session.get(Fact, fact_id, with_for_update=True)
    if fact is None:
        raise NotFound(_("There is nothing here any more, or there never was."))
    if fact.status != "current":
        raise Refused(_("Somebody has withdrawn this fact already."))
    if not reason:
        raise Refused(_("Say why, for your colleagues."), "reason")
    fact.withdrawn_at, fact.withdrawn_by, fact.withdrawn_reason = now, actor, reason
    fact.edited_at = now
    return fact


def _note(
    session: Session, action: str, fact: Fact, detail: dict[str, str], *, actor: str, now: datetime
) -> None:
    audit.record(
        session,
        action,
        actor=actor,
        now=now,
        kind="fact",
        object_id=fact.id,
        detail={"fact": fact.key, **detail},
    )


def _waiting(session: Session, name: str) -> list[uuid.UUID]:
    """Return the copies that wait to leave and state something in the points and wordings that they have."""
    versions = {version.id: version for version in versions_stating(session, name)}
    query = (
        sa.select(Delivery.id, Delivery.template_version_id, Letter)
        .join(Letter, Delivery.letter_id == Letter.id)
        .where(
            Delivery.kind == "letter",
            HAS_NOT_LEFT,
            Delivery.template_version_id.in_(versions),
        )
        .order_by(Delivery.id)
        .options(load_only(Letter.points, Letter.picked, Letter.submission_key, Letter.joint_letter_id))
    )
    names = names_leading_to(session, name)
    return [
        copy
        for copy, version_id, letter in session.execute(query)
        if version_id in versions and names & stated_by(letter, versions[version_id])
    ]


def _hold(session: Session, name: str, cause: str, *, actor: str, now: datetime) -> int:
    # A letter that is being confirmed in this moment is not seen here: the last look holds it.
    session.flush()
    return hold_copies(session, _waiting(session, name), cause, actor=actor, now=now)


def hold_copies(session: Session, ids: Sequence[uuid.UUID], cause: str, *, actor: str, now: datetime) -> int:
    """Hold the first `IN_ONE_GO` of these copies, in the caller's transaction, and return how many."""
    sealed = (
        Delivery.wire_sealed,
        Delivery.text_sealed,
        Delivery.subject_sealed,
        Delivery.envelope_to_sealed,
    )
    query = (
        sa.select(Delivery)
        .where(Delivery.id.in_(ids[:IN_ONE_GO]))
        .order_by(Delivery.id)
        .options(*(defer(column) for column in sealed))
    )
    copies = session.scalars(query).all()
    return sum(outbox.hold(session, copy, now=now, cause=cause, actor=actor) for copy in copies)


def _hold_the_rest(first: int, name: str, cause: str, *, actor: str, now: datetime) -> int:
    return hold_on(first, lambda session: _hold(session, name, cause, actor=actor, now=now))


def hold_on(first: int, hold: Callable[[Session], int]) -> int:
    """Hold what is left in further transactions while each has as many as go into one.

    Args:
        first: how many the first transaction held.
        hold: holds the next ones.

    Returns:
        How many more were held.
    """
    held, last = 0, first
    while last == IN_ONE_GO:
        with transaction() as session:
            last = hold(session)
        held += last
    return held
