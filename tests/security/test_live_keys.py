"""The keys of a running process, while the key file under it changes."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.security import key_file, keys
from app.security.keys import KeyRing, KeysError, LiveKeys

ROW = b"supporters.name_sealed:1"
KEY = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file with one key, in a folder of its own."""
    path = tmp_path / "keys" / "keys.json"
    KeyRing.generate(path)
    return path


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let a second pass, after which a process looks whether its key file changed."""
    passed = [0.0]
    real = keys.time.monotonic
    monkeypatch.setattr(keys.time, "monotonic", lambda: real() + passed[0])

    def let_pass() -> None:
        passed[0] += keys.LOOK_EVERY

    return let_pass


def with_key(path: Path, number: int, *, waits: bool = False) -> KeyRing:
    """Add a key to a file and return what it holds then."""
    ring = KeyRing.load(path)
    ring = replace(ring, encryption={**ring.encryption, number: KEY}, seals=ring.sealing if waits else 0)
    key_file.put(ring, path)
    return ring


def number_of(sealed: bytes) -> int:
    return int.from_bytes(sealed[:2], "big")


def test_a_key_that_waits_opens_and_does_not_seal(path: Path) -> None:
    with_key(path, 2, waits=True)
    ring = KeyRing.load(path)
    assert (ring.sealing, ring.newest) == (1, 2)
    assert number_of(ring.seal(b"text", ROW)) == 1
    assert ring.open(replace(ring, seals=0).seal(b"text", ROW), ROW) == b"text"
    assert KeyRing.load(path) == ring


def test_a_file_says_nothing_of_what_seals_where_the_newest_does(path: Path) -> None:
    assert '"seals"' not in path.read_text()
    with_key(path, 2, waits=True)
    assert '"seals": 1' in path.read_text()
    key_file.put(replace(KeyRing.load(path), seals=2), path)
    assert '"seals"' not in path.read_text()


@pytest.mark.parametrize("wrong", ["3", '"x"', "null", "0", "[]"])
def test_a_file_in_which_an_unknown_key_seals_is_damaged(path: Path, wrong: str) -> None:
    with_key(path, 2, waits=True)
    path.write_text(path.read_text().replace('"seals": 1', f'"seals": {wrong}'))
    with pytest.raises(KeysError, match="damaged"):
        KeyRing.load(path)


def test_a_process_seals_with_what_the_file_says_a_second_later(path: Path, look: Callable[[], None]) -> None:
    live = LiveKeys(path)
    with_key(path, 2)
    look()
    assert number_of(live.seal(b"text", ROW)) == 2


def test_a_process_looks_once_a_second_and_reads_only_what_changed(
    path: Path, look: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    live, read = LiveKeys(path), []
    load = KeyRing.load
    monkeypatch.setattr(KeyRing, "load", lambda path: read.append(path) or load(path))
    for _ in range(3):
        look()
        live.seal(b"text", ROW)
    assert read == []
    with_key(path, 2)
    read.clear()
    live.seal(b"text", ROW)
    assert read == []
    look()
    for _ in range(3):
        live.seal(b"text", ROW)
    assert read == [path]


def test_a_process_that_began_before_a_key_opens_what_it_sealed_at_once(path: Path) -> None:
    live = LiveKeys(path)
    sealed = with_key(path, 2).seal("Մարիամ".encode(), ROW)
    assert live.open(sealed, ROW) == "Մարիամ".encode()


def test_a_machine_whose_copy_is_behind_goes_over_with_the_others(path: Path) -> None:
    ring = with_key(path, 2, waits=True)
    live = LiveKeys(path)
    assert number_of(live.seal(b"text", ROW)) == 1
    forged = (2).to_bytes(2, "big") + live.seal(b"text", ROW)[2:]
    with pytest.raises(KeysError):
        live.open(forged, ROW)
    assert number_of(live.seal(b"text", ROW)) == 1
    live.open(replace(ring, seals=0).seal(b"text", ROW), ROW)
    assert number_of(live.seal(b"text", ROW)) == 2


def test_a_process_goes_on_opening_what_a_removed_key_sealed(path: Path, look: Callable[[], None]) -> None:
    live = LiveKeys(path)
    old = live.seal(b"text", ROW)
    ring = with_key(path, 2)
    key_file.put(replace(ring, encryption={2: KEY}), path)
    look()
    assert number_of(live.seal(b"new", ROW)) == 2
    assert live.open(old, ROW) == b"text"
    with pytest.raises(KeysError, match="Key 1 is not in the key file"):
        LiveKeys(path).open(old, ROW)


@pytest.mark.parametrize("content", [b"", b"{", None])
def test_a_file_that_is_being_written_or_away_changes_nothing(
    path: Path, look: Callable[[], None], content: bytes | None
) -> None:
    live = LiveKeys(path)
    ring = KeyRing.load(path)
    path.unlink() if content is None else path.write_bytes(content)
    look()
    assert number_of(live.seal(b"text", ROW)) == 1
    with pytest.raises(KeysError, match="Key 2"):
        live.open(b"\x00\x02" + bytes(40), ROW)
    path.write_text(replace(ring, encryption={**ring.encryption, 2: KEY}).written())
    look()
    assert number_of(live.seal(b"text", ROW)) == 2


def test_the_file_of_another_installation_is_not_taken_up(
    path: Path, look: Callable[[], None], tmp_path: Path
) -> None:
    live = LiveKeys(path)
    mac = live.mac("index", b"text")
    KeyRing.generate(tmp_path / "other.json")
    key_file.put(KeyRing.load(tmp_path / "other.json"), path)
    look()
    sealed = live.seal(b"text", ROW)
    assert live.open(sealed, ROW) == b"text"
    assert live.mac("index", b"text") == mac


def test_the_file_stays_its_owners_with_nothing_beside_it(path: Path) -> None:
    path.chmod(0o640)
    before = path.stat()
    with_key(path, 2)
    after = path.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert after.st_ino != before.st_ino
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_file_of_another_account_stays_theirs(path: Path) -> None:
    os.chown(path, 4711, 4712)
    with_key(path, 2)
    assert (path.stat().st_uid, path.stat().st_gid) == (4711, 4712)


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(path)
    with_key(link, 2)
    assert link.is_symlink()
    assert sorted(KeyRing.load(path).encryption) == [1, 2]


@pytest.mark.parametrize("step", ["chown", "replace", "fsync"])
@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EBUSY, errno.ENOSPC])
def test_what_cannot_be_written_leaves_the_file_whole_and_nothing_beside_it(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    before = path.read_bytes()
    monkeypatch.setattr(*{"replace": (Path, "replace")}.get(step, (os, step)), fail)
    with pytest.raises(KeysError, match=os.strerror(number)):
        with_key(path, 2)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_what_a_power_cut_left_is_written_over(path: Path) -> None:
    path.with_name(".keys.json.next").write_text("half of ")
    with_key(path, 2)
    assert sorted(KeyRing.load(path).encryption) == [1, 2]
    assert list(path.parent.iterdir()) == [path]


def test_the_new_file_and_its_name_are_on_the_disk_before_it_is_said(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        done.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    def note_rename(self: Path, target: Path) -> Path:
        done.append("renamed")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_rename)
    with_key(path, 2)
    assert done == [".keys.json.next", "renamed", "keys"]
