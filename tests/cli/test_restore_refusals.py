"""What `redress restore` refuses, and `redress backup` too: in a sentence, and before anything is changed."""

from __future__ import annotations

import json
import resource
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.backups.archive import MANIFEST
from app.backups.manifest import Manifest, read_manifest
from app.security.keys import KeyRing
from tests.cli.conftest import Run, bring_back, make
from tests.cli.test_commands import assert_refused
from tests.cli.test_db import tables
from tests.factories.letters import write_and_confirm
from tests.factories.storage import everything

pytestmark = pytest.mark.backends("sqlite", "postgresql")


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
