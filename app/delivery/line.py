"""Where a delivery stands in the line: how many are before it, and when it should leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.delivery.limits import MINUTE
from app.delivery.models import Delivery
from app.delivery.stops import Stopped


@dataclass(frozen=True)
class Place:
    """A place in the line.

    Attributes:
        is_stopped: a stop keeps it back; nobody knows for how long.
        ahead: letters to the same mail domain that leave before it.
        expected: when it should leave.
    """

    is_stopped: bool
    ahead: int
    expected: datetime


def place_of(session: Session, delivery: Delivery, *, rate: int, stopped: Stopped, now: datetime) -> Place:
    """Return where a delivery stands that waits for a worker. One count over an index of what waits.

    Args:
        session: to look with.
        delivery: the delivery.
        rate: letters to one domain in a minute, 0 for as fast as they can.
        stopped: what is stopped.
        now: the instant.
    """
    is_stopped = stopped.holds(
        delivery.kind, campaign_id=delivery.campaign_id, recipient_id=delivery.recipient_id
    )
    due = delivery.due_at or now
    before = Delivery.due_at < due
    if delivery.slot_at != due:
        # No worker has given it its turn yet: it comes behind all who have one.
        before = or_(before, and_(Delivery.slot_at == Delivery.due_at, Delivery.id != delivery.id))
    query = (
        select(func.count())
        .select_from(Delivery)
        .where(
            Delivery.domain == delivery.domain,
            Delivery.due_at.is_not(None),
            Delivery.kind == "letter",
            before,
        )
    )
    ahead = session.scalars(query).one()
    by_rate = now + (ahead // rate) * MINUTE if rate else now
    return Place(is_stopped, ahead, max(due, now) if delivery.slot_at == due else max(due, by_rate))
