"""Corrections: kept once, cleaned, limited, decided once, deleted a year later. On both databases."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import clock
from app.database import db, transaction
from app.errors import NotFound, Refused, TooMany
from app.letters.retention import purge
from app.recipients import corrections
from app.recipients.corrections import AN_HOUR, KEPT, LONGEST, Correction, ProposedAlready, decide
from app.security.audit import AuditEntry
from tests.factories.corrections import SOURCE, TEXT, propose
from tests.factories.recipients import OfficeFactory
from tests.factories.threads import at_once

WHO = "organizer:00000000-0000-0000-0000-000000000001"
NETWORK = "198.51.100.0/24"
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def office(app_context: Flask) -> uuid.UUID:
    """An office that somebody looks at."""
    office = OfficeFactory.build(short_name="Keeper")
    with transaction() as session:
        session.add(office)
    return office.id


def stored() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Correction.id))) or 0


def test_a_correction_waits_for_a_decision(office: uuid.UUID) -> None:
    row = corrections.find(propose(office).id)
    assert (row.text, row.source, row.state, row.decided_at) == (TEXT, SOURCE, "open", None)
    assert row.is_open
    assert corrections.count_open() == corrections.count_open(office) == 1
    assert corrections.count_open(uuid.uuid4()) == 0


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (
            "  Երևանի գրասենյակը փակ է։ \r\n\r\n\r\n\r\n Տես կայքը։ ",
            "Երևանի գրասենյակը փակ է։\n\n Տես կայքը։",
        ),
        ("Адрес давно другой,\u2028смотрите сайт.", "Адрес давно другой,\nсмотрите сайт."),
        ("It is spelled Ame\u0301lie, not Emily", "It is spelled Amélie, not Emily"),
        ("שלום \u200f(42) wrong number", "שלום \u200f(42) wrong number"),
        ("x" * LONGEST, "x" * LONGEST),
    ],
)
def test_what_is_typed_is_kept_cleaned(office: uuid.UUID, typed: str, kept: str) -> None:
    assert corrections.find(propose(office, typed).id).text == kept


@pytest.mark.parametrize(
    "typed", ["", " \n\t ", "too short", "be\x07ll rings", "a \u202ereversed text", "x" * (LONGEST + 1)]
)
def test_what_cannot_be_kept_says_why(office: uuid.UUID, typed: str) -> None:
    with pytest.raises(Refused) as refusal:
        propose(office, typed)
    assert refusal.value.field == "text"
    assert stored() == 0


def test_a_correction_needs_a_source(office: uuid.UUID) -> None:
    for source in ("", "  ", "nu\x00ll", "x" * 1001):
        with pytest.raises(Refused) as refusal:
            propose(office, source=source)
        assert refusal.value.field == "source", source
    assert stored() == 0


def test_the_same_form_twice_is_one_correction(office: uuid.UUID) -> None:
    key = uuid.uuid4()
    for _click in range(2):
        assert propose(office, row_id=key).id == key
    with pytest.raises(ProposedAlready):
        propose(office, "Something else was written then.", row_id=key)
    assert stored() == 1


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_the_same_form_many_times_at_once_is_one_correction(app: Flask, office: uuid.UUID) -> None:
    key = uuid.uuid4()

    def send() -> uuid.UUID:
        return propose(office, row_id=key).id

    assert at_once(4, app, send) == [key] * 4
    assert stored() == 1


def test_an_office_that_is_none_takes_nothing(app_context: Flask) -> None:
    with pytest.raises(NotFound):
        propose(uuid.uuid4())
    assert stored() == 0


def test_one_network_proposes_so_many_an_hour(office: uuid.UUID) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    key = uuid.uuid4()
    propose(office, row_id=key, network=NETWORK, now=now)
    for _again in range(AN_HOUR - 1):
        propose(office, network=NETWORK, now=now)
    with pytest.raises(TooMany) as limit:
        propose(office, network=NETWORK, now=now)
    assert 0 < limit.value.retry_after <= 3600
    assert stored() == AN_HOUR
    propose(office, row_id=key, network=NETWORK, now=now)  # sent twice: nothing new
    propose(office, network="203.0.113.0/24", now=now)
    propose(office, network=None, now=now)
    propose(office, network=NETWORK, now=now + timedelta(hours=1))
    assert stored() == AN_HOUR + 3


def test_a_decision_is_made_once_and_written_down(office: uuid.UUID) -> None:
    row = propose(office)
    now = clock.now()
    for _click in range(2):
        done = decide(row.id, "taken_over", " Checked on its page. ", actor=WHO, now=now)
    assert (done.state, done.note, done.decided_by, done.decided_at) == (
        "taken_over",
        "Checked on its page.",
        WHO,
        now,
    )
    with pytest.raises(Refused, match="already"):
        decide(row.id, "not_taken_over", "No.", actor=WHO, now=now)
    (entry,) = db.session.scalars(select(AuditEntry))
    assert (entry.action, entry.actor, entry.object_id) == ("correction.taken_over", WHO, office)
    assert entry.detail == {"office": "Keeper"}, "nothing of what a stranger wrote"
    assert corrections.count_open() == 0


@pytest.mark.parametrize(
    ("decision", "note", "field"),
    [
        ("open", "Why not", "decision"),
        ("", "Why", "decision"),
        ("taken_over", " ", "note"),
        ("taken_over", "\x1b[1m", "note"),
    ],
)
def test_a_decision_that_is_none(office: uuid.UUID, decision: str, note: str, field: str) -> None:
    row = propose(office)
    with pytest.raises(Refused) as refusal:
        decide(row.id, decision, note, actor=WHO, now=clock.now())
    assert refusal.value.field == field
    assert corrections.find(row.id).is_open


def test_nothing_is_decided_about_what_is_not_there(app_context: Flask) -> None:
    with pytest.raises(NotFound):
        decide(uuid.uuid4(), "taken_over", "Why", actor=WHO, now=clock.now())
    with pytest.raises(NotFound):
        corrections.find(uuid.uuid4())


def test_open_ones_come_first_the_oldest_on_top(office: uuid.UUID) -> None:
    now = clock.now()
    rows = [propose(office, now=now - timedelta(days=days)) for days in range(5)]
    for place, row in enumerate(rows[:2]):
        decide(row.id, "not_taken_over", "Old news", actor=WHO, now=now + timedelta(minutes=place))
    db.session.rollback()
    wanted = [rows[4], rows[3], rows[2], rows[1], rows[0]]
    page = corrections.listed()
    assert [row.id for row in page.rows] == [row.id for row in wanted]
    second = corrections.listed(number=2, size=2)
    assert ([row.id for row in second.rows], second.pages, second.total) == (
        [wanted[2].id, wanted[3].id],
        3,
        5,
    )
    assert corrections.listed(number=99, size=2).number == 3
    assert corrections.listed(recipient_id=uuid.uuid4()).rows == []


def test_a_year_after_its_decision_a_correction_is_deleted(office: uuid.UUID) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    waiting, decided = propose(office, now=now), propose(office, now=now)
    decide(decided.id, "taken_over", "Done", actor=WHO, now=now)
    assert not purge(now=now + KEPT - MOMENT)
    assert stored() == 2
    purged = purge(now=now + KEPT)
    assert purged
    assert purged.corrections == 1
    db.session.rollback()
    assert [row.id for row in db.session.scalars(select(Correction))] == [waiting.id]
    assert purge(now=now + 10 * KEPT).corrections == 0, "what waits for a decision is not lost"
