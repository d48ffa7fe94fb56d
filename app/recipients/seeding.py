"""Loading offices from `seeds/recipients/*.yaml`: an upsert on stable external ids.

Loading twice changes nothing, and a row that an organizer has edited or imported is never overwritten.
The format is described in seeds/README.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import transaction
from app.errors import RedressError
from app.recipients.models import Contact, Holder, Recipient
from app.recipients.search import refresh_search_text
from app.yaml_files import read_yaml

DEMO_DOMAIN = "offices.example"
"""Reserved by RFC 2606: mail to it goes nowhere."""

OFFICE_FIELDS = [
    "slug",
    "institution",
    "title",
    "short_name",
    "level",
    "country",
    "jurisdiction",
    "status",
    "closed_on",
    "closed_reason",
    "accepts",
    "how_to_submit",
    "mandate",
    "languages",
    "address_style",
    "variants",
    "note",
    "confidence",
    "checked_on",
    "sources",
]
HOLDER_FIELDS = [
    "name",
    "family_name",
    "honorific",
    "rank",
    "country",
    "starts_on",
    "ends_on",
    "acting",
    "vacant",
    "confidence",
    "term_note",
    "variants",
    "sources",
]
CONTACT_FIELDS = ["channel", "value", "country", "language", "confidence", "note", "sources"]
NOT_NULL_TEXTS = frozenset(
    [
        "jurisdiction",
        "closed_reason",
        "how_to_submit",
        "mandate",
        "note",
        "name",
        "family_name",
        "honorific",
        "rank",
        "term_note",
        "value",
    ]
)


@dataclass
class Loaded:
    """How many rows were new, changed, and left alone because an organizer had edited or imported them."""

    new: int = 0
    changed: int = 0
    kept: int = 0


def load_recipients(folder: Path) -> Loaded:
    """Load every file of a folder in one transaction.

    Args:
        folder: holds `*.yaml`, each a list of offices.

    Raises:
        RedressError: a file is not YAML, or a successor does not exist.
    """
    offices = [office for path in sorted(folder.glob("*.yaml")) for office in read_yaml(path) or ()]
    loaded = Loaded()
    with transaction() as session:
        rows = {row.external_id: row for row in session.scalars(select(Recipient))}
        for office in offices:
            rows[office["external_id"]] = _office(session, rows.get(office["external_id"]), office, loaded)
        session.flush()
        for office in offices:
            _successor(rows, office)
    return loaded


def _office(session: Session, row: Recipient | None, office: Mapping[str, Any], loaded: Loaded) -> Recipient:
    if row is None:
        row = Recipient(external_id=office["external_id"])
        session.add(row)
    values = {name: _value(name, office.get(name)) for name in OFFICE_FIELDS}
    values["forms"] = {
        f"{language}.{part}": text
        for language, parts in (office.get("forms") or {}).items()
        for part, text in parts.items()
    }
    _apply(row, values, loaded)
    for holder in office.get("holders") or ():
        _part(
            row.holders,
            Holder,
            holder["external_id"],
            {n: _value(n, holder.get(n)) for n in HOLDER_FIELDS},
            loaded,
        )
    for key, contact in _keyed_contacts(office):
        values = {name: _value(name, contact.get(name)) for name in CONTACT_FIELDS}
        values["postal"] = _postal(contact.get("postal"))
        _part(row.contacts, Contact, key, values, loaded)
    refresh_search_text(row)
    return row


def _keyed_contacts(office: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    # Contacts have no name of their own in the files: channel and place among its kind stand for one.
    seen: dict[str, int] = {}
    keyed = []
    for contact in office.get("contacts") or ():
        channel = contact["channel"]
        seen[channel] = seen.get(channel, 0) + 1
        keyed.append((f"{office['external_id']}:{channel}:{seen[channel]}", contact))
    return keyed


def _part(
    rows: list[Any],
    kind: type[Holder] | type[Contact],
    external_id: str,
    values: dict[str, Any],
    loaded: Loaded,
) -> None:
    row = next((row for row in rows if row.external_id == external_id), None)
    if row is None:
        row = kind(external_id=external_id)
        rows.append(row)
    _apply(row, values, loaded)


def _apply(row: Any, values: Mapping[str, Any], loaded: Loaded) -> None:
    if _is_somebodys(row):
        loaded.kept += 1
        return
    is_new = row._sa_instance_state.key is None
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    loaded.new += is_new
    loaded.changed += bool(changed) and not is_new


def _is_somebodys(row: Any) -> bool:
    """Whether an organizer knows better than the seeds: by editing the row, or by importing it."""
    return row.edited_at is not None or row.imported_at is not None


def _value(name: str, value: Any) -> Any:
    if value is None:
        if name in NOT_NULL_TEXTS:
            return ""
        if name in {"variants", "sources", "languages"}:
            return []
        if name in {"acting", "vacant"}:
            return False
        return {
            "status": "open",
            "accepts": "public",
            "confidence": "unverified",
            "address_style": "official",
        }.get(name)
    if name == "sources":
        return [{key: _text(part) for key, part in source.items()} for source in value]
    return value.strip() if isinstance(value, str) else value


def _text(part: Any) -> str:
    return part.isoformat() if isinstance(part, date | datetime) else str(part)


def _postal(postal: Mapping[str, Any] | None) -> dict[str, str]:
    if not postal:
        return {}
    lines = postal.get("street") or ()
    street = lines if isinstance(lines, str) else "\n".join(lines)
    rest = {name: str(postal.get(name) or "") for name in ("city", "region", "postal_code")}
    return {"street": street, **rest}


def _successor(rows: Mapping[str, Recipient], office: Mapping[str, Any]) -> None:
    row, name = rows[office["external_id"]], office.get("successor")
    if _is_somebodys(row) or name is None:
        return
    if name not in rows:
        raise RedressError(f"{office['external_id']} names a successor that does not exist: {name}.")
    row.successor_id = rows[name].id


def add_demo_contacts(*, now: datetime) -> int:
    """Give every office a verified e-mail contact under the reserved demonstration domain.

    Returns:
        How many were added; an office that has one keeps it.
    """
    with transaction() as session:
        have = set(session.scalars(select(Contact.external_id).where(Contact.external_id.like("%:demo"))))
        offices = [r for r in session.scalars(select(Recipient)) if f"{r.external_id}:demo" not in have]
        for office in offices:
            session.add(_demo_contact(office, now))
    return len(offices)


def _demo_contact(office: Recipient, now: datetime) -> Contact:
    return Contact(
        recipient_id=office.id,
        external_id=f"{office.external_id}:demo",
        channel="email",
        value=f"{office.slug}@{DEMO_DOMAIN}",
        confidence="high",
        verified_at=now,
        verified_by="demonstration",
        status="active",
    )
