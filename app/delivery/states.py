"""The states of a delivery: one table of legal transitions, one function that makes them.

Nothing else in the code base sets `Delivery.state` of a delivery that exists. What is done here is
done by plain statements and not by the unit of work: workers do it three times for each mail.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.delivery.models import Delivery, StateChange
from app.hot_rows import Change, new_row, ordered_id

LEGAL: Final[dict[str, frozenset[str]]] = {
    "awaiting_confirmation": frozenset({"queued", "held", "to_print", "self_sent", "cancelled"}),
    # Back to `awaiting_confirmation`: its office has a form now, and its writer puts it in.
    "held": frozenset({"queued", "to_print", "awaiting_confirmation", "cancelled"}),
    # To `unclear`: it waited in a backup from which the database was restored, and may have left since.
    "queued": frozenset({"sending", "deferred", "held", "cancelled", "unclear"}),
    # Back to `queued`: broken off before the dot. To `cancelled`: taken back before the dot.
    "sending": frozenset({"accepted", "deferred", "unclear", "failed", "queued", "held", "cancelled"}),
    "deferred": frozenset({"sending", "queued", "held", "cancelled", "unclear"}),
    # From a relay's log, from a bounce, from a late answer to the worker, or by an organizer who decides.
    "unclear": frozenset({"accepted", "bounced", "failed", "deferred", "queued"}),
    "accepted": frozenset({"bounced"}),
    "to_print": frozenset({"printed", "self_sent", "held", "cancelled"}),
    "printed": frozenset({"posted", "to_print"}),
    "bounced": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
    "posted": frozenset(),
    "self_sent": frozenset(),
}

FINAL: Final = frozenset({"accepted", "bounced", "failed", "cancelled", "posted", "self_sent"})
"""Nothing more is done from here; only `accepted` can still turn out to have `bounced`."""

WITHDRAWABLE: Final = frozenset({"awaiting_confirmation", "held", "queued", "deferred", "to_print"})
"""What its writer can take back. (`sending` too, until the dot: `outbox.cancel` looks closer.)"""

DUE: Final = frozenset({"queued", "deferred"})
"""What waits for a worker."""


class IllegalTransition(RuntimeError):
    """A change of state that the table does not know: a mistake in the program, not of a person."""

    def __init__(self, before: str, after: str) -> None:
        super().__init__(f"no way from {before} to {after}")
        self.before = before
        self.after = after


@dataclass(frozen=True)
class Locked:
    """What decides about a delivery's state, as long as the transaction that locked it lasts."""

    id: uuid.UUID
    state: str
    attempt_count: int
    change_count: int
    leased_by: str | None
    lease_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Move:
    """A change of state.

    Args:
        row: the delivery, locked.
        to: the new state.
        now: the instant of the change.
        cause: as for `transition`.
        actor: as for `transition`.
        due_at: when it may leave, where the new state is one of `DUE`; at once if None.
        attempt_count: the new one, if an attempt begins with the change.
    """

    row: Locked
    to: str
    now: datetime
    cause: str
    actor: str
    due_at: datetime | None = None
    attempt_count: int | None = None

    @property
    def after(self) -> Locked:
        """The delivery after the change.

        Raises:
            IllegalTransition: there is no such way.
        """
        row = self.row
        if self.to not in LEGAL[row.state]:
            raise IllegalTransition(row.state, self.to)
        keeps_lease = self.to == "sending"
        return Locked(
            id=row.id,
            state=self.to,
            attempt_count=row.attempt_count if self.attempt_count is None else self.attempt_count,
            change_count=row.change_count + 1,
            leased_by=row.leased_by if keeps_lease else None,
            lease_until=row.lease_until if keeps_lease else None,
        )


_deliveries = cast(sa.Table, Delivery.__table__)
_changes = cast(sa.Table, StateChange.__table__)
_LOCKED = (
    _deliveries.c.id,
    _deliveries.c.state,
    _deliveries.c.attempt_count,
    _deliveries.c.change_count,
    _deliveries.c.leased_by,
    _deliveries.c.lease_until,
)
# On SQLite the write transaction is the lock, and FOR UPDATE is not said.
_LOCK = sa.select(*_LOCKED).where(_deliveries.c.id == sa.bindparam("delivery")).with_for_update()
_LOCK_ALL = (
    sa.select(*_LOCKED)
    .where(_deliveries.c.id.in_(sa.bindparam("deliveries", expanding=True)))
    .order_by(_deliveries.c.id)
    .with_for_update()
)
_SHARED = (
    "state",
    "state_at",
    "reason",
    "attempt_count",
    "change_count",
    "due_at",
    "leased_by",
    "lease_until",
)
# Put together once: a worker makes three changes for each mail, and putting one together takes longer.
_MOVE = Change(
    sa.update(_deliveries)
    .where(_deliveries.c.id == sa.bindparam("delivery"))
    .values({name: sa.bindparam(f"new_{name}") for name in _SHARED})
)
_JOURNAL = Change(
    sa.insert(_changes).values({column.key: sa.bindparam(column.key) for column in _changes.columns})
)


