"""The one way to write, the types, and what errors tell."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError, StatementError

from app import clock
from app.database import BUSY_SECONDS, Base, WriterLock, db, transaction, write_back
from app.errors import Unavailable
from app.supporters.silence import SilencedMailbox
from tests.factories.threads import at_once
from tests.support.lengths import length
from tests.support.processes import program_environ


def mailbox(number: int = 0, since: datetime | None = None) -> SilencedMailbox:
    """A small row that depends on no other."""
    return SilencedMailbox(email_index=number.to_bytes(32, "big"), since=since or datetime.now(UTC))


def stored() -> int:
    """Return how many of them there are."""
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(SilencedMailbox)) or 0


def test_a_transaction_commits_when_its_block_ends(app_context: Flask) -> None:
    with transaction() as session:
        session.add(mailbox())
        assert stored() == 0  # nobody else sees it yet
    assert stored() == 1


def test_a_transaction_that_raises_leaves_nothing_behind(app_context: Flask) -> None:
    def write() -> None:
        with transaction() as session:
            session.add(mailbox())
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert stored() == 0
    with transaction() as session:  # and the next one begins from nothing
        session.add(mailbox())
    assert stored() == 1


def test_a_broken_rule_of_the_database_undoes_the_whole(app_context: Flask) -> None:
    with pytest.raises(IntegrityError), transaction() as session:
        session.add_all([mailbox(1), mailbox(2), mailbox(1)])
    assert stored() == 0


def test_one_service_call_is_one_transaction(app_context: Flask) -> None:
    with transaction() as session:
        session.add(mailbox())
        with pytest.raises(RuntimeError, match="open already"), transaction():
            pass
        session.add(mailbox(1))
    assert stored() == 2


def test_after_a_transaction_reading_sees_what_was_written(app_context: Flask) -> None:
    assert stored() == 0
    db.session.scalars(sa.select(SilencedMailbox)).all()  # a reader that is open while it is written
    with transaction() as session:
        session.add(mailbox())
    assert len(db.session.scalars(sa.select(SilencedMailbox)).all()) == 1


def test_rows_of_a_closed_transaction_can_still_be_read(app_context: Flask) -> None:
    with transaction() as session:
        row = mailbox(7)
        session.add(row)
    assert row.email_index == (7).to_bytes(32, "big")


def test_an_error_does_not_tell_what_the_statement_was_given(app_context: Flask) -> None:
    planted = b"planted" + bytes(25)
    with pytest.raises(IntegrityError) as error, transaction() as session:
        session.add_all([SilencedMailbox(email_index=planted, since=datetime.now(UTC)) for _n in range(2)])
    told = str(error.value).splitlines()
    assert "SQL parameters hidden" in str(error.value)
    # PostgreSQL's own words (DETAIL) name the key: they are never logged, only the type of the error is.
    assert not [line for line in told if "planted" in line and "DETAIL" not in line]
    assert db.engine.hide_parameters


def test_foreign_keys_are_kept(app_context: Flask) -> None:
    from app.supporters.models import Consent

    orphan = Consent(
        supporter_id=uuid.uuid4(), purpose="letter", text="", text_version="1", given_at=datetime.now(UTC)
    )
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(orphan)


INSTANTS = [
    datetime(2026, 3, 29, 1, 30, tzinfo=ZoneInfo("Europe/Paris")),
    datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Paris"), fold=0),
    datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Paris"), fold=1),
    datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-11))),
    datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    datetime(1999, 1, 1, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
]


def test_instants_come_back_as_utc_to_the_microsecond(app_context: Flask) -> None:
    with transaction() as session:
        session.add_all(mailbox(number, since) for number, since in enumerate(INSTANTS))
    db.session.rollback()
    rows = db.session.scalars(sa.select(SilencedMailbox).order_by(SilencedMailbox.email_index)).all()
    instants = [instant.astimezone(UTC) for instant in INSTANTS]
    assert [row.since for row in rows] == instants
    assert {row.since.tzinfo for row in rows} == {UTC}
    by_time = db.session.scalars(sa.select(SilencedMailbox.since).order_by(SilencedMailbox.since)).all()
    assert by_time == sorted(instants)
    middle = instants[0]
    later = sa.select(sa.func.count()).where(SilencedMailbox.since > middle)
    assert db.session.scalar(later) == sum(one > middle for one in instants)


def test_an_instant_without_a_zone_is_refused(app_context: Flask) -> None:
    with pytest.raises(StatementError, match="without a time zone"), transaction() as session:
        session.add(mailbox(0, datetime(2026, 11, 21)))  # noqa: DTZ001 (that is what is refused)
    assert stored() == 0


@settings(max_examples=length(15, 40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seconds=st.integers(-(10**9), 10**10), zone=st.timezones())
def test_any_instant_comes_back(app_context: Flask, seconds: int, zone: tzinfo) -> None:
    since = datetime.fromtimestamp(seconds, zone)
    with transaction() as session:
        session.execute(sa.delete(SilencedMailbox))
        session.add(mailbox(0, since))
    db.session.rollback()
    assert db.session.scalars(sa.select(SilencedMailbox.since)).one() == since.astimezone(UTC)


def test_every_constraint_has_a_name() -> None:
    """A migration can only take away what has a name."""
    for table in Base.metadata.tables.values():
        for constraint in table.constraints:
            assert constraint.name, f"{table.name}: {constraint}"
        for index in table.indexes:
            assert index.name, table.name


def test_a_row_has_its_id_before_it_is_stored_and_no_field_that_is_none() -> None:
    assert mailbox().id != mailbox().id
    given_id = uuid.uuid4()
    assert SilencedMailbox(id=given_id).id == given_id
    with pytest.raises(TypeError, match="has no “colour”"):
        SilencedMailbox(colour="red")


@pytest.mark.backends("sqlite")  # its settings
def test_sqlite_is_set_up_to_lose_nothing(app_context: Flask) -> None:
    with db.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}


@pytest.mark.backends("postgresql")  # its setting
def test_postgresql_does_not_wait_for_ever_for_a_row(app_context: Flask) -> None:
    with db.engine.connect() as connection:
        assert connection.scalar(sa.text("SHOW lock_timeout")) == "5s"


WRITER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from app import create_worker_app
from app.database import transaction
from app.settings import Settings
from app.supporters.silence import SilencedMailbox

name, folder, span = int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
app = create_worker_app(Settings.from_environ())
with app.app_context():
    (folder / f"ready-{name}").touch()
    while len(list(folder.glob("ready-*"))) < 2:
        time.sleep(0.001)
    number, end = 0, time.monotonic() + span
    while time.monotonic() < end:
        with transaction() as session:
            row = name.to_bytes(1, "big") + number.to_bytes(31, "big")
            session.add(SilencedMailbox(email_index=row, since=datetime.now(UTC)))
        number += 1
"""


