"""One record against one row: what differs, and whether it may be changed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.recipients.importer.fields import FIELDS, POSTAL_PARTS, RecordKind
from app.recipients.importer.plans import Action, Change
from app.recipients.importer.records import Place, Values
from app.recipients.importer.stored import Stored


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same: blanks around a text and kinds of line ends do not count."""
    return bool(comparable(one) == comparable(other))


def comparable(value: Any) -> Any:
    """Return a value in the form in which two are compared: nothing, in whatever form, is None."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n").strip() or None
    if isinstance(value, list):
        return [comparable(part) for part in value] or None
    if isinstance(value, dict):
        return {key: text for key, part in value.items() if (text := comparable(part)) is not None} or None
    return value


def differences(values: Values, row: Stored, but: Collection[str] = ()) -> Values:
    """Return the values of a record that are not those of a row."""
    return {name: value for name, value in values.items() if name not in but and not same(value, row[name])}


def change_of(
    kind: RecordKind,
    external_id: str,
    office: str,
    *,
    place: Place,
    row: Stored,
    values: Values,
    overwrite: bool,
    action: Action = "changed",
) -> Change:
    """Return the change of a row to some values, or the conflict with the organizer who edited it."""
    edited = row.get("edited_at") is not None and not overwrite
    return Change(
        action="conflict" if edited else action,
        kind=kind,
        external_id=external_id,
        office=office,
        name=name_of(kind, row),
        place=place,
        values=values,
        before={name: row[name] for name in values},
        row_id=row["id"],
    )


def complete(kind: RecordKind, values: Values) -> Values:
    """Return the values of a new row: what the file says, and defaults."""
    return {name: values.get(name, spec.empty()) for name, spec in FIELDS[kind].items()}


def missing(kind: RecordKind, values: Values) -> list[str]:
    """Return the fields that a new row needs and the file does not give."""
    return [name for name, spec in FIELDS[kind].items() if spec.required and values.get(name) in (None, "")]


def name_of(kind: str, values: Stored | Values) -> str:
    """Return what a person calls a row."""
    if kind == "office":
        return str(values.get("short_name") or values.get("title") or "")
    if kind == "contact":
        postal = values.get("postal") or {}
        told = values.get("value") or ", ".join(filter(None, (postal.get(part) for part in POSTAL_PARTS[:2])))
        return f"{values.get('channel')}: {told}".replace("\n", ", ")
    return str(values.get("name") or "")