def transition(
    session: Session, delivery: Delivery, to: str, *, now: datetime, cause: str, actor: str
) -> None:
    """Lock a delivery, change its state, and journal the change. Part of the caller's transaction.

    What is `sending` is in a worker's hand, and its final dot may be out: only workers, and
    `outbox.cancel`, which asks about the dot, move it on.

    Args:
        session: the caller's write transaction.
        delivery: the delivery; its other fields may have been changed before and are kept.
        to: the new state.
        now: the instant of the change.
        cause: why, as a short phrase (see `causes`); no personal datum.
        actor: who: `worker`, `supporter`, `redress`, or an organizer's id.

    Raises:
        IllegalTransition: there is no such way from the state in which the delivery is now.
    """
    row = lock_row(session, delivery)
    if row.state == "sending":
        raise IllegalTransition(row.state, to)
    move(session, row, to, now=now, cause=cause, actor=actor)
    reread(session, delivery)


def lock_row(session: Session, delivery: Delivery) -> Locked:
    """Lock the row of a delivery that is loaded; what the caller changed in it is written first."""
    session.flush()
    row = lock(session, delivery.id)
    if row is None:
        raise LookupError("the delivery was deleted meanwhile")
    return row


def lock(session: Session, delivery_id: uuid.UUID) -> Locked | None:
    """Lock a delivery's row until the transaction ends; None where there is no such delivery."""
    row = session.connection().execute(_LOCK, {"delivery": delivery_id}).first()
    return None if row is None else Locked(*row)


def lock_all(session: Session, deliveries: Collection[uuid.UUID]) -> dict[uuid.UUID, Locked]:
    """Lock the rows of deliveries, in one order for everybody; what is not there is left out."""
    if len(deliveries) == 1:
        row = lock(session, next(iter(deliveries)))
        return {} if row is None else {row.id: row}
    rows = session.connection().execute(_LOCK_ALL, {"deliveries": list(deliveries)})
    return {row.id: Locked(*row) for row in rows}


def reread(session: Session, delivery: Delivery) -> None:
    """Let a loaded delivery show what `move` has made of it."""
    session.refresh(delivery, attribute_names=_SHARED)


def move(
    session: Session,
    row: Locked,
    to: str,
    *,
    now: datetime,
    cause: str,
    actor: str,
    due_at: datetime | None = None,
) -> Locked:
    """Change the state of one locked delivery, journal the change, and return the delivery after it.

    Arguments and errors are those of `Move`.
    """
    one = Move(row=row, to=to, now=now, cause=cause, actor=actor, due_at=due_at)
    move_all(session, [one])
    return one.after


def move_all(session: Session, moves: Sequence[Move]) -> None:
    """Change the states of locked deliveries and journal the changes: two statements, however many they are.

    Args:
        session: the transaction that holds the locks.
        moves: the changes, one for each delivery.

    Raises:
        IllegalTransition: there is no such way; nothing is written then.
    """
    if not moves:
        return
    ends = [(one, one.after) for one in moves]
    _MOVE.make(session, [_changed(one, after) for one, after in ends])
    _JOURNAL.make(
        session,
        [
            _entry(after, before=one.row.state, at=one.now, cause=one.cause, actor=one.actor)
            for one, after in ends
        ],
    )


def _changed(one: Move, after: Locked) -> dict[str, Any]:
    return {
        "delivery": after.id,
        "new_state": after.state,
        "new_state_at": one.now,
        "new_reason": one.cause,
        "new_attempt_count": after.attempt_count,
        "new_change_count": after.change_count,
        "new_due_at": (one.due_at or one.now) if after.state in DUE else None,
        "new_leased_by": after.leased_by,
        "new_lease_until": after.lease_until,
    }


def first_rows(delivery: Delivery, *, now: datetime, cause: str, actor: str) -> tuple[Delivery, StateChange]:
    """Return a new delivery, in the state that it was constructed with, and its journal's first entry.

    Both are for `insert_rows`.
    """
    delivery.state_at = delivery.created_at = now
    delivery.reason = cause
    delivery.attempt_count, delivery.change_count = 0, 1
    row = Locked(delivery.id, delivery.state, 0, 1, None, None)
    return delivery, new_row(StateChange, **_entry(row, before=None, at=now, cause=cause, actor=actor))


def _entry(row: Locked, *, before: str | None, at: datetime, cause: str, actor: str) -> dict[str, Any]:
    return {
        "id": ordered_id(),
        "delivery_id": row.id,
        "number": row.change_count,
        "from_state": before,
        "to_state": row.state,
        "at": at,
        "cause": cause,
        "actor": actor,
    }
