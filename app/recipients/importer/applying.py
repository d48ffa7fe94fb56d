"""Doing what a plan says, in one transaction, some hundred rows at a time."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.content import content_changed
from app.errors import Refused
from app.recipients.areas import Area, AreaPostalCode
from app.recipients.importer import stored
from app.recipients.importer.comparing import complete
from app.recipients.importer.fields import RecordKind
from app.recipients.importer.plans import Change, Plan
from app.recipients.importer.stored import AT_ONCE
from app.recipients.models import WHERE, Contact, Holder, Recipient
from app.recipients.search import search_text, sorted_by, store_words
from app.security import audit

_TABLES: dict[RecordKind, type[Any]] = {
    "area": Area,
    "office": Recipient,
    "holder": Holder,
    "contact": Contact,
}
_KEYS: dict[RecordKind, str] = {
    "area": "key",
    "office": "external_id",
    "holder": "external_id",
    "contact": "external_id",
}
_LISTED_BY = frozenset({"institution", "title", "short_name", "variants", "name", "status"})


def carry_out(session: Session, plan: Plan, *, now: datetime, actor: str) -> None:
    """Make all changes of a plan but its conflicts, and tell the audit log.

    The caller's transaction makes them one.

    Args:
        session: a write transaction.
        plan: made of this state of the database.
        now: the present instant.
        actor: for the audit log.

    Raises:
        Refused: there are errors.
    """
    if plan.errors:
        raise Refused(_("There are errors in the file; nothing was changed."))
    if plan.is_empty:
        return
    _Writer(session, plan, now, actor).all()
    content_changed(session)
    counts = {f"{kind} {action}": str(count) for (kind, action), count in sorted(plan.counts().items())}
    audit.record(
        session, "recipient.imported", actor=actor, now=now, kind="recipient",
        detail={"data": plan.origin or "file", **counts},
    )  # fmt: skip


class _Writer:
    def __init__(self, session: Session, plan: Plan, now: datetime, actor: str) -> None:
        self.now = now
        # A file verifies nothing: a person does, and not the one who brought the file.
        self.unverified = {"verified_at": None, "verified_by": "", "entered_by": actor}
        self.connection = session.connection()
        self.session = session
        self.changes = plan.writes
        self.slugs = plan.slugs
        self.ids: dict[tuple[str, str], uuid.UUID] = {}
        # All rows of a statement need the same columns.
        self._defaults = {kind: _defaults(kind) for kind in _KEYS}

    def all(self) -> None:
        self._learn_ids()
        for kind in _KEYS:
            changes = [change for change in self.changes if change.kind == kind]
            self._insert(kind, [change for change in changes if change.row_id is None])
            self._update(kind, [change for change in changes if change.row_id is not None])
        self._link("area", "parent", Area.parent_id, "area")
        self._link("office", "successor", Recipient.successor_id, "office")
        self._postal_codes()
        self._search_texts()

    def _learn_ids(self) -> None:
        """Look up rows that changes refer to and that were there before."""
        wanted_areas = {change.external_id for change in self.changes if change.kind == "postal_codes"}
        wanted_offices = {change.office for change in self.changes if change.office}
        for change in self.changes:
            wanted_areas |= {change.values.get(name) or "" for name in ("area", "parent")}
            wanted_offices.add(change.values.get("successor") or "")
        for kind, table, keys in (
            ("area", Area.key, wanted_areas),
            ("office", Recipient.external_id, wanted_offices),
        ):
            for part in _parts(sorted(keys - {""})):
                query = sa.select(table, table.class_.id).where(table.in_(part))
                self.ids |= {(kind, key): row_id for key, row_id in self.connection.execute(query)}

    def _insert(self, kind: RecordKind, changes: list[Change]) -> None:
        for part in _parts(changes):
            rows = [self._row(kind, change) for change in part]
            self.connection.execute(sa.insert(_TABLES[kind]), rows)

    def _row(self, kind: RecordKind, change: Change) -> dict[str, Any]:
        row_id = uuid.uuid4()
        self.ids[kind, change.external_id] = row_id
        row = {"id": row_id, _KEYS[kind]: change.external_id, **self._columns(kind, change)}
        row = {**self._defaults[kind], **row}
        if kind in {"holder", "contact"}:
            row["recipient_id"] = self.ids["office", change.office]
        if kind == "contact":
            row |= self.unverified
        if kind == "office":
            row |= {"slug": self.slugs.get(change.external_id, row["slug"]), "search_text": ""}
        return row

    def _columns(self, kind: RecordKind, change: Change) -> dict[str, Any]:
        values = {name: value for name, value in change.values.items() if name not in {"parent", "successor"}}
        if kind == "office" and "area" in values:
            area = values.pop("area")
            values["area_id"] = self.ids["area", area] if area else None
        if kind == "contact" and change.row_id is not None and WHERE & values.keys():
            values |= self.unverified
        if kind != "area":
            values["imported_at"] = self.now
        return values

    def _update(self, kind: RecordKind, changes: list[Change]) -> None:
        table = _TABLES[kind].__table__
        rows = [(change.row_id, self._columns(kind, change)) for change in changes]
        rows.sort(key=lambda row: sorted(row[1]))
        for names, alike in itertools.groupby(rows, key=lambda row: sorted(row[1])):
            if names:  # an area of which only the parent changes has none: see _link
                update = sa.update(table).where(table.c.id == sa.bindparam("the_id"))
                update = update.values({name: sa.bindparam(f"to_{name}") for name in names})
                self._many(update, alike)

    def _many(self, statement: Any, rows: Iterable[tuple[uuid.UUID | None, dict[str, Any]]]) -> None:
        told = [{"the_id": row_id, **{f"to_{name}": v for name, v in row.items()}} for row_id, row in rows]
        for part in _parts(told):
            self.connection.execute(statement, part)

    def _link(self, kind: str, name: str, column: Any, target: str) -> None:
        """Point rows at others of their table, when all of them are there."""
        rows = []
        for change in self.changes:
            if change.kind == kind and name in change.values:
                key = change.values[name]
                if key is None and change.row_id is None:
                    continue
                row_id = change.row_id or self.ids[kind, change.external_id]
                rows.append((row_id, {name: self.ids[target, key] if key else None}))
        table = column.class_.__table__
        update = sa.update(table).where(table.c.id == sa.bindparam("the_id"))
        if rows:
            self._many(update.values({column.key: sa.bindparam(f"to_{name}")}), rows)

    def _postal_codes(self) -> None:
        for change in self.changes:
            if change.kind != "postal_codes":
                continue
            area = self.ids["area", change.external_id]
            for part in _parts(change.values["removed"]):
                gone = (AreaPostalCode.area_id == area, AreaPostalCode.postal_code.in_(part))
                self.connection.execute(sa.delete(AreaPostalCode).where(*gone))
            country = self._country(change.external_id)
            rows = [
                {"id": uuid.uuid4(), "area_id": area, "country": country, "postal_code": code}
                for code in change.values["added"]
            ]
            for some in _parts(rows):
                self.connection.execute(sa.insert(AreaPostalCode), some)

    def _country(self, key: str) -> str:
        return str(self.connection.scalar(sa.select(Area.country).where(Area.key == key)))

    def _search_texts(self) -> None:
        keys = sorted(
            {change.office for change in self.changes if change.office and _LISTED_BY & change.values.keys()}
        )
        table = Recipient.__table__
        update = sa.update(Recipient).where(table.c.id == sa.bindparam("the_id"))
        update = update.values(search_text=sa.bindparam("to_text"), sort_key=sa.bindparam("to_key"))
        for part in _parts(keys):
            offices = stored.offices(self.session, part).values()
            texts = [(office, _search_text(office)) for office in offices]
            rows = [
                {"the_id": one.row["id"], "to_text": text, "to_key": sorted_by(text, one.row["status"])}
                for one, text in texts
            ]
            self.connection.execute(update, rows)
            store_words(self.session, {one.row["id"]: text for one, text in texts})


def _defaults(kind: RecordKind) -> dict[str, Any]:
    """Return what a new row takes where the file says nothing, by column."""
    values = complete(kind, {})
    links = {"area": "area_id", "successor": "", "parent": ""}
    return {links.get(name, name): value for name, value in values.items() if links.get(name, name)}


def _search_text(office: stored.StoredOffice) -> str:
    row = office.row
    words = [row["institution"], row["title"], row["short_name"], *row["variants"]]
    for holder in sorted(office.holders.values(), key=lambda holder: str(holder["name"])):
        words += [holder["name"], *holder["variants"]]
    return search_text(words)


def _parts(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))
