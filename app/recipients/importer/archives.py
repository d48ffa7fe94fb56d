"""A ZIP archive in place of a folder: for data sets of many files that come in through the browser."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

from flask_babel import gettext as _

from app.errors import Refused
from app.recipients.importer.formats import PARTS_OF_A_STATE

MOST_FILES = 20_000
LARGEST_UNPACKED = 64 * 1024 * 1024
_READ = frozenset({".csv", ".tsv", ".txt", ".json", ".yaml", ".yml"})


def is_archive(content: bytes) -> bool:
    """Whether something begins as ZIP archives do."""
    return content[:4] in {b"PK\x03\x04", b"PK\x05\x06"}


def unpack(content: bytes, folder: Path) -> Path:
    """Unpack an archive; what no reader reads is left out.

    Args:
        content: of the archive.
        folder: an empty folder.

    Returns:
        What is to be read: where all lies in one folder of the archive, or is one file, that one.

    Raises:
        Refused: it is damaged or locked, has too much in it, or nothing that could be read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            wanted = [
                entry for entry in archive.infolist() if Path(entry.filename).suffix.casefold() in _READ
            ]
            _refuse_too_much(wanted)
            for entry in wanted:
                # It takes “..” and “/” out of names, and unpacks no more than was told.
                archive.extract(entry, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        raise Refused(_("This archive cannot be unpacked: it is damaged or locked."), "file") from None
    if not wanted:
        raise Refused(_("There is no CSV, YAML or JSON file in this archive."), "file")
    return _innermost(folder)


def _refuse_too_much(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
        sentence = _("There is too much in this archive. Use the command line: redress recipients import.")
        raise Refused(sentence, "file")


def _innermost(path: Path) -> Path:
    while path.is_dir():
        inside = list(path.iterdir())
        if len(inside) != 1 or inside[0].name in PARTS_OF_A_STATE:
            break
        path = inside[0]
    return path
