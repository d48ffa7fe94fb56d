"""How a month ends: everything at its end, each way a legal one, and nothing taken that nobody tells of."""

from __future__ import annotations

from collections import Counter, defaultdict

from sqlalchemy import func, select

from app.database import db
from app.delivery.models import Attempt, Delivery, StateChange
from app.delivery.states import FINAL, LEGAL
from app.letters.deciding import AGAIN, FOUND
from app.recipients.models import Recipient
from app.security.audit import check_chain
from tests.faults.month.servers import Arrival


def check_journal() -> None:
    """Hold each change against the table of legal ones, and each copy against its journal and attempts."""
    db.session.rollback()
    order = (StateChange.delivery_id, StateChange.number)
    columns = (StateChange.delivery_id, StateChange.number, StateChange.from_state, StateChange.to_state)
    ways: dict[object, list[str]] = defaultdict(list)
    for delivery_id, number, before, after in db.session.execute(select(*columns).order_by(*order)):
        way = ways[delivery_id]
        assert number == (len(way) or 1)
        if not way:
            way.append(before or "")
        assert way[-1] == (before or "")
        assert before is None or after in LEGAL[before], (before, after)
        way.append(after)
    attempts = Counter(
        dict(
            db.session.execute(select(Attempt.delivery_id, func.count()).group_by(Attempt.delivery_id)).all()
        )
    )
    copies = select(Delivery.id, Delivery.kind, Delivery.state, Delivery.change_count, Delivery.attempt_count)
    for delivery_id, kind, state, changes, begun in db.session.execute(copies):
        way = ways[delivery_id]
        assert way[0] == ("awaiting_confirmation" if kind == "letter" else "")
        assert (way[-1], len(way) - 1, attempts[delivery_id]) == (state, changes, begun)
    assert not db.session.scalar(select(func.count()).where(Attempt.ended_at.is_(None)))
    assert check_chain() is None


def check_finished() -> None:
    """Nothing waits, nothing is in a hand, and what is in the outbox is at its end."""
    db.session.rollback()
    unfinished = select(Delivery.kind, Delivery.channel, Delivery.state, Delivery.reason, func.count())
    unfinished = unfinished.where(Delivery.state.not_in(FINAL)).group_by(
        Delivery.kind, Delivery.channel, Delivery.state, Delivery.reason
    )
    found = db.session.execute(unfinished).all()
    assert not found, found
    left = Delivery.due_at.is_not(None) | Delivery.leased_by.is_not(None)
    assert not db.session.scalar(select(func.count()).where(left))


def check_arrivals(arrivals: list[Arrival]) -> None:
    """Hold what the servers really took against what every copy says of itself.

    A message is there once, unless its journal says that it broke off at the last moment and that an
    organizer sent it again; one that we were told of is never sent again at all.
    """
    db.session.rollback()
    here: dict[str, list[Arrival]] = defaultdict(list)
    about: dict[object, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        here[arrival.envelope.message_id].append(arrival)
        about[arrival.about].append(arrival)
    for there in here.values():
        assert not any(arrival.answered for arrival in there[:-1]), "sent again after it was taken"
        assert len({arrival.envelope.wire for arrival in there}) == 1, "other bytes under the same name"
    again = select(StateChange.delivery_id, func.count()).group_by(StateChange.delivery_id)
    marked = Counter(dict(db.session.execute(again.where(StateChange.cause == AGAIN)).all()))
    columns = (Delivery.id, Delivery.state, Delivery.reason, Delivery.message_id)
    for copy, state, reason, message_id in db.session.execute(
        select(*columns).where(Delivery.kind == "letter")
    ):
        there = about[copy]
        assert len(there) <= 1 + marked[copy]
        answered = any(arrival.answered for arrival in there)
        assert not answered or state in {"accepted", "bounced"}
        if state == "accepted" and reason != FOUND:
            assert there
            assert there[-1].envelope.message_id == message_id
        if state == "bounced":
            assert there


def check_daily_limit(slug: str) -> None:
    """Hold the attempts of each day (UTC) to an office against what it wishes."""
    db.session.rollback()
    office = db.session.scalars(select(Recipient).where(Recipient.slug == slug)).one()
    begun = select(Attempt.started_at).join(Delivery).where(Delivery.recipient_id == office.id)
    days = Counter(at.date() for at in db.session.scalars(begun))
    assert office.daily_limit
    assert max(days.values()) <= office.daily_limit
