"""The audit log: a chain that shows where somebody tampered with it."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from app.database import db, transaction
from app.letters.values import PLAIN_NAMES
from app.organizers import audit as reading
from app.organizers.audit_words import ACTIONS
from app.security import audit
from app.security.audit import AuditEntry, actor_of, check_chain
from tests.factories.organizers import store_account
from tests.factories.threads import at_once

NOW = datetime(2026, 11, 21, 12, 30, 15, 123456, tzinfo=UTC)
OFFICE = uuid.UUID("00000000-0000-0000-0000-00000000c0de")


def write(count: int = 1, action: str = "recipient.edited") -> None:
    with transaction() as session:
        for number in range(count):
            audit.record(
                session,
                action,
                actor=audit.SYSTEM,
                now=NOW + timedelta(seconds=number),
                kind="recipient",
                object_id=OFFICE,
                detail={"changed": "titel, Ö", "number": str(number)},
            )


def test_a_chain_that_nobody_touched_is_whole(app_context: Flask) -> None:
    assert check_chain() is None
    write(5)
    assert check_chain() is None
    numbers = list(db.session.scalars(select(AuditEntry.number).order_by(AuditEntry.number)))
    assert numbers == [1, 2, 3, 4, 5]


CHANGES: list[dict[str, object]] = [
    {"action": "recipient.closed"},
    {"actor": "organizer:somebody else"},
    {"at": NOW + timedelta(microseconds=1)},
    {"object_id": None},
    {"object_kind": "letter"},
    {"detail": {"changed": "title"}},
    {"previous_hash": bytes(32)},
    {"hash": b"x" * 32},
    {"number": 9},
]


def tamper(where: int, values: dict[str, object]) -> None:
    with transaction() as session:
        session.execute(update(AuditEntry).where(AuditEntry.number == where).values(**values))


def test_a_changed_entry_is_found(app_context: Flask) -> None:
    write(5)
    third = db.session.scalars(select(AuditEntry).where(AuditEntry.number == 3)).one()
    as_it_was = {column.key: getattr(third, column.key) for column in AuditEntry.__table__.columns}
    for change in CHANGES:
        tamper(3, change)
        assert check_chain() == 3, change
        tamper(int(str(change.get("number", 3))), as_it_was)
        db.session.rollback()
        assert check_chain() is None, change


@pytest.mark.parametrize("gone", [1, 3])
def test_a_missing_entry_is_found(app_context: Flask, gone: int) -> None:
    write(5)
    with transaction() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.number == gone))
    assert check_chain() == gone


def test_a_chain_that_was_made_up_without_the_key_is_found(app_context: Flask) -> None:
    write(2)
    with transaction() as session:
        last = session.scalars(select(AuditEntry).where(AuditEntry.number == 2)).one()
        forged = AuditEntry(
            number=3,
            at=NOW,
            actor=audit.SYSTEM,
            action="recipient.edited",
            object_kind="",
            detail={},
            previous_hash=last.hash,
            hash=b"guessed".ljust(32, b"!"),
        )
        session.add(forged)
    assert check_chain() == 3


def test_the_program_itself_cannot_change_an_entry(app_context: Flask) -> None:
    write()
    with pytest.raises(RuntimeError), transaction() as session:
        session.scalars(select(AuditEntry)).one().action = "something else"
    with pytest.raises(RuntimeError), transaction() as session:
        session.delete(session.scalars(select(AuditEntry)).one())
    assert check_chain() is None


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_many_write_at_once_and_the_chain_holds(app_context: Flask) -> None:
    at_once(4, app_context, lambda: [write(2) for _turn in range(3)])
    assert db.session.scalar(select(func.count(AuditEntry.id))) == 24
    assert check_chain() is None


def test_what_is_undone_leaves_no_entry(app_context: Flask) -> None:
    def fail() -> None:
        with transaction() as session:
            audit.record(session, "recipient.edited", actor=audit.SYSTEM, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    write()
    assert db.session.scalar(select(func.count(AuditEntry.id))) == 1
    assert check_chain() is None


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=3))
def test_one_entry_has_one_spelling(detail: dict[str, str]) -> None:
    entry = AuditEntry(number=1, at=NOW, actor="a", action="b", object_kind="", detail=detail)
    turned = AuditEntry(
        number=1, at=NOW, actor="a", action="b", object_kind="", detail=dict(reversed(detail.items()))
    )
    assert audit.canonical(entry) == audit.canonical(turned)
    assert audit.canonical(entry).isascii()


def test_lines_name_people_and_come_in_pages(app_context: Flask) -> None:
    account = store_account("owner")
    organizer = reading.names_of_actors()
    actor = next(name for name, email in organizer.items() if email == account.email)
    write(4)
    with transaction() as session:
        audit.record(session, "organizer.signed_in", actor=actor, now=NOW)
    newest, *older = reading.lines(limit=3)
    assert (newest.who, newest.what) == (account.email, "signed in")
    assert [line.entry.number for line in older] == [4, 3]
    assert [line.entry.number for line in reading.lines(before=3)] == [2, 1]
    assert len(reading.lines(about=OFFICE)) == 4
    assert actor_of(uuid.UUID(int=1)) == "organizer:00000000-0000-0000-0000-000000000001"


def test_every_action_of_the_program_has_words() -> None:
    nouns = "correction|organizer|invitation|recipient|holder|contact|campaign|letter|delivery|rule"
    nouns += "|fact|person|measure|joint|post"
    nouns += "|update|reply|notices|database|key|privacy"
    root = Path(reading.__file__).resolve().parents[1]
    named = set()
    for path in root.rglob("*.py"):
        named |= set(re.findall(rf'"((?:{nouns})\.[a-z_]+)"', path.read_text(encoding="utf-8")))
    # The letter language's own names look alike; so does the file that a campaign stands in.
    assert named - set(PLAIN_NAMES) - {"campaign.yaml", "evidence.yaml", "letter.typ"} == set(ACTIONS)
