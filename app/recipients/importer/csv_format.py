"""Offices as a table: a row for each office, holder, contact and area; `record` says which it is.

Read as it comes: UTF-8 with or without a byte-order mark; commas, semicolons or tabs; line ends within
quotes. A table without the column `record` holds offices only. Rows of holders and contacts name their
office in the column `office`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext as _

from app.recipients.areas import postal_code_key
from app.recipients.importer.building import add
from app.recipients.importer.cells import bare, decoded
from app.recipients.importer.fields import FIELDS, INFORMATIVE, POSTAL_PARTS, RecordKind
from app.recipients.importer.reading import Unreadable, text_of
from app.recipients.importer.records import Place, Records
from app.recipients.importer.values import Unfit, shown

OWN_COLUMNS = ("record", "external_id", "office", "postal_codes")
_KNOWN = {*OWN_COLUMNS, *POSTAL_PARTS, *INFORMATIVE}.union(*FIELDS.values())
_KINDS: tuple[RecordKind, ...] = ("area", "office", "holder", "contact")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by column, and where it stands."""

    file: str
    line: int
    cells: dict[str, str]
    columns: dict[str, int]

    def where(self, name: str = "") -> Place:
        """Return the place of a cell, or of the row."""
        return Place(self.file, self.line, self.columns.get("street" if name == "postal" else name, 1))


def read_csv(path: Path) -> Records:
    """Read a table. Whatever is wrong is in the problems of what it returns."""
    records = Records()
    try:
        for row in rows(path, records):
            _row(records, row)
    except Unreadable as trouble:
        records.error(trouble.place, trouble.sentence)
    return records


def rows(path: Path, records: Records, required: tuple[str, ...] = ("external_id",)) -> Iterator[Row]:
    """Yield the rows of a table; rows of the wrong length become errors and are left out.

    Args:
        path: of the file.
        records: takes the errors.
        required: columns without which there is nothing to read.

    Raises:
        Unreadable: it is no table, or lacks a required column.
    """
    text = text_of(path)
    csv.field_size_limit(1_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    line = 1
    try:
        header = [_column(cell) for cell in next(reader, [])]
        if header[:1] and header[0].startswith("sep="):  # Excel's own hint
            header = [_column(cell) for cell in next(reader, [])]
        columns = _columns(path.name, header, required)
        no_name = [at for at, name in enumerate(header) if at and not name]
        line = reader.line_num + 1
        for cells in reader:
            begins, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if nameless := next((at for at in no_name if any(cells[at : at + 1])), None):
                sentence = _("This cell stands in a column that has no name in the first row.")
                records.error(Place(path.name, begins, nameless + 1), sentence)
                continue
            if len(cells) < len(header) or any(cells[len(header) :]):
                counts = {"found": len(cells), "wanted": len(header)}
                sentence = _("This row has %(found)s cells; the first row has %(wanted)s.", **counts)
                records.error(Place(path.name, begins, 1), sentence)
                continue
            yield Row(path.name, begins, dict(zip(header, cells, strict=False)), columns)
    except csv.Error as error:
        raise Unreadable(
            Place(path.name, max(line, 1)), _("This row cannot be read: %(why)s.", why=str(error))
        ) from None


def _column(cell: str) -> str:
    return bare(cell).strip().casefold()


def _columns(file: str, header: list[str], required: tuple[str, ...]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for number, name in enumerate(header, start=1):
        if not name:
            continue  # a column without a name, as spreadsheets leave them at the right end
        if name in columns:
            raise Unreadable(
                Place(file, 1, number), _("The column “%(name)s” is here twice.", name=shown(name))
            )
        columns[name] = number
    for name in required:
        if name not in columns:
            raise Unreadable(
                Place(file, 1, 1), _("The first row must name the columns; “%(name)s” is missing.", name=name)
            )
    return columns


def delimiter_of(text: str) -> str:
    """Return what divides the cells: what occurs most often in the first row, outside of quotes."""
    first, quoted = "", False
    for character in text[:10_000]:
        quoted ^= character == '"'
        if not quoted:
            if character in "\r\n":
                break
            first += character
    if first.startswith("sep=") and len(first) == 5:
        return first[4]
    return max(",;\t", key=first.count)


def _row(records: Records, row: Row) -> None:
    if unknown := next((name for name in row.columns if name not in _KNOWN), ""):
        place = Place(row.file, 1, row.columns[unknown])
        if not any(problem.place == place for problem in records.problems[:100]):
            records.error(place, _("“%(name)s” is no column of this table.", name=shown(unknown)))
    named = row.cells.get("record", "office").strip().casefold()
    kind = next((kind for kind in _KINDS if kind == named), None)
    if kind is None:
        known = ", ".join(_KINDS)
        records.error(row.where("record"), _("A row is one of these: %(known)s.", known=known))
        return
    office = bare(row.cells.get("office", "")).strip()
    if kind in {"holder", "contact"} and not office:
        records.error(row.where("office"), _("Which office? The column “office” names its external_id."))
        return
    key = add(
        records, kind, _values(records, kind, row), where=row.where, office=office,
        external_id=bare(row.cells["external_id"]),
    )  # fmt: skip
    if kind == "area" and key in records.areas and "postal_codes" in row.cells:
        country = records.areas[key].values.get("country") or ""
        codes = bare(row.cells["postal_codes"]).split()
        records.postal_codes[key] = {postal_code_key(country, code) for code in codes}


def _values(records: Records, kind: RecordKind, row: Row) -> dict[str, object]:
    raw: dict[str, object] = {}
    for name, field in FIELDS[kind].items():
        if name in row.cells:
            try:
                raw[name] = decoded(field, bare(row.cells[name]))
            except Unfit as unfit:
                records.error(row.where(name), f"{name}: {unfit.sentence}")
    if kind == "contact" and "city" in row.cells:
        parts = {part: bare(row.cells.get(part, "")) for part in POSTAL_PARTS}
        raw["postal"] = parts if any(part.strip() for part in parts.values()) else None
    return raw
