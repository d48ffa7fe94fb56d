"""Backups of an installation at work, restored after its loss: all there, and nothing sent a second time.

The short form of the promise; REDRESS_SOAK=1 makes it twenty restores.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, create_app
from app.backups.archive import opened
from app.backups.making import make_backup
from app.database import Base, db
from app.delivery import causes, stops
from app.delivery.models import Delivery, StateChange
from app.letters.models import Letter
from app.letters.resolving import resolve_unclear
from app.letters.settling import settle_all, unclear_groups
from app.security.audit import check_chain
from app.security.keys import KeyRing, current_keys
from app.settings import Settings
from tests.delivery.test_relay_log import SENT, line
from tests.factories.campaigns import store_campaign
from tests.factories.letters import write_and_confirm
from tests.factories.recipients import OfficeFactory
from tests.factories.storage import decrypted
from tests.support.databases import Backend
from tests.support.lengths import length
from tests.support.nursery import Nursery, run_borne
from tests.support.smtp import RecordingSmtpServer

RESTORES = length(1, 20)
WORKERS = 2
ACTOR = "organizer:00000000-0000-0000-0000-000000000001"


@dataclass
class Writer:
    """Somebody who writes and confirms letters, one after the other, while all goes on.

    Args:
        app: the site.
        slug: the campaign.
    """

    app: Flask
    slug: str
    written: int = 0
    error: str = ""

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def _write(self) -> None:
        try:
            with self.app.app_context():
                while not self._stop.is_set():
                    write_and_confirm(self.slug)
                    self.written += 1
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"

    def end(self) -> None:
        """Let them come to an end."""
        self._stop.set()
        self._thread.join(30)
        assert not self.error


@pytest.fixture
def at_work(
    app_context: Flask, environ: dict[str, str], smtp_server: RecordingSmtpServer, tmp_path: Path
) -> Callable[[], list[Path]]:
    """Let people write and workers send, and make backups at random moments; then all of it is lost.

    The last backup is made after the workers were: something in it never left.
    """
    slug = store_campaign([OfficeFactory.build() for _office in range(3)])
    workers = Nursery(environ | {"REDRESS_SMTP_URL": smtp_server.url}, tmp_path / "workers.log")

    def work() -> list[Path]:
        chance = random.Random(7)
        made = [tmp_path / f"{number}.backup" for number in range(RESTORES + 1)]
        with workers.running():
            for _worker in range(WORKERS):
                workers.bear()
            writer = Writer(app_context, slug)
            for path in made[:-1]:
                smtp_server.wait_for(smtp_server.count + 20, timeout=60)
                time.sleep(chance.random() / 5)
                make_backup(path, ring=current_keys().ring, now=clock.now())
            smtp_server.wait_for(smtp_server.count + 50, timeout=60)
            writer.end()
            assert "Traceback" not in workers.output
        for _letter in range(5):
            write_and_confirm(slug)
        make_backup(made[-1], ring=current_keys().ring, now=clock.now())
        return made

    return work


def test_what_is_restored_is_whole_and_nothing_is_sent_twice(
    at_work: Callable[[], list[Path]],
    backend: Backend,
    environ: dict[str, str],
    smtp_server: RecordingSmtpServer,
    keys_file: Path,
) -> None:
    backups = at_work()
    before = ids_taken(smtp_server)
    assert set(before.values()) == {1}
    left_since = unclear = 0
    for backup in backups:
        database = backend.make_empty()
        lost = environ | {"REDRESS_DATABASE_URL": database, "REDRESS_SMTP_URL": smtp_server.url}
        ended = run_borne("restore", str(backup), environ=lost, timeout=120)
        assert (ended.returncode, ended.stderr) == (0, "")
        app = create_app(Settings.from_environ(lost))
        with app.app_context():
            judge_whole(backup, KeyRing.load(keys_file))
            assert stops.find_stop("site") is not None
            left_since += count_unclear_among(set(before))
            unclear += len(unclear_ids())
            stops.resume("site", actor="test", now=clock.now())
            assert run_borne("worker", "--drain", environ=lost, timeout=120).returncode == 0
            assert ids_taken(smtp_server) == before, "something left a second time"
            if backup == backups[-1]:
                settle_the_rest(lost, smtp_server, before)
            db.session.close()
            db.engine.dispose()
        backend.drop(database)
    print(f"\n{len(backups)} restored; {unclear} unclear, of which {left_since} had left after the backup")
    assert left_since, "nothing left after the backups: they were tried for nothing"


def ids_taken(smtp_server: RecordingSmtpServer) -> Counter[str]:
    """Return how often the mail server took each Message-ID."""
    return Counter(str(taken.message["Message-ID"]) for taken in smtp_server.envelopes)


def unclear_ids() -> set[str]:
    """Return the Message-IDs of what is unclear."""
    return set(db.session.scalars(sa.select(Delivery.message_id).where(Delivery.state == "unclear")))


def count_unclear_among(left: set[str]) -> int:
    """Return how many unclear mails the mail server took before the loss."""
    return len(unclear_ids() & left)


def judge_whole(backup: Path, ring: KeyRing) -> None:
    """Hold the restored database against what the backup says, open all of its values, and its journal."""
    with opened(backup, ring) as reader:
        told = reader.manifest.counts
    written_to = {"state_changes", "audit_entries", "stops", "workers", "attempts", "reply_questions"}
    with db.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            rows = connection.scalar(sa.select(sa.func.count()).select_from(table))
            if table.name in written_to:
                assert rows is not None
                assert rows >= (told[table.name] if table.name not in {"workers"} else 0)
            else:
                assert rows == told[table.name], table.name
    assert check_chain() is None
    assert sum(value != "" for rows in decrypted().values() for _id, value in rows) > len(told)
    deliveries = db.session.scalars(sa.select(Delivery)).all()
    for mail in deliveries:
        assert mail.text or mail.recipe or mail.state == "awaiting_confirmation"
        assert mail.leased_by is None
        assert mail.state in {"accepted", "unclear", "awaiting_confirmation"}, mail.state
    for letter in db.session.scalars(sa.select(Letter)):
        assert letter.supporter.name.startswith("Mariam Writer")
        assert letter.supporter.email.endswith("@people.example")
        assert letter.personal_message
    entries = db.session.scalars(sa.select(StateChange.delivery_id)).all()
    assert Counter(entries) == Counter({mail.id: mail.change_count for mail in deliveries})


def settle_the_rest(lost: dict[str, str], smtp_server: RecordingSmtpServer, before: Counter[str]) -> None:
    """Look what is unclear up in the mail server's log; then send the rest, each once."""
    waiting = unclear_ids()
    log = []
    for place, message_id in enumerate(before):
        log += [line("cleanup", f"4A{place:05}", f"message-id={message_id}")]
        log += [line("smtp", f"4A{place:05}", SENT)]
    resolved = resolve_unclear(log, now=clock.now())
    assert resolved.taken == len(waiting & set(before))
    assert resolved.left == len(waiting - set(before)) > 0
    db.session.rollback()
    for group in unclear_groups():
        assert group.restored <= group.count
        again(group.key, until=group.until)
    assert run_borne("worker", "--drain", environ=lost, timeout=120).returncode == 0
    after = ids_taken(smtp_server)
    assert set(after) == set(before) | waiting
    assert set(after.values()) == {1}
    found = set(db.session.scalars(sa.select(StateChange.cause).distinct()))
    assert causes.RESTORED in found


def again(key: str, *, until: datetime) -> None:
    """Decide that all of a kind are sent again."""
    outcome = settle_all(key, "again", until=until, actor=ACTOR, now=clock.now())
    assert (outcome.failed, outcome.left) == (0, 0)
