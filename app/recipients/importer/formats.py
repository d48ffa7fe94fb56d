"""The formats that can be imported, by name, and which one a path is most likely to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from flask_babel import gettext as _

from app.errors import RedressError
from app.recipients.importer import congress, csv_format, openstates, popolo, yaml_format, zip_districts
from app.recipients.importer.consistency import check
from app.recipients.importer.records import Records

READERS: Mapping[str, Callable[[Path], Records]] = {
    "csv": csv_format.read_csv,
    "yaml": yaml_format.read_yaml,
    "popolo": popolo.read_popolo,
    "congress-legislators": congress.read_congress,
    "openstates": openstates.read_openstates,
    "zip-districts": zip_districts.read_zip_districts,
}
_BY_ENDING = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".json": "popolo", ".yaml": "yaml", ".yml": "yaml"}
PARTS_OF_A_STATE = frozenset({"legislature", "executive", "municipalities"})
"""Folders of which the data set openstates has one at least for each state."""
_CONGRESS = frozenset({congress.MEMBERS, congress.COMMITTEES, congress.EXECUTIVE})


def read(path: Path, name: str | None = None) -> Records:
    """Read a file or folder.

    Args:
        path: of it.
        name: a key of `READERS`; None to tell from the path.

    Returns:
        What it holds, with every oddity among its problems.

    Raises:
        RedressError: there is nothing at the path, or its format cannot be told.
    """
    if not path.exists():
        raise RedressError(_("There is no file or folder “%(name)s”.", name=path.name))
    records = READERS[name or format_of(path)](path)
    check(records)
    return records


def format_of(path: Path) -> str:
    """Return the format that a path most likely has.

    Raises:
        RedressError: it cannot be told.
    """
    found = likely_format(path)
    if found is None:
        raise RedressError(_("Which format is it? Say so with --format."))
    return found


def likely_format(path: Path) -> str | None:
    """Return the format that a path most likely has, or None where it cannot be told."""
    if path.is_dir():
        stems = {file.stem for file in path.glob("*.y*ml")}
        if stems & _CONGRESS:
            return "congress-legislators"
        is_people = any((path / part).is_dir() for part in PARTS_OF_A_STATE)
        return "openstates" if is_people else "yaml"
    if path.stem in _CONGRESS:
        return "congress-legislators"
    return _BY_ENDING.get(path.suffix.casefold())
