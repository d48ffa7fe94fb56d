"""The states of a delivery: one table of legal transitions, one function that makes them.

Nothing else in the code base sets `Delivery.state` of a delivery that exists.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from app.delivery.models import Delivery, StateChange

LEGAL: Final[dict[str, frozenset[str]]] = {
    "awaiting_confirmation": frozenset({"queued", "held", "to_print", "self_sent", "cancelled"}),
    "held": frozenset({"queued", "to_print", "cancelled"}),
    "queued": frozenset({"sending", "deferred", "held", "cancelled"}),
    # Back to `queued`: broken off before the dot. To `cancelled`: taken back before the dot.
    "sending": frozenset({"accepted", "deferred", "unclear", "failed", "queued", "held", "cancelled"}),
    "deferred": frozenset({"sending", "queued", "held", "cancelled"}),
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


def transition(
    session: Session, delivery: Delivery, to: str, *, now: datetime, cause: str, actor: str
) -> None:
    """Lock a delivery, change its state, and journal the change. Part of the caller's transaction.

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
    lock(session, delivery)
    move(session, delivery, to, now=now, cause=cause, actor=actor)


def lock(session: Session, delivery: Delivery) -> None:
    """Lock a delivery's row and read again what others may have changed, keeping the caller's changes."""
    session.flush()
    # On SQLite the write transaction is the lock, and FOR UPDATE is not said.
    session.refresh(delivery, attribute_names=_SHARED, with_for_update=True)


_SHARED = ("state", "attempt_count", "change_count", "due_at", "leased_by", "lease_until")


def move(session: Session, delivery: Delivery, to: str, *, now: datetime, cause: str, actor: str) -> None:
    """As `transition`, for a row that the caller has locked in this transaction."""
    if to not in LEGAL[delivery.state]:
        raise IllegalTransition(delivery.state, to)
    before, delivery.state = delivery.state, to
    delivery.state_at = now
    delivery.reason = cause
    delivery.due_at = now if to in DUE else None
    if to != "sending":
        delivery.leased_by = delivery.lease_until = None
    _journal(session, delivery, before, cause, actor)


def start(session: Session, delivery: Delivery, *, now: datetime, cause: str, actor: str) -> None:
    """Store a new delivery in the state that it was constructed with, and begin its journal."""
    if not inspect(delivery).transient:
        raise RuntimeError("the delivery is stored already")
    delivery.state_at = delivery.created_at = now
    delivery.reason = cause
    delivery.change_count = 0
    session.add(delivery)
    _journal(session, delivery, None, cause, actor)


def _journal(session: Session, delivery: Delivery, before: str | None, cause: str, actor: str) -> None:
    delivery.change_count += 1
    session.add(
        StateChange(
            delivery_id=delivery.id,
            number=delivery.change_count,
            from_state=before,
            to_state=delivery.state,
            at=delivery.state_at,
            cause=cause,
            actor=actor,
        )
    )
