"""`redress backup` and `redress restore`: whole, private, and with nothing that leaves by itself."""

from __future__ import annotations

import base64
import json
import resource
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, create_app
from app.backups.archive import MANIFEST
from app.backups.manifest import Manifest, fingerprints, read_manifest
from app.database import Base, db, transaction
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
from app.security.sealed import SealedColumn
from app.settings import Settings
from tests.cli.conftest import Ended, Run
from tests.cli.test_commands import assert_refused
from tests.cli.test_db import NEWEST, tables
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies, write_and_confirm, write_and_find_token
from tests.factories.organizers import desk_of
from tests.factories.recipients import ContactFactory, OfficeFactory
from tests.factories.storage import everything

pytestmark = pytest.mark.backends("sqlite", "postgresql")

POSTAL = {"street": "1 Long Street", "city": "Geneva", "postal_code": "1211"}
CHANGED = {"deliveries", "state_changes", "attempts", "stops", "audit_entries", "workers", "organizers"}
"""Tables that restoring writes to."""


@pytest.fixture
def slug(app_context: Flask) -> str:
    """A campaign with an office that takes mail, one that takes paper, and one that takes nothing yet."""
    paper = ContactFactory.build(channel="post", value="", postal=POSTAL, country="CH")
    return store_campaign(
        [
            OfficeFactory.build(slug="mail"),
            OfficeFactory.build(slug="paper", contacts=[paper]),
            OfficeFactory.build(slug="none", contacts=[]),
        ]
    )


@pytest.fixture
def spare(environ: dict[str, str], empty_database_url: str) -> dict[str, str]:
    """The same installation after its loss: its key file, and a database without a table."""
    return environ | {"REDRESS_DATABASE_URL": empty_database_url}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a backup goes."""
    return tmp_path / "monday.backup"


@contextmanager
def site(environ: dict[str, str]) -> Iterator[Flask]:
    """The application on another database."""
    app = create_app(Settings.from_environ(environ))
    with app.app_context():
        yield app
        db.session.close()
        db.engine.dispose()


def decrypted() -> dict[str, list[Any]]:
    """Return every value that is encrypted at rest, opened, by column and row."""
    found: dict[str, list[Any]] = {}
    for mapper in Base.registry.mappers:
        for name, part in vars(mapper.class_).items():
            if isinstance(part, SealedColumn):
                rows = db.session.scalars(sa.select(mapper.class_).order_by(mapper.class_.id))
                found[f"{mapper.class_.__name__}.{name}"] = [(row.id, getattr(row, name)) for row in rows]
    return found


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


def make(command: Run, environ: dict[str, str], file: Path) -> Ended:
    """Make a backup."""
    ended = command("backup", str(file), environ=environ)
    assert (ended.status, ended.err) == (0, ""), ended
    return ended


def bring_back(command: Run, environ: dict[str, str], file: Path, *options: str) -> Ended:
    """Restore a backup."""
    ended = command("restore", str(file), *options, environ=environ)
    assert (ended.status, ended.err) == (0, ""), ended
    return ended


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


def written_anew(file: Path, ring: KeyRing, change: Callable[[Manifest], Manifest]) -> None:
    """Change what a backup says about itself, and seal it as its own program would."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            told = change(read_manifest(content)).sealed(ring).written() if name == MANIFEST else content
            archive.writestr(name, told)


def refuse(command: Run, environ: dict[str, str], file: Path, *words: str) -> None:
    """Hold a refused restore against the contract: said in a sentence, and nothing was changed."""
    before = tables(environ)
    assert_refused(command("restore", str(file), environ=environ), *words)
    assert tables(environ) == before
    database = environ["REDRESS_DATABASE_URL"]
    if database.startswith("sqlite"):
        assert not list(Path(database.removeprefix("sqlite:///")).parent.glob("*.restoring"))
    else:
        engine = sa.create_engine(database)
        assert "redress_restoring" not in sa.inspect(engine).get_schema_names()
        engine.dispose()


