"""Another encryption key: added, used, and the old ones removed when nothing needs them any more."""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import now
from app.database import Base, db, transaction
from app.delivery.models import Delivery
from app.errors import RedressError
from app.security import resealing, rotation
from app.security.audit import AuditEntry, check_chain
from app.security.keys import KeyRing, KeysError, current_keys
from app.security.resealing import census, count_older, reseal, sealed_tables
from app.security.rotation import old_keys
from app.supporters.models import Supporter
from tests.delivery.mails import queue
from tests.factories.sealed import (
    keys_used,
    opened,
    own_keys,
    sealed_values,
    store_all_kinds,
    store_supporters,
)
from tests.factories.storage import raw_bytes
from tests.factories.threads import at_once
from tests.support.lengths import length
from tests.support.plugins.database import AppFactory

WHO = "command line"


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
    """Spare each test the pause between two passes."""
    monkeypatch.setattr(resealing, "BETWEEN", 0.01)


def add(path: Path) -> rotation.Step:
    return rotation.add_key(path, actor=WHO, now=now())


def use(path: Path) -> rotation.Step:
    return rotation.use_newest(path, actor=WHO, now=now())


def seal_anew(number: int) -> resealing.Resealed:
    return reseal(number, until=0.0, told=lambda _rows: None)


def retire(path: Path, keep: Path | None = None) -> list[int]:
    return rotation.retire(path, keep=keep, actor=WHO, now=now())


def test_every_sealed_column_of_every_table_is_known(app_context: Flask) -> None:
    by_name = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_sealed")
    }
    assert {(table.name, name) for table, names in sealed_tables() for name in names} == by_name
    assert len(by_name) >= 16


def test_a_sealed_column_that_no_model_has_stops_it(app_context: Flask) -> None:
    with db.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE secrets (id INTEGER PRIMARY KEY, place_sealed VARCHAR(9))")
    with pytest.raises(RedressError, match=r"secrets\.place_sealed"):
        sealed_tables()


def test_all_of_it_is_sealed_anew_and_reads_as_before(app_context: Flask, path: Path) -> None:
    store_all_kinds()
    before = opened(KeyRing.load(path), sealed_values())
    assert {(table, name) for table, name, _row in before} == {
        (table.name, name) for table, names in sealed_tables() for name in names
    }
    assert add(path) == rotation.Step(2, done=True)
    assert KeyRing.load(path).sealing == 1
    assert use(path) == rotation.Step(2, done=True)
    done = seal_anew(2)
    assert (done.complete, done.closed) == (True, Counter())
    assert done.rows == len({(table, row) for table, _name, row in before})
    assert opened(KeyRing.load(path), sealed_values()) == before
    assert keys_used() == {2: len(before)}
    assert retire(path) == [1]
    only = KeyRing.load(path)
    assert sorted(only.encryption) == [2]
    assert opened(only, sealed_values()) == before


@pytest.mark.backends("sqlite")  # the bytes on the disk are looked at
def test_what_the_old_key_had_sealed_lies_nowhere_on_the_disk(app_context: Flask, path: Path) -> None:
    store_all_kinds()
    before = [sealed[:60] for sealed in sealed_values().values() if len(sealed) >= 60]
    assert any(sealed in raw_bytes() for sealed in before)
    add(path)
    seal_anew(use(path).number)
    disk = raw_bytes()
    assert [sealed for sealed in before if sealed in disk] == []


def test_what_is_done_again_changes_nothing(app_context: Flask, path: Path) -> None:
    store_supporters(3)
    for step in (add, use):
        assert step(path) == rotation.Step(2, done=True)
        stored = path.read_bytes()
        assert step(path).done is False if step is use else step(path) == rotation.Step(2, done=False)
        assert path.read_bytes() == stored
    assert seal_anew(2).rows == 3
    values = sealed_values()
    assert seal_anew(2).rows == 0
    assert sealed_values() == values
    assert retire(path) == [1]
    assert retire(path) == []


def test_the_log_tells_each_step_and_no_key(app_context: Flask, path: Path) -> None:
    store_supporters(2)
    add(path), use(path)
    rotation.note_resealed(seal_anew(2).rows, actor=WHO, now=now())
    retire(path)
    entries = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number)).all()
    assert [(entry.action, entry.detail) for entry in entries] == [
        ("key.added", {"key": "2"}),
        ("key.used", {"key": "2"}),
        ("key.resealed", {"rows": "2"}),
        ("key.retired", {"keys": "1"}),
    ]
    assert {entry.actor for entry in entries} == {WHO}
    assert check_chain() is None


