"""`redress keys rotate`: its three steps, what it says of each, and what it refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.cli import keys
from app.database import db
from app.security import resealing
from app.security.audit import AuditEntry
from app.security.keys import KeyRing
from app.supporters.models import Supporter
from tests.cli.conftest import Ended, Run
from tests.cli.test_commands import assert_refused
from tests.factories.sealed import keys_used, opened, own_keys, sealed_values, store_supporters

ROTATE = ("keys", "rotate")


@pytest.fixture
def environ(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """This test's installation, with keys that nobody else uses."""
    return own_keys(environ, tmp_path)


@pytest.fixture
def path(environ: dict[str, str]) -> Path:
    """The key file."""
    return Path(environ["REDRESS_KEYS_FILE"])


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare each test the time in which others notice; tests/faults/test_key_rotation.py takes it."""
    monkeypatch.setattr(keys, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(resealing, "BETWEEN", 0.01)


def finding(ended: Ended) -> str:
    """Return what the doctor says about keys."""
    (line,) = (line for line in ended.out.splitlines() if " Keys: " in line)
    return line


def long_ago(path: Path) -> None:
    """Let the key file be unchanged for so long that nobody has anything in hand any more."""
    os.utime(path, (0, 0))


def test_three_steps_to_another_key(
    command: Run, app_context: Flask, environ: dict[str, str], path: Path, tmp_path: Path
) -> None:
    store_supporters(250)
    before = opened(KeyRing.load(path), sealed_values())
    ended = command(*ROTATE, environ=environ)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("Key 2 was added; it seals nothing yet.\n")
    assert "redress keys rotate --use" in ended.out
    assert command(*ROTATE, environ=environ).out.startswith("Key 2 waits already")
    assert keys_used() == {1: 1750}
    assert finding(command("doctor", environ=environ)).startswith("ok      Keys: key 1 seals; key 2 waits")

    ended = command(*ROTATE, "--use", environ=environ)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("Key 2 seals. 250 rows were sealed anew.\nNothing here needs key 1 any more")
    assert "redress keys rotate --retire" in ended.out
    assert keys_used() == {2: 1750}
    assert finding(command("doctor", environ=environ)) == "ok      Keys: key 2 seals; in the file: 1, 2"

    long_ago(path)
    assert_refused(command(*ROTATE, "--retire", environ=environ), "need key 1", "--keep FILE", "--forget")
    kept = tmp_path / "kept.json"
    ended = command(*ROTATE, "--retire", "--keep", str(kept), environ=environ)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("Removed from the key file: key 1.")
    assert str(kept) in ended.out
    assert sorted(KeyRing.load(path).encryption) == [2]
    assert sorted(KeyRing.load(kept).encryption) == [1, 2]
    assert finding(command("doctor", environ=environ)) == "ok      Keys: key 2 seals"
    assert command(*ROTATE, "--retire", environ=environ).out == "The key file has no older key.\n"
    assert opened(KeyRing.load(path), sealed_values()) == before


def test_what_is_broken_off_is_gone_on_with(
    command: Run,
    app_context: Flask,
    environ: dict[str, str],
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_supporters(250)
    command(*ROTATE, environ=environ)
    with monkeypatch.context() as broken:
        stores = iter([resealing._store])

        def store_once(table: sa.Table, anew: list[resealing._Anew]) -> int:
            return next(stores)(table, anew)

        broken.setattr(resealing, "_store", store_once)
        assert command(*ROTATE, "--use", environ=environ).status == 2
    assert keys_used() == {1: 1050, 2: 700}
    doctor = command("doctor", environ=environ)
    assert doctor.status == 1
    assert finding(doctor).startswith("CHECK   Keys: key 2 seals; still under an older key")
    assert ": 1050;" in finding(doctor)
    long_ago(path)
    refused = command(*ROTATE, "--retire", "--forget", environ=environ)
    assert_refused(refused, "1050 values", "--use", "Nothing was changed")
    assert sorted(KeyRing.load(path).encryption) == [1, 2]
    ended = command(*ROTATE, "--use", environ=environ)
    assert ended.out.startswith("Key 2 seals. 150 rows were sealed anew.\n")
    assert keys_used() == {2: 1750}
    told = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number)).all()
    assert [(one.actor, one.action) for one in told] == [
        ("command line", "key.added"),
        ("command line", "key.used"),
        ("command line", "key.resealed"),
    ]
    material = [key.hex() for key in KeyRing.load(path).encryption.values()]
    assert not [one for one in told if any(key in repr(one.detail) for key in material)]


def test_how_far_it_is_is_told_beside(
    command: Run, app_context: Flask, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store_supporters(250)
    command(*ROTATE, environ=environ)
    monkeypatch.setattr(keys, "TELL_EVERY", 0.0)
    ended = command(*ROTATE, "--use", environ=environ)
    assert ended.err.splitlines()[:3] == [f"{rows} rows were sealed anew …" for rows in (100, 200, 250)]
    assert "…" not in ended.out


def test_removing_waits_until_nobody_has_anything_in_hand(
    command: Run, app_context: Flask, environ: dict[str, str], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(*ROTATE, environ=environ)
    command(*ROTATE, "--use", environ=environ)
    slept: list[float] = []
    monkeypatch.setattr(keys.time, "sleep", slept.append)
    ended = command(*ROTATE, "--retire", "--forget", environ=environ)
    assert ended.status == 0
    assert ended.err.startswith("Waiting ")
    assert 40 < slept[-1] <= 60
    assert sorted(KeyRing.load(path).encryption) == [2]


def test_what_cannot_be_opened_is_a_finding(
    command: Run, app_context: Flask, environ: dict[str, str], path: Path
) -> None:
    store_supporters(2)
    table = Supporter.__table__
    with db.engine.begin() as connection:
        first = connection.scalars(sa.select(table.c.id).limit(1)).one()
        change = sa.update(table).where(table.c.id == first)
        connection.execute(
            change.values(name_sealed=b"\x00\x01" + bytes(30), city_sealed=b"\x00\x09" + bytes(30))
        )
    doctor = finding(command("doctor", environ=environ))
    assert doctor.startswith("CHECK   Keys: key 1 seals; sealed with a key that the file does not have: 1")
    command(*ROTATE, environ=environ)
    ended = command(*ROTATE, "--use", environ=environ)
    assert (ended.status, ended.err) == (1, "")
    assert "Cannot be opened and left as they are: 1 in supporters.name_sealed.\n" in ended.out


def test_an_old_copy_that_is_in_use_is_a_finding(
    command: Run, app_context: Flask, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store_supporters(1)
    command(*ROTATE, environ=environ)
    monkeypatch.setattr(resealing, "PASSES", 1)
    monkeypatch.setattr(resealing, "_store", lambda *_given: 0)
    ended = command(*ROTATE, "--use", environ=environ)
    assert (ended.status, ended.err) == (1, "")
    assert "copy the key file to them" in ended.out


@pytest.mark.backends("sqlite")  # nothing of it is the database's
def test_what_does_not_go_together_is_refused(command: Run, environ: dict[str, str], path: Path) -> None:
    before = path.read_bytes()
    for words in (
        ["--use", "--retire"],
        ["--forget"],
        ["--use", "--keep", "x"],
        ["--retire", "--forget", "--keep", "x"],
    ):
        assert_refused(command(*ROTATE, *words, environ=environ), "--")
    assert path.read_bytes() == before
    assert "copies of the key file" in command(*ROTATE, "--help", environ=environ).out
