"""The stop switch: nothing more leaves, for the whole site, a campaign or an office, until it is lifted.

Workers ask in the claim, before each attempt and before its dot, in the database. What is stopped stays in
the queue as it is; nothing fails because of a stop.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, cast

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql import ColumnElement

from app.database import Base, db, transaction
from app.delivery.models import Delivery
from app.security import audit

Scope = Literal["site", "campaign", "office"]
SCOPES: Final[tuple[Scope, ...]] = ("site", "campaign", "office")
NOWHERE: Final = uuid.UUID(int=0)
"""What a stop of the whole site is of."""


class Stop(Base):
    """A stop that is on; lifting it deletes the row, and the audit log remembers.

    `subject_id` is the campaign's or the office's. `notices` says that a stop of the site keeps back
    the mails in our own name, too.
    """

    __tablename__ = "stops"
    __table_args__ = (
        sa.CheckConstraint("scope IN ('site', 'campaign', 'office')", name="scope"),
        sa.UniqueConstraint("scope", "subject_id"),
    )

    scope: Mapped[str] = mapped_column(sa.String(10))
    subject_id: Mapped[uuid.UUID]
    notices: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(sa.String(300), default="")
    since: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(80))


_stops = cast(sa.Table, Stop.__table__)
_READ = sa.select(_stops.c.scope, _stops.c.subject_id, _stops.c.notices)


@dataclass(frozen=True)
class Stopped:
    """Which mails must not leave."""

    letters: bool = False
    notices: bool = False
    campaigns: frozenset[uuid.UUID] = frozenset()
    offices: frozenset[uuid.UUID] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.letters or self.notices or self.campaigns or self.offices)

    def holds(
        self, kind: str, *, campaign_id: uuid.UUID | None = None, recipient_id: uuid.UUID | None = None
    ) -> bool:
        """Whether a mail must not leave."""
        if kind != "letter":
            return self.notices
        return self.letters or campaign_id in self.campaigns or recipient_id in self.offices

    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions of deliveries that may leave."""
        found: list[ColumnElement[bool]] = []
        if self.notices:
            found.append(Delivery.kind == "letter")
        if self.letters:
            found.append(Delivery.kind != "letter")
        for column, ids in ((Delivery.campaign_id, self.campaigns), (Delivery.recipient_id, self.offices)):
            if ids:
                found.append(sa.or_(column.is_(None), column.not_in(sorted(ids))))
        return tuple(found)


def stopped(session: Session) -> Stopped:
    """Return which mails must not leave as of now."""
    rows = session.execute(_READ).all()
    if not rows:
        return FREE
    site = [row for row in rows if row.scope == "site"]
    return Stopped(
        letters=bool(site),
        notices=any(row.notices for row in site),
        campaigns=_subjects(rows, "campaign"),
        offices=_subjects(rows, "office"),
    )


FREE: Final = Stopped()


def _subjects(rows: Collection[sa.Row[str, uuid.UUID, bool]], scope: Scope) -> frozenset[uuid.UUID]:
    return frozenset(row.subject_id for row in rows if row.scope == scope)


def all_stops() -> list[Stop]:
    """Return the stops that are on, the oldest first."""
    return list(db.session.scalars(sa.select(Stop).order_by(Stop.since, Stop.id)))


def find_stop(scope: str, subject_id: uuid.UUID = NOWHERE) -> Stop | None:
    """Return the stop of something, if it is on."""
    return db.session.scalar(sa.select(Stop).where(Stop.scope == scope, Stop.subject_id == subject_id))


def stop(
    scope: Scope,
    subject_id: uuid.UUID = NOWHERE,
    *,
    reason: str,
    actor: str,
    now: datetime,
    notices: bool = False,
    name: str = "",
) -> bool:
    """Let nothing more leave. Within five seconds no worker begins another mail that it holds.

    Args:
        scope: what of.
        subject_id: the campaign or the office.
        reason: why; the organizers read it.
        actor: for the audit log.
        now: the present instant.
        notices: of the whole site: also the mails in our own name, such as those that ask to confirm.
        name: of the campaign or office, for the audit log.

    Returns:
        Whether anything changed; False where the same stop was on already.
    """
    with transaction() as session:
        row = _locked(session, scope, subject_id)
        if row is not None and row.notices == notices:
            return False
        if row is None:
            row = Stop(scope=scope, subject_id=subject_id, since=now, by=actor, reason=reason)
            session.add(row)
        row.notices = notices
        _note(session, "delivery.stopped", row, actor=actor, now=now, name=name, reason=reason)
        return True


def resume(
    scope: Scope, subject_id: uuid.UUID = NOWHERE, *, actor: str, now: datetime, name: str = ""
) -> bool:
    """Lift a stop. What waited leaves in its turn, no faster than at any other time.

    Returns:
        Whether there was one.
    """
    with transaction() as session:
        row = _locked(session, scope, subject_id)
        if row is None:
            return False
        session.delete(row)
        _note(session, "delivery.resumed", row, actor=actor, now=now, name=name, reason="")
        return True


def _locked(session: Session, scope: Scope, subject_id: uuid.UUID) -> Stop | None:
    query = sa.select(Stop).where(Stop.scope == scope, Stop.subject_id == subject_id)
    return session.scalar(query.with_for_update())


def _note(
    session: Session, action: str, row: Stop, *, actor: str, now: datetime, name: str, reason: str
) -> None:
    detail = {"scope": row.scope, "name": name, "reason": reason}
    if row.notices:
        detail["notices"] = "too"
    audit.record(
        session,
        action,
        actor=actor,
        now=now,
        kind=row.scope,
        object_id=None if row.subject_id == NOWHERE else row.subject_id,
        detail={key: value for key, value in detail.items() if value},
    )