def test_a_key_that_something_needs_is_not_removed(app_context: Flask, path: Path) -> None:
    store_supporters(3)
    add(path), use(path)
    before = path.read_bytes()
    with pytest.raises(RedressError, match="21 values are still sealed with an older key"):
        retire(path)
    assert path.read_bytes() == before
    assert not db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "key.retired")).all()


def test_a_key_that_waits_is_not_removed(app_context: Flask, path: Path) -> None:
    add(path)
    assert retire(path) == []
    assert sorted(KeyRing.load(path).encryption) == [1, 2]


def test_old_keys_are_put_aside_for_backups(app_context: Flask, path: Path, tmp_path: Path) -> None:
    store_supporters(1)
    backup = sealed_values()
    plain = opened(KeyRing.load(path), backup)
    add(path), use(path), seal_anew(2)
    keep = tmp_path / "kept.json"
    assert retire(path, keep) == [1]
    with pytest.raises(KeysError, match="Key 1 is not in the key file"):
        opened(KeyRing.load(path), backup)
    assert opened(KeyRing.load(keep), backup) == plain
    assert keep.stat().st_mode & 0o777 == 0o600
    add(path), use(path), seal_anew(3)
    before = path.read_bytes()
    with pytest.raises(KeysError, match="cannot be written"):
        retire(path, keep)
    assert path.read_bytes() == before


