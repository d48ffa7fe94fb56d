"""Exporting offices as CSV, YAML or Popolo, a part at a time: what the importer reads comes back unchanged.

Contacts are told with who verified them and when, for people to see; importing never takes that over.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.recipients.importer import stored
from app.recipients.importer.cells import encoded, safe
from app.recipients.importer.fields import (
    AREA_FIELDS,
    CONTACT_FIELDS,
    FIELDS,
    HOLDER_FIELDS,
    OFFICE_FIELDS,
    POSTAL_PARTS,
)
from app.recipients.importer.stored import AT_ONCE, Stored, StoredOffice, row_key
from app.recipients.models import Recipient
from app.yaml_files import dump_yaml

_VERIFIED = ("verified_at", "verified_by")
_COLUMNS = list(
    dict.fromkeys(
        [
            *("record", "external_id", "office"),
            *(name for kind in FIELDS for name in FIELDS[kind] if name != "postal"),
            *POSTAL_PARTS,
            *_VERIFIED,
            "postal_codes",
        ]
    )
)


def export_csv(session: Session) -> Iterator[str]:
    """Yield a table of all areas, offices, holders and contacts: UTF-8 with a byte-order mark."""
    yield "\ufeff" + _lines([_COLUMNS])
    for row in _areas(session):
        codes = " ".join(row["postal_codes"])
        told = {
            "record": "area",
            "external_id": row["key"],
            **_values(row, AREA_FIELDS),
            "postal_codes": codes,
        }
        yield _lines([_cells(told)])
    for office in _offices(session):
        yield _lines(map(_cells, _rows(office)))


def export_yaml(session: Session) -> Iterator[str]:
    """Yield all areas and offices in the form of `seeds/recipients/*.yaml`."""
    for row in _areas(session):
        codes = {"postal_codes": row["postal_codes"]} if row["postal_codes"] else {}
        yield _dumped({"area": row["key"], **_told(row, AREA_FIELDS), **codes})
    for office in _offices(session):
        yield _dumped(_as_item(office))


def export_popolo(session: Session) -> Iterator[str]:
    """Yield all areas and offices as Popolo: areas, posts, persons, memberships."""
    yield '{"areas": ['
    yield from _joined(_popolo_area(row) for row in _areas(session))
    for name, of_office in (
        ("organizations", _organizations()),
        ("posts", lambda office: [_post(office)]),
        ("persons", lambda office: [_person(row) for row in office.holders.values() if not row["vacant"]]),
        ("memberships", lambda office: [_membership(office, row) for row in office.holders.values()]),
    ):
        yield f'],\n"{name}": ['
        yield from _joined(item for office in _offices(session) for item in of_office(office))
    yield "]}\n"


EXPORTS: Mapping[str, Callable[[Session], Iterator[str]]] = {
    "csv": export_csv,
    "yaml": export_yaml,
    "popolo": export_popolo,
}


def _areas(session: Session) -> Iterator[dict[str, Any]]:
    rows = stored.areas(session)
    codes = stored.postal_codes(session, rows)
    for key, row in rows.items():
        yield {**row, "postal_codes": sorted(codes.get(key, ()))}


def _offices(session: Session) -> Iterator[StoredOffice]:
    last = ""
    while True:
        query = stored.office_query().where(Recipient.external_id > last)
        rows = session.execute(query.order_by(Recipient.external_id).limit(AT_ONCE)).mappings().all()
        if not rows:
            return
        found = [StoredOffice(row) for row in rows]
        stored.add_parts(session, found)
        yield from found
        last = rows[-1]["external_id"]


def _values(row: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _told(row: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row that are not what a new row has anyway, and what it needs."""
    return {name: row[name] for name, spec in fields.items() if spec.required or row[name] != spec.empty()}


