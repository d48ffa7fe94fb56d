"""The rows of a delivery as those fetch them who change them."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from app.delivery.models import Attempt, Delivery


def locked(session: Session, delivery_id: uuid.UUID) -> Delivery | None:
    """Return a delivery with its row locked, without its sealed contents."""
    sealed = (Delivery.wire_sealed, Delivery.text_sealed, Delivery.subject_sealed)
    query = select(Delivery).where(Delivery.id == delivery_id).with_for_update()
    return session.scalar(query.options(*(defer(column) for column in sealed)))


def attempt_of(session: Session, delivery_id: uuid.UUID, number: int) -> Attempt:
    """Return one attempt of a delivery."""
    query = select(Attempt).where(Attempt.delivery_id == delivery_id, Attempt.number == number)
    return session.scalars(query).one()
