"""The key file and what it is good for."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.security.keys import KeyRing, KeysError
from tests.support.processes import ROOT

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(32)).decode()


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    """A fresh key ring."""
    KeyRing.generate(tmp_path / "keys.json")
    return KeyRing.load(tmp_path / "keys.json")


def test_a_key_file_is_for_its_owner_only_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "folder" / "keys.json"
    KeyRing.generate(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_an_existing_key_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    KeyRing.generate(path)
    before = path.read_bytes()
    path.chmod(0o400)
    tmp_path.chmod(0o500)  # where nothing can be written beside it, a start must not fail either
    try:
        KeyRing.generate(path)
    finally:
        tmp_path.chmod(0o700)
    assert path.read_bytes() == before


def test_threads_that_make_keys_together_end_up_with_the_same(tmp_path: Path) -> None:
    def start(turn: int) -> KeyRing:
        path = tmp_path / str(turn // 8) / "keys.json"
        KeyRing.generate(path)
        return KeyRing.load(path)

    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(start, range(80)))
    for turn in range(10):
        assert len({ring.root for ring in rings[turn * 8 : turn * 8 + 8]}) == 1
        assert [file.name for file in (tmp_path / str(turn)).iterdir()] == ["keys.json"]


PROGRAM = """
import sys
from pathlib import Path
from app.security.keys import KeyRing
KeyRing.generate(Path(sys.argv[1]))
print(KeyRing.load(Path(sys.argv[1])).root.hex())
"""


def test_two_processes_that_start_together_end_up_with_the_same(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "keys.json")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, env=environ, cwd=ROOT) for _number in range(2)
    ]
    roots = {process.communicate(timeout=60)[0] for process in processes}
    assert len(roots) == 1
    assert len(roots.pop().strip()) == 64


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not JSON",
        b"[]",
        b"null",
        b"3",
        b"{}",
        b"\xff\xfe",
        json.dumps({"encryption": {}, "root": KEY}).encode(),
        json.dumps({"encryption": [KEY], "root": KEY}).encode(),
        json.dumps({"encryption": {"1": KEY}}).encode(),
        json.dumps({"encryption": {"1": KEY}, "root": None}).encode(),
        json.dumps({"encryption": {"1": 7}, "root": KEY}).encode(),
        json.dumps({"encryption": {"1": KEY[:20]}, "root": KEY}).encode(),
        json.dumps({"encryption": {"1": KEY}, "root": KEY[:-4]}).encode(),
        json.dumps({"encryption": {"one": KEY}, "root": KEY}).encode(),
        json.dumps({"encryption": {"0": KEY}, "root": KEY}).encode(),
        json.dumps({"encryption": {"65536": KEY}, "root": KEY}).encode(),
        json.dumps({"encryption": {"1": "!" + KEY}, "root": KEY}).encode(),
        json.dumps({"encryption": {"1": KEY}, "root": KEY}).encode()[:-9],
    ],
)
def test_a_damaged_key_file_is_told_when_it_is_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    with pytest.raises(KeysError, match=r"damaged|no key"):
        KeyRing.load(path)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="keys generate"):
        KeyRing.load(tmp_path / "none.json")
    with pytest.raises(KeysError, match="cannot be read"):
        KeyRing.load(tmp_path)


def test_what_is_sealed_opens_again_and_never_looks_the_same(ring: KeyRing) -> None:
    first, second = ring.seal("Մարիամ".encode(), b"row"), ring.seal("Մարիամ".encode(), b"row")
    assert first != second
    assert ring.open(first, b"row") == ring.open(second, b"row") == "Մարիամ".encode()


def test_the_newest_key_seals_and_the_older_ones_still_open() -> None:
    old = KeyRing({1: base64.b64decode(KEY)}, bytes(32))
    both = KeyRing({1: base64.b64decode(KEY), 2: base64.b64decode(OTHER)}, bytes(32))
    sealed = old.seal(b"text", b"row")
    assert both.open(sealed, b"row") == b"text"
    newer = both.seal(b"text", b"row")
    assert newer[:2] == b"\x00\x02"
    with pytest.raises(KeysError, match="Key 2 is not in the key file"):
        old.open(newer, b"row")


def test_another_key_file_does_not_open_it(ring: KeyRing, tmp_path: Path) -> None:
    KeyRing.generate(tmp_path / "other.json")
    other = KeyRing.load(tmp_path / "other.json")
    with pytest.raises(KeysError, match="the key file is another one"):
        other.open(ring.seal(b"text", b"row"), b"row")
    assert other.mac("index", b"text") != ring.mac("index", b"text")


def test_a_value_cut_short_altered_or_moved_does_not_open(ring: KeyRing) -> None:
    sealed = ring.seal(b"text", b"row")
    for wrong in [sealed[:length] for length in range(len(sealed))]:
        with pytest.raises(KeysError):
            ring.open(wrong, b"row")
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(KeysError):
            ring.open(bytes(altered), b"row")
    with pytest.raises(KeysError):
        ring.open(sealed, b"other row")


def test_each_purpose_has_a_key_of_its_own(ring: KeyRing) -> None:
    macs = {ring.mac(purpose, b"text") for purpose in ("index:a", "index:b", "token:a", "audit")}
    assert len(macs) == 4
    assert {len(mac) for mac in macs} == {32}


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_anything_can_be_sealed(plain: bytes, bound_to: bytes) -> None:
    ring = KeyRing({7: bytes(32)}, bytes(32))
    sealed = ring.seal(plain, bound_to)
    assert ring.open(sealed, bound_to) == plain
    assert len(plain) < 8 or plain not in sealed
