"""`redress backup` and `redress restore`: whole, private, and with nothing that leaves by itself."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, create_app
from app.backups.archive import MANIFEST
from app.backups.manifest import fingerprints
from app.database import db, transaction
from app.delivery import causes, stops
from app.delivery.models import Attempt, Delivery, WorkerProcess
from app.letters.confirming import confirm
from app.letters.models import Letter
from app.letters.readdressing import release_waiting
from app.letters.replies.asking import ask_what_came_back
from app.letters.replies.models import ReplyQuestion
from app.organizers.models import OrganizerSession
from app.security.audit import AuditEntry, check_chain
from app.security.keys import KeyRing
from app.settings import Settings
from tests.cli.conftest import Run, bring_back, make
from tests.cli.test_db import NEWEST
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies, write_and_confirm, write_and_find_token
from tests.factories.organizers import desk_of
from tests.factories.recipients import ContactFactory
from tests.factories.storage import decrypted, everything

BOTH = pytest.mark.backends("sqlite", "postgresql")

CHANGED = {"deliveries", "state_changes", "attempts", "stops", "audit_entries", "workers", "organizers"}
"""Tables that restoring writes to."""


@contextmanager
def site(environ: dict[str, str]) -> Iterator[Flask]:
    """The application on another database."""
    app = create_app(Settings.from_environ(environ))
    with app.app_context():
        yield app
        db.session.close()
        db.engine.dispose()


def states(kind: str = "letter") -> dict[str, tuple[str, str]]:
    """Return state and reason of the copies by their way and place, or of our own mails."""
    db.session.rollback()
    query = sa.select(Delivery).where(Delivery.kind == kind).order_by(Delivery.created_at, Delivery.position)
    rows = db.session.scalars(query).all()
    return {f"{row.channel} {number}": (row.state, row.reason) for number, row in enumerate(rows)}


def bring(to: str, *, dot: bool = False) -> None:
    """Bring the copies by mail that wait into another state, as a worker has them."""
    now = clock.now()
    waiting = (Delivery.kind == "letter", Delivery.state == "queued")
    with transaction() as session:
        for copy in session.scalars(sa.select(Delivery).where(*waiting)):
            if to == "sending":
                copy.attempt_count, copy.leased_by, copy.lease_until = 1, "lost", now + timedelta(minutes=5)
                begun = {"delivery_id": copy.id, "number": 1, "worker": "lost", "started_at": now}
                session.add(Attempt(**begun, dot_pending_at=now if dot else None))
            copy.state, copy.due_at = to, now + timedelta(hours=1) if to == "deferred" else None


@BOTH
def test_all_that_was_there_is_there_again(
    command: Run, slug: str, environ: dict[str, str], spare: dict[str, str], file: Path, keys_file: Path
) -> None:
    for _letter in range(3):
        write_and_confirm(slug, personal_message="“Ünïcode”\n.\n\ttab \\ backslash \\N and 水")
    bring("accepted")
    before, opened = everything(), decrypted()
    ended = make(command, environ, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.glob("*monday*")] == [file.name]
    assert f"edition {NEWEST}" in ended.out
    assert "3 letters" in ended.out
    assert str(keys_file) in ended.out
    told = bring_back(command, spare, file)
    assert "3 letters. Sending is stopped" in told.out
    with site(spare):
        after = everything()
        assert {name: len(rows) for name, rows in before.items() if name not in CHANGED} == {
            name: len(rows) for name, rows in after.items() if name not in CHANGED
        }
        assert all(after[name] == rows for name, rows in before.items() if name not in CHANGED)
        assert len(after["deliveries"]) == len(before["deliveries"])
        assert decrypted() == opened
        assert sum(value != "" for rows in opened.values() for _id, value in rows) > 20
        assert check_chain() is None
        assert command("db", "current", environ=spare).out == f"{NEWEST}\n"
    assert "backed_up" in str(everything()["audit_entries"])


def test_the_keys_are_not_in_it(
    command: Run, slug: str, environ: dict[str, str], file: Path, keys_file: Path
) -> None:
    write_and_confirm(slug)
    out = make(command, environ, file).out
    stored = json.loads(keys_file.read_text())
    with zipfile.ZipFile(file) as archive:
        inside = b"".join(archive.read(name) for name in archive.namelist())
        told = archive.read(MANIFEST).decode()
    ring = KeyRing.load(keys_file)
    for written in [stored["root"], *stored["encryption"].values()]:
        raw = base64.b64decode(written)
        for form in (written.encode(), raw, raw.hex().encode()):
            assert form not in inside
        assert written not in out
    assert fingerprints(ring)["1"] in told
    assert f"key 1 {fingerprints(ring)['1']}" in out
    # It says in itself what it is.
    manifest = json.loads(told)
    assert manifest["edition"] == NEWEST
    assert manifest["counts"]["letters"] == 1


@BOTH
def test_sending_is_stopped_and_nothing_that_waited_leaves_by_itself(
    command: Run, slug: str, environ: dict[str, str], spare: dict[str, str], file: Path
) -> None:
    write_and_confirm(slug)
    bring("deferred")
    write_and_confirm(slug)
    unconfirmed = write_and_find_token(slug)
    stops.stop("site", reason="A wrong figure", actor="test", now=clock.now())
    make(command, environ, file)
    out = bring_back(command, spare, file).out
    assert "5 mails are unclear, 4 copies are held" in out
    assert "1 letters waited for their writers" in out
    with site(spare):
        (stop,) = stops.all_stops()
        assert (stop.scope, stop.notices, stop.by) == ("site", True, "command line")
        assert "restored from the backup of" in stop.reason
        assert "A wrong figure" in stop.reason
        entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number.desc())).first()
        assert entry is not None
        assert (entry.action, entry.actor) == ("database.restored", "command line")
        assert entry.detail["unclear"] == "5"
        found = states()
        restored = causes.RESTORED
        assert list(found.values()) == [
            *[("unclear", restored), ("held", restored), ("held", restored)] * 2,
            *[("awaiting_confirmation", restored)] * 3,
        ]
        assert set(states("notice").values()) == {("unclear", restored)}
        # Not when the office gets a contact, and not when its writer confirms once more.
        office = copies()[-1].recipient_id
        with transaction() as session:
            session.add(ContactFactory.build(recipient_id=office))
        assert release_waiting(now=clock.now()) == 0
        confirm(unconfirmed, now=clock.now())
        assert {state for state, _reason in states().values()} == {"unclear", "held"}
        assert command("resume", environ=spare).out == "Goes on: the whole site.\n"
        assert command("worker", "--drain", environ=spare).status == 0
        assert not db.session.scalars(sa.select(Attempt)).all()
    assert stops.find_stop("site") is not None  # where the backup was made nothing was changed


@pytest.mark.parametrize("dot", [False, True])
@pytest.mark.parametrize("option", [(), ("--nothing-left-since",)])
def test_what_a_worker_had_in_hand(
    command: Run,
    slug: str,
    environ: dict[str, str],
    spare: dict[str, str],
    file: Path,
    dot: bool,
    option: tuple[str, ...],
) -> None:
    write_and_confirm(slug)
    bring("sending", dot=dot)
    with transaction() as session:
        seen = {"started_at": clock.now(), "seen_at": clock.now()}
        session.add(WorkerProcess(name="lost", machine="", pid=1, process_start=0, **seen))
    make(command, environ, file)
    bring_back(command, spare, file, *option)
    with site(spare):
        state, reason = next(iter(states().values()))
        if dot:
            assert (state, reason) == ("unclear", causes.WORKER_LOST_AT_THE_DOT)
        else:
            assert (state, reason) == (
                ("queued", causes.WORKER_LOST) if option else ("unclear", causes.RESTORED)
            )
        assert db.session.scalars(sa.select(Delivery.leased_by)).unique().all() == [None]
        assert not everything()["workers"]
        assert db.session.scalars(sa.select(Attempt.ended_at)).one() is not None


def test_who_knows_that_nothing_left_keeps_the_queue(
    command: Run, slug: str, environ: dict[str, str], spare: dict[str, str], file: Path
) -> None:
    write_and_confirm(slug)
    before = states() | states("notice")
    make(command, environ, file)
    out = bring_back(command, spare, file, "--nothing-left-since").out
    assert "unclear" not in out
    with site(spare):
        assert states() | states("notice") == before
        assert stops.find_stop("site") is not None
        assert command("worker", "--drain", environ=spare).status == 0
        assert states() | states("notice") == before


def test_nobody_is_asked_twice_what_came_back(
    command: Run, slug: str, environ: dict[str, str], spare: dict[str, str], file: Path
) -> None:
    write_and_confirm(slug)
    with transaction() as session:
        long_ago = clock.now() - timedelta(days=15)
        taken = {"state": "accepted", "state_at": long_ago, "due_at": None}
        session.execute(sa.update(Delivery).where(Delivery.kind == "letter").values(taken))
        session.execute(sa.update(Letter).values(confirmed_at=long_ago))
    make(command, environ, file)
    assert ask_what_came_back(now=clock.now()) == 1
    link = db.session.scalars(sa.select(ReplyQuestion.token_hash)).one()
    bring_back(command, spare, file)
    with site(spare):
        assert ask_what_came_back(now=clock.now()) == 0
        # The link in the mail that they got leads on.
        assert db.session.scalars(sa.select(ReplyQuestion.token_hash)).one() == link


def test_all_organizers_sign_in_anew(
    command: Run, app: Flask, environ: dict[str, str], spare: dict[str, str], file: Path
) -> None:
    with app.app_context():
        desk = desk_of(app, "organizer")
        assert desk.get("/admin/").status_code == 200
        make(command, environ, file)
    bring_back(command, spare, file)
    with site(spare):
        assert None not in db.session.scalars(sa.select(OrganizerSession.ended_at)).all()


@BOTH
def test_a_backup_of_an_older_edition_is_brought_up_to_date(
    command: Run, environ: dict[str, str], spare: dict[str, str], file: Path, app_context: Flask
) -> None:
    write_and_confirm(store_campaign())
    bring("accepted")
    opened = decrypted()
    db.session.rollback()
    assert command("db", "downgrade", "0016", environ=environ).status == 0
    assert "edition 0016" in command("backup", str(file), environ=environ).out
    bring_back(command, spare, file)
    with site(spare):
        assert command("db", "current", environ=spare).out == f"{NEWEST}\n"
        assert {name: rows for name, rows in decrypted().items() if name != "Letter.edits"} == {
            name: rows for name, rows in opened.items() if name != "Letter.edits"
        }