def _rows(office: StoredOffice) -> Iterator[dict[str, Any]]:
    own = office.row["external_id"]
    yield {"record": "office", "external_id": own, **_values(office.row, OFFICE_FIELDS)}
    for row in office.holders.values():
        yield {"record": "holder", "external_id": row_key(row), "office": own, **_values(row, HOLDER_FIELDS)}
    for row in office.contacts.values():
        told = _values(row, [*CONTACT_FIELDS, *_VERIFIED])  # type: ignore[arg-type]  # names are all it needs
        postal = told.pop("postal")
        parts = {part: postal.get(part, "") for part in POSTAL_PARTS}
        yield {"record": "contact", "external_id": row_key(row), "office": own, **told, **parts}


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [safe(encoded(row.get(name))) for name in _COLUMNS]


def _lines(rows: Any) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _as_item(office: StoredOffice) -> dict[str, Any]:
    item = {"external_id": office.row["external_id"], **_told(office.row, OFFICE_FIELDS)}
    for name, rows, fields in (
        ("holders", office.holders, HOLDER_FIELDS),
        ("contacts", office.contacts, CONTACT_FIELDS),
    ):
        if rows:
            item[name] = [
                {"external_id": key, **_told(row, fields), **_verified(row)} for key, row in rows.items()
            ]
    return item


def _verified(row: Stored) -> dict[str, str]:
    if not row.get("verified_at"):
        return {}
    return {"verified_at": row["verified_at"].isoformat(), "verified_by": row["verified_by"]}


def _dumped(item: dict[str, Any]) -> str:
    return dump_yaml([item])


def _joined(items: Iterator[dict[str, Any]]) -> Iterator[str]:
    between = "\n"
    for item in items:
        yield between + json.dumps(item, ensure_ascii=False, default=_day)
        between = ",\n"


def _day(value: date | datetime) -> str:
    return value.isoformat()


def _own(values: dict[str, Any]) -> dict[str, Any]:
    return {"redress": values} if values else {}


def _popolo_area(row: Mapping[str, Any]) -> dict[str, Any]:
    told = _told(row, AREA_FIELDS)
    item = {"id": row["key"], "name": told.pop("name"), "classification": told.pop("kind")}
    if parent := told.pop("parent", None):
        item["parent_id"] = parent
    codes = {"postal_codes": row["postal_codes"]} if row["postal_codes"] else {}
    return item | _own(told | codes)


def _organizations() -> Callable[[StoredOffice], Sequence[dict[str, Any]]]:
    seen: set[str] = set()

    def of_office(office: StoredOffice) -> Sequence[dict[str, Any]]:
        name = office.row["institution"]
        if name in seen:
            return ()
        seen.add(name)
        return [{"id": name, "name": name}]

    return of_office


def _post(office: StoredOffice) -> dict[str, Any]:
    told = _told(office.row, OFFICE_FIELDS)
    item = {
        "id": office.row["external_id"],
        "label": told.pop("title"),
        "organization_id": told.pop("institution"),
        "area_id": told.pop("area", None),
        "contact_details": [_detail(key, row) for key, row in office.contacts.items()],
    }
    return item | _own(told)


def _detail(key: str, row: Stored) -> dict[str, Any]:
    told = {"external_id": key, **_told(row, CONTACT_FIELDS), **_verified(row)}
    channel = told.pop("channel")
    postal = row["postal"]
    value = ", ".join(filter(None, (postal.get(part) for part in POSTAL_PARTS))) if postal else row["value"]
    kind = {"email": "email", "post": "address", "web_form": "form"}[channel]
    if channel != "post":
        told.pop("value", None)
    return {"type": kind, "value": value, "note": told.pop("note", None), **_own(told)}


def _person(row: Stored) -> dict[str, Any]:
    names = [{"name": name} for name in row["variants"]]
    item = {"id": row_key(row), "name": row["name"], "family_name": row["family_name"], "other_names": names}
    return item | ({"honorific_prefix": row["honorific"]} if row["honorific"] else {})


def _membership(office: StoredOffice, row: Stored) -> dict[str, Any]:
    told = _told(row, HOLDER_FIELDS)
    for name in ("name", "family_name", "honorific", "variants"):
        if not row["vacant"]:
            told.pop(name, None)
    item = {
        "id": row_key(row),
        "post_id": office.row["external_id"],
        "person_id": None if row["vacant"] else row_key(row),
        "start_date": told.pop("starts_on", None),
        "end_date": told.pop("ends_on", None),
    }
    return item | _own(told)
