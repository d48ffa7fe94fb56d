"""What the database holds, as records are compared with it: plain rows, a part at a time."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.recipients.areas import Area, AreaPostalCode
from app.recipients.importer.fields import AREA_FIELDS, CONTACT_FIELDS, HOLDER_FIELDS, OFFICE_FIELDS
from app.recipients.models import Contact, Holder, Recipient

AT_ONCE = 500
ROW_ID = "redress:"
"""Before the id of a row that has no external one: how exports name it."""

Stored = Mapping[Any, Any]


@dataclass
class StoredOffice:
    """An office with its rows, by external id (see `row_key`)."""

    row: Stored
    holders: dict[str, Stored] = field(default_factory=dict)
    contacts: dict[str, Stored] = field(default_factory=dict)


def row_key(row: Stored) -> str:
    """Return what a holder or contact is known by outside: its external id, else one made of its id."""
    return row["external_id"] or f"{ROW_ID}{row['id']}"


def offices(session: Session, keys: Sequence[str]) -> dict[str, StoredOffice]:
    """Return the offices of some external ids with their holders and contacts."""
    found: dict[str, StoredOffice] = {}
    for part in _parts(keys):
        rows = session.execute(office_query().where(Recipient.external_id.in_(part))).mappings()
        found |= {row["external_id"]: StoredOffice(row) for row in rows}
    add_parts(session, found.values())
    return found


def add_parts(session: Session, found: Iterable[StoredOffice]) -> None:
    """Add holders and contacts to offices."""
    by_id = {office.row["id"]: office for office in found}
    for part in _parts(list(by_id)):
        for row in session.execute(_holders().where(Holder.recipient_id.in_(part))).mappings():
            by_id[row["recipient_id"]].holders[row_key(row)] = row
        for row in session.execute(_contacts().where(Contact.recipient_id.in_(part))).mappings():
            by_id[row["recipient_id"]].contacts[row_key(row)] = row


def office_query() -> sa.Select[Any]:
    """Return the query of offices; area and successor come as their keys."""
    successor = aliased(Recipient)
    columns = [getattr(Recipient, name) for name in OFFICE_FIELDS if name not in {"area", "successor"}]
    return (
        sa.select(
            Recipient.id,
            Recipient.external_id,
            Recipient.edited_at,
            *columns,
            Area.key.label("area"),
            successor.external_id.label("successor"),
        )
        .outerjoin(Area, Recipient.area_id == Area.id)
        .outerjoin(successor, Recipient.successor_id == successor.id)
    )


def _holders() -> sa.Select[Any]:
    columns = [getattr(Holder, name) for name in HOLDER_FIELDS]
    own = (Holder.id, Holder.recipient_id, Holder.external_id, Holder.edited_at)
    return sa.select(*own, *columns).order_by(Holder.starts_on, Holder.id)


def _contacts() -> sa.Select[Any]:
    columns = [getattr(Contact, name) for name in CONTACT_FIELDS]
    own = (Contact.id, Contact.recipient_id, Contact.external_id, Contact.edited_at)
    verified = (Contact.verified_at, Contact.verified_by)
    return sa.select(*own, *columns, *verified).order_by(Contact.channel, Contact.external_id, Contact.id)


def areas(session: Session, keys: Iterable[str] | None = None) -> dict[str, Stored]:
    """Return areas by key, all of them or some; their parent comes as its key."""
    parent = aliased(Area)
    columns = [getattr(Area, name) for name in AREA_FIELDS if name != "parent"]
    query = (
        sa.select(Area.id, Area.key, *columns, parent.key.label("parent"))
        .outerjoin(parent, Area.parent_id == parent.id)
        .order_by(Area.key)
    )
    if keys is None:
        return {row["key"]: row for row in session.execute(query).mappings()}
    parts = _parts(list(keys))
    return {
        row["key"]: row
        for part in parts
        for row in session.execute(query.where(Area.key.in_(part))).mappings()
    }


def postal_codes(session: Session, keys: Iterable[str]) -> dict[str, set[str]]:
    """Return the postal codes of some areas, by the areas' keys."""
    found: dict[str, set[str]] = {}
    query = sa.select(Area.key, AreaPostalCode.postal_code).join_from(AreaPostalCode, Area)
    for part in _parts(list(keys)):
        for key, code in session.execute(query.where(Area.key.in_(part))):
            found.setdefault(key, set()).add(code)
    return found


def owners(session: Session, kind: type[Holder] | type[Contact], keys: Sequence[str]) -> dict[str, uuid.UUID]:
    """Return the offices to which rows of some external ids belong."""
    found: dict[str, uuid.UUID] = {}
    for part in _parts(keys):
        query = sa.select(kind.external_id, kind.recipient_id).where(kind.external_id.in_(part))
        found |= {str(key): office for key, office in session.execute(query)}
    return found


def slugs(session: Session) -> dict[str, str]:
    """Return every slug with the external id of its office."""
    rows = session.execute(sa.select(Recipient.slug, Recipient.external_id))
    return {row.slug: row.external_id for row in rows}


def keys_beginning(session: Session, prefix: str) -> list[str]:
    """Return the external ids of offices that begin so."""
    query = sa.select(Recipient.external_id).where(Recipient.external_id.startswith(prefix, autoescape=True))
    return list(session.scalars(query))


def areas_with_codes(session: Session, prefix: str) -> list[str]:
    """Return the keys of areas that begin so and have postal codes."""
    has_codes = sa.exists().where(AreaPostalCode.area_id == Area.id)
    return list(
        session.scalars(sa.select(Area.key).where(Area.key.startswith(prefix, autoescape=True), has_codes))
    )


def _parts(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))