@pytest.mark.backends("sqlite")  # PostgreSQL's writers do not exclude each other
def test_two_steady_writers_get_their_turns(
    app_context: Flask, environ: dict[str, str], tmp_path: Path
) -> None:
    arguments = [str(tmp_path), "1.0"]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(name), *arguments], env=program_environ(environ))
        for name in (1, 2)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    db.session.rollback()
    counted = Counter(row[0] for row in db.session.scalars(sa.select(SilencedMailbox.email_index)))
    fewer, more = sorted(counted.values())
    assert fewer > 10
    assert more < 2 * fewer, counted


@pytest.mark.backends("sqlite")  # PostgreSQL has no turns
def test_a_turn_that_does_not_come_is_told(
    app_context: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.database.BUSY_SECONDS", 0.2)
    first, second = (WriterLock(tmp_path / "writers") for _process in range(2))
    with first.held():
        for waiting in (first, second):  # a thread of the same process, and another process
            began = time.monotonic()
            with pytest.raises(Unavailable), waiting.held():
                pass
            assert 0.1 < time.monotonic() - began < 2
    with second.held():
        pass


def test_turns_are_taken_one_at_a_time(tmp_path: Path) -> None:
    locks = [WriterLock(tmp_path / "writers") for _process in range(3)]
    inside: list[int] = []
    most: list[int] = []

    def write(lock: WriterLock) -> None:
        for _turn in range(20):
            with lock.held():
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.pop()

    threads = [threading.Thread(target=write, args=(lock,)) for lock in locks for _thread in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 120
    assert max(most) == 1


def test_many_threads_write_at_once_and_all_of_it_is_there(app_context: Flask) -> None:

    numbers = iter(range(1000))
    lock = threading.Lock()

    def write() -> None:
        for _row in range(10):
            with lock:
                number = next(numbers)
            with transaction() as session:
                session.add(mailbox(number, clock.now()))

    at_once(8, app_context, write)
    assert stored() == 80


@pytest.mark.backends("sqlite")  # its journal
def test_the_journal_is_written_back_and_waits_for_nobody_who_reads(app_context: Flask) -> None:
    journal = Path(f"{db.engine.url.database}-wal")
    with db.engine.connect() as reader:
        reader.scalars(sa.select(sa.func.count()).select_from(SilencedMailbox))
        with transaction() as session:
            session.add(mailbox())
        begun = time.monotonic()
        write_back()
        assert time.monotonic() - begun < BUSY_SECONDS / 2, "whoever writes would have been refused meanwhile"
        assert journal.stat().st_size > 0
    write_back()
    assert journal.stat().st_size == 0