def test_a_file_that_is_cut_off_or_altered_is_refused(
    command: Run, slug: str, environ: dict[str, str], spare: dict[str, str], file: Path, tmp_path: Path
) -> None:
    write_and_confirm(slug)
    make(command, environ, file)
    whole = file.read_bytes()
    broken = tmp_path / "broken.backup"
    for length in (0, 1, len(whole) // 3, len(whole) - 100, len(whole) - 1):
        broken.write_bytes(whole[:length])
        refuse(command, spare, broken, "cut off or altered")
    with zipfile.ZipFile(file) as archive:
        # In the midst of each part's content: some bytes between the parts mean nothing.
        parts = [part for part in archive.infolist() if part.compress_size > 200]
    assert len(parts) > 1
    for place in (part.header_offset + 100 + part.compress_size // 2 for part in parts):
        altered = bytearray(whole)
        altered[place] ^= 0x10
        broken.write_bytes(altered)
        refuse(command, spare, broken, "cut off or altered")
    broken.write_bytes(b"dear office\n" * 100)
    refuse(command, spare, broken, "no backup of Redress")
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("holiday.txt", "the sea")
    refuse(command, spare, broken, "no backup of Redress")
    for told in (b"[]", b"{}", b'{"format": 1}', b"\xff", b'{"format": "a"}'):
        with zipfile.ZipFile(broken, "w") as archive:
            archive.writestr(MANIFEST, told)
        refuse(command, spare, broken, "no backup of Redress")
    bring_back(command, spare, file)


def test_what_is_not_for_this_program_database_or_key_file_is_refused(
    command: Run, slug: str, environ: dict[str, str], spare: dict[str, str], file: Path, keys_file: Path
) -> None:
    write_and_confirm(slug)
    make(command, environ, file)
    ring, whole = KeyRing.load(keys_file), file.read_bytes()
    other = "postgresql" if spare["REDRESS_DATABASE_URL"].startswith("sqlite") else "sqlite"
    cases: list[tuple[Callable[[Manifest], Manifest], str]] = [
        (lambda told: replace(told, format=2), "newer Redress"),
        (lambda told: replace(told, edition="9999"), "newer edition (9999)"),
        (lambda told: replace(told, database=other), "same kind only"),  # type: ignore[arg-type]
        (lambda told: replace(told, keys={"7": "00000000"}), "lacks key 7"),
        (lambda told: replace(told, members=()), "othing was changed"),
        (lambda told: replace(told, members=told.members[:1], counts={}), "othing was changed"),
    ]
    for change, said in cases[: None if other == "sqlite" else 5]:
        file.write_bytes(whole)
        written_anew(file, ring, change)
        refuse(command, spare, file, said)
    file.write_bytes(whole)
    foreign = keys_file.with_name(f"{keys_file.name}.{file.parent.name}")
    KeyRing.generate(foreign)
    refuse(command, spare | {"REDRESS_KEYS_FILE": str(foreign)}, file, "another key file")
    # Another key under the same number, as somebody makes who repairs a key file by hand.
    stored, theirs = json.loads(keys_file.read_text()), json.loads(foreign.read_text())
    foreign.write_text(json.dumps(stored | {"encryption": theirs["encryption"]}))
    refuse(command, spare | {"REDRESS_KEYS_FILE": str(foreign)}, file, "lacks key 1")
    # And where the backup said otherwise, its values are tried.
    written_anew(file, ring, lambda told: replace(told, keys={}))
    refuse(command, spare | {"REDRESS_KEYS_FILE": str(foreign)}, file, "cannot be opened")
    assert_refused(
        command("backup", f"{file}.2", environ=environ | {"REDRESS_KEYS_FILE": str(foreign)}),
        "cannot be opened",
    )
    assert not Path(f"{file}.2").exists()
    foreign.unlink()


def test_a_database_that_is_not_empty_is_left_alone(
    command: Run, slug: str, environ: dict[str, str], file: Path
) -> None:
    write_and_confirm(slug)
    make(command, environ, file)
    before = everything()
    refuse(command, environ, file, "into an empty one only")
    assert everything() == before


def test_files_and_folders_that_cannot_be_are_told(
    command: Run, environ: dict[str, str], spare: dict[str, str], file: Path, tmp_path: Path
) -> None:
    file.write_text("mine")
    assert_refused(command("backup", str(file), environ=environ), "exists already")
    assert file.read_text() == "mine"
    assert_refused(
        command("backup", str(tmp_path / "no" / "x"), environ=environ), "No such file or directory"
    )
    assert_refused(command("backup", str(tmp_path), environ=environ), "directory")
    assert_refused(command("backup", "/proc/x", environ=environ), "/proc/x cannot be written")
    assert_refused(command("backup", str(tmp_path / "x"), environ=spare), "nothing to back up")
    assert not (tmp_path / "x").exists()
    assert_refused(command("restore", str(tmp_path / "x"), environ=spare), "No such file or directory")
    assert_refused(command("restore", str(tmp_path), environ=spare), "directory")


def test_a_full_disk_is_told_and_leaves_nothing(
    command: Run, slug: str, environ: dict[str, str], spare: dict[str, str], file: Path, tmp_path: Path
) -> None:
    for _letter in range(10):
        write_and_confirm(slug)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))
    try:
        ended = command("backup", str(file), environ=environ)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert_refused(ended, "cannot be")
    assert not [left for left in file.parent.iterdir() if "monday" in left.name]
    make(command, environ, file)
    if spare["REDRESS_DATABASE_URL"].startswith("sqlite"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))
        try:
            refuse(command, spare, file, "cannot be written", "Nothing was changed")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    bring_back(command, spare, file)


def test_what_a_killed_restore_left_is_no_hindrance(
    command: Run, slug: str, environ: dict[str, str], spare: dict[str, str], file: Path
) -> None:
    write_and_confirm(slug)
    make(command, environ, file)
    address = spare["REDRESS_DATABASE_URL"]
    if address.startswith("sqlite"):
        folder = Path(address.removeprefix("sqlite:///") + ".restoring")
        folder.mkdir()
        shutil.copyfile(__file__, folder / "redress.sqlite")
    else:
        engine = sa.create_engine(address)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA redress_restoring")
            connection.exec_driver_sql("CREATE TABLE redress_restoring.letters (id int)")
        engine.dispose()
    bring_back(command, spare, file)
    assert "letters" in tables(spare)
