"""Offices as YAML: the form of `seeds/recipients/*.yaml`, which is also what is exported.

A list. Each item is an office with its `holders` and `contacts`, or an area (`area: <key>` first, with its
`postal_codes`).
"""

from __future__ import annotations

from pathlib import Path

from flask_babel import gettext as _

from app.recipients.areas import postal_code_key
from app.recipients.importer.building import add
from app.recipients.importer.located_yaml import Located, Stray, items
from app.recipients.importer.reading import Unreadable
from app.recipients.importer.records import Records


def read_yaml(path: Path) -> Records:
    """Read a file, or every `*.yaml` and `*.yml` of a folder. Whatever is wrong is in its problems."""
    records = Records()
    files = sorted(file for file in path.rglob("*.y*ml")) if path.is_dir() else [path]
    for file in files:
        try:
            for item in items(file):
                _item(records, item)
        except Unreadable as trouble:
            records.error(trouble.place, trouble.sentence)
    return records


def _item(records: Records, item: Located | Stray) -> None:
    if isinstance(item, Stray):
        records.error(item.where(), _("A list of offices is expected, each with its external_id."))
    elif "area" in item and "external_id" not in item:
        _area(records, item)
    else:
        _office(records, item)


def _area(records: Records, item: Located) -> None:
    raw = {name: value for name, value in item.items() if name not in {"area", "postal_codes"}}
    key = add(records, "area", raw, external_id=item["area"], where=item.where)
    codes = item.get("postal_codes")
    if codes is None or not key:
        return
    if not isinstance(codes, list):
        records.error(item.where("postal_codes"), _("A list of texts is expected here."))
        return
    country = records.areas[key].values.get("country") or "" if key in records.areas else ""
    records.postal_codes[key] = {postal_code_key(country, str(code)) for code in codes}


def _office(records: Records, item: Located) -> None:
    raw = {name: v for name, v in item.items() if name not in {"external_id", "holders", "contacts"}}
    key = add(records, "office", raw, external_id=item.get("external_id"), where=item.where)
    if not key:
        return
    for holder in _parts(records, item, "holders"):
        rest = {name: value for name, value in holder.items() if name != "external_id"}
        add(records, "holder", rest, external_id=holder.get("external_id"), where=holder.where, office=key)
    seen: dict[str, int] = {}
    for contact in _parts(records, item, "contacts"):
        # In the seeds contacts have no name of their own: channel and place among its kind stand for one.
        channel = str(contact.get("channel"))
        seen[channel] = seen.get(channel, 0) + 1
        own = contact.get("external_id") or f"{key}:{channel}:{seen[channel]}"
        rest = {name: value for name, value in contact.items() if name != "external_id"}
        add(records, "contact", rest, external_id=own, where=contact.where, office=key)


def _parts(records: Records, item: Located, name: str) -> list[Located]:
    parts = item.get(name) or []
    if isinstance(parts, list) and all(isinstance(part, Located) for part in parts):
        return parts
    records.error(item.where(name), _("A list of rows with names and values is expected here."))
    return []
