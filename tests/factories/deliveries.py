"""Deliveries in whatever state a test needs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.delivery.models import Delivery
from app.delivery.states import lock_row, move, reread


def bring_to(session: Session, delivery: Delivery, state: str, *, now: datetime) -> None:
    """Move a delivery on as its worker would, out of `sending` too; every step must be a legal one."""
    move(session, lock_row(session, delivery), state, now=now, cause="in a test", actor="worker")
    reread(session, delivery)