def test_what_changed_meanwhile_is_not_overwritten(
    app_context: Flask, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_supporters(4)
    add(path), use(path)
    store = resealing._store

    def change_first(table: sa.Table, anew: list[resealing._Anew]) -> int:
        monkeypatch.setattr(resealing, "_store", store)
        with transaction() as session:
            rows = session.scalars(sa.select(Supporter).order_by(Supporter.email_index)).all()
            rows[0].name = "Somebody Else"
            rows[1].email_sealed = None
            session.delete(rows[2])
        return store(table, anew)

    monkeypatch.setattr(resealing, "_store", change_first)
    assert seal_anew(2).complete
    db.session.rollback()
    rows = db.session.scalars(sa.select(Supporter).order_by(Supporter.email_index)).all()
    assert [(row.name, row.email, row.city) for row in rows] == [
        ("Somebody Else", "email of 0", "city of 0"),
        ("name of 1", "", "city of 1"),
        ("name of 3", "email of 3", "city of 3"),
    ]
    assert keys_used().keys() == {2}


@pytest.mark.backends("postgresql")  # SQLite has one writer
def test_it_waits_for_nobody_while_it_holds_rows(
    app_context: Flask, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_supporters(3)
    add(path), use(path)
    with db.engine.connect() as other:
        held = other.scalars(sa.select(Supporter.id).limit(1).with_for_update()).one()
        monkeypatch.setattr(resealing, "PASSES", 1)
        begun = time.monotonic()
        done = seal_anew(2)
        assert (done.rows, done.complete) == (2, False)
        assert time.monotonic() - begun < 3
    assert {row for _table, _name, row in sealed_values()} >= {held}
    assert seal_anew(2).rows == 1


def test_what_is_sealed_with_the_old_key_until_others_know_is_sealed_anew(
    app_context: Flask, path: Path, app_factory: AppFactory
) -> None:
    """Another process, which has not yet looked at the file, stores something in the midst of it."""
    store_supporters(2)
    other = app_factory()
    add(path), use(path)
    told: list[int] = []

    def store_more(rows: int) -> None:
        if not told:
            with other.app_context():
                store_supporters(3)
        told.append(rows)

    done = reseal(2, until=time.monotonic() + 0.2, told=store_more)
    assert (done.rows, done.complete) == (5, True)
    assert keys_used() == {2: 35}


def test_an_old_copy_of_the_key_file_is_told(app_context: Flask, path: Path) -> None:
    add(path)
    old = KeyRing.load(path)
    use(path)

    def seal_with_the_old(_rows: int) -> None:
        with transaction() as session:
            row = session.scalars(sa.select(Supporter)).one()
            row.city_sealed = old.seal(b"Lyon", f"supporters.city_sealed:{row.id.hex}".encode())

    store_supporters(1)
    seal_with_the_old(0)
    assert not reseal(2, until=0.0, told=seal_with_the_old).complete


def test_what_is_damaged_is_told_left_and_keeps_no_key(app_context: Flask, path: Path) -> None:
    store_all_kinds()
    table = Delivery.__table__
    with db.engine.begin() as connection:
        row, sealed = connection.execute(
            sa.select(table.c.id, table.c.text_sealed).where(table.c.text_sealed.is_not(None)).limit(1)
        ).one()
        damaged = sealed[:-1] + bytes([sealed[-1] ^ 1])
        connection.execute(sa.update(table).where(table.c.id == row).values(text_sealed=damaged))
    add(path), use(path)
    done = seal_anew(2)
    assert (done.complete, done.closed) == (True, Counter({"deliveries.text_sealed": 1}))
    assert sealed_values()["deliveries", "text_sealed", row] == damaged
    assert count_older(2) == 1
    assert retire(path) == [1]


def test_two_that_rotate_at_once_add_one_key(app: Flask, path: Path) -> None:
    with app.app_context():
        store_supporters(1)
    steps = at_once(4, app, lambda: add(path))
    assert Counter(steps) == {rotation.Step(2, done=True): 1, rotation.Step(2, done=False): 3}
    assert sorted(KeyRing.load(path).encryption) == [1, 2]
    assert sum(step.done for step in at_once(4, app, lambda: use(path))) == 1
    with app.app_context():
        assert keys_used() == {1: 7}
    at_once(3, app, lambda: seal_anew(2))
    with app.app_context():
        assert keys_used() == {2: 7}
        assert len(opened(KeyRing.load(path), sealed_values())) == 7


def test_no_two_keys_of_an_installation_have_one_number(app_context: Flask, path: Path) -> None:
    """Whoever rotates on another machine, with another copy of the file, gets a key of another number."""
    copy = path.with_name("other-machine.json")
    copy.write_bytes(path.read_bytes())
    assert add(path).number == 2
    assert add(copy).number == 3
    assert sorted(KeyRing.load(copy).encryption) == [1, 3]


def test_a_key_file_that_cannot_be_changed_changes_nothing(
    app_context: Flask, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_arguments: object) -> None:
        raise OSError(30, "Read-only file system")

    before = path.read_bytes()
    monkeypatch.setattr("app.security.key_file._write", read_only)
    with pytest.raises(KeysError, match="Read-only file system"):
        add(path)
    assert path.read_bytes() == before
    assert not db.session.scalars(sa.select(AuditEntry)).all()


def test_keys_that_stay_are_not_put_aside(
    app_context: Flask, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_arguments: object) -> None:
        raise KeysError("The key file cannot be changed.")

    add(path), use(path), seal_anew(2)
    monkeypatch.setattr("app.security.key_file.put", read_only)
    with pytest.raises(KeysError):
        retire(path, tmp_path / "kept.json")
    assert not (tmp_path / "kept.json").exists()
    assert old_keys(path) == [1]


def test_how_long_somebody_may_store_what_was_sealed_before(app_context: Flask, path: Path) -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    for age, wait in [(0, 60), (20, 40), (59, 1), (60, 0), (9999, 0), (-9999, 60)]:
        os.utime(path, (noon.timestamp() - age, noon.timestamp() - age))
        assert rotation.unsettled(path, now=noon) == timedelta(seconds=wait), age


def test_a_census_tells_which_keys_are_in_use(app_context: Flask, path: Path) -> None:
    assert census(5).by_key == Counter()
    store_supporters(8)
    add(path), use(path)
    store_supporters(4)
    assert current_keys().ring.sealing == 2
    whole = census(7)
    assert (whole.by_key, whole.whole) == (Counter({1: 56, 2: 28}), True)
    ends = census(2)
    assert (ends.by_key, ends.whole) == (Counter({1: 14, 2: 14}), False)


def test_a_key_that_something_needs_since_is_not_removed(app: Flask, path: Path) -> None:
    """What the command has read before is not what it decides by."""
    with app.app_context():
        store_supporters(1)
        add(path), use(path), seal_anew(2)
        assert db.session.scalars(sa.select(Supporter)).one()  # a reader's look at the database begins
        with db.engine.begin() as connection:
            row = connection.scalars(sa.select(Supporter.id)).one()
            late = KeyRing(KeyRing.load(path).encryption, bytes(32), seals=1)
            sealed = late.seal(b"Lyon", f"supporters.city_sealed:{row.hex}".encode())
            connection.execute(sa.update(Supporter.__table__).values(city_sealed=sealed))
        with pytest.raises(RedressError, match="1 value is still sealed"):
            retire(path)


def test_ten_thousand_rows_take_well_under_a_minute(app_context: Flask, path: Path) -> None:
    half = length(250, 5_000)
    store_supporters(half)
    queue(
        range(half), now=now(), body="A sentence of a letter that is as long as most of them are.\r\n" * 150
    )
    add(path), use(path)
    begun = time.monotonic()
    done = seal_anew(2)
    seconds = time.monotonic() - begun
    print(f"\n{done.rows} rows, {len(sealed_values())} values: {seconds:.1f} s")
    assert (done.rows, done.complete) == (2 * half, True)
    assert seconds < 20
