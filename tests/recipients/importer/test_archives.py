"""Archives in place of folders: what is in them is read, and nothing else happens."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from app.errors import Refused
from app.recipients.importer import archives
from app.recipients.importer.archives import is_archive, unpack


def zipped(files: dict[str, str]) -> bytes:
    """Return an archive of some files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_folder_of_the_archive_is_what_is_read(tmp_path: Path) -> None:
    files = {"set-main/a.yaml": "a", "set-main/b/c.CSV": "c", "set-main/README.md": "x", "set-main/x.py": "x"}
    found = unpack(zipped(files), tmp_path)
    assert found == tmp_path / "set-main"
    assert names(found) == {"a.yaml", "b/c.CSV"}


def test_a_single_file_is_read_as_itself(tmp_path: Path) -> None:
    assert unpack(zipped({"offices/offices.csv": "x"}), tmp_path) == tmp_path / "offices" / "offices.csv"


def test_a_part_of_a_state_stays_a_part(tmp_path: Path) -> None:
    assert unpack(zipped({"ca/legislature/a.yml": "x"}), tmp_path) == tmp_path / "ca"


def test_nothing_is_written_elsewhere(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    unpack(zipped({"../../escaped.csv": "x", "/root.csv": "x", "C:\\windows.csv": "x"}), inside)
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 and no more",
        zipped({"a.csv": "x" * 1000})[:-30],
        zipped({"a.csv": "0123456789" * 500}).replace(b"\x00\x00\x00a.csv", b"\x01\x00\x00a.csv"),
        zipped({"picture.png": "x"}),
        zipped({}),
        zipped({f"{'x' * 300}.csv": "x"}),
    ],
    # Archives hold the time: named after their bytes, the tests would be other ones in each process.
    ids=["no end", "cut off", "bad name", "a picture", "empty", "long name"],
)
def test_what_cannot_be_unpacked_is_refused(tmp_path: Path, content: bytes) -> None:
    assert is_archive(content)
    with pytest.raises(Refused) as refusal:
        unpack(content, tmp_path)
    assert refusal.value.field == "file"


def test_too_much_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped({"a.csv": "0" * (archives.LARGEST_UNPACKED + 1)})
    assert len(bomb) < 100_000
    monkeypatch.setattr(archives, "MOST_FILES", 3)
    for content in (bomb, zipped({f"{number}.csv": "" for number in range(4)})):
        with pytest.raises(Refused, match="too much"):
            unpack(content, tmp_path)
    assert list(tmp_path.iterdir()) == []
