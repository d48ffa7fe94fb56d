"""Mails to try the outbox with."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app.database import db, transaction
from app.delivery.envelope import Envelope
from app.delivery.models import Attempt, Delivery, StateChange
from app.delivery.outbox import cancel, notice_rows
from app.hot_rows import insert_rows

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def make_envelope(
    number: int = 0,
    *,
    to: str = "",
    mail_from: str = "b+token@site.example",
    body: str = "Dear office,\r\n.\r\n..two dots\r\nfaithfully\r\n",
    subject: str = "A letter",
) -> Envelope:
    """Return a mail like those that `rendering.mail` composes, told from others by its number."""
    to = to or f"office{number}@offices.example"
    message_id = f"<letter-{number}@site.example>"
    headers = [
        "From: Supporter via Campaign <letters@site.example>",
        f"To: {to}",
        f"Subject: {subject}",
        "Date: Sat, 21 Nov 2026 12:00:00 +0000",
        f"Message-ID: {message_id}",
    ]
    wire = "\r\n".join([*headers, "", body]).encode()
    return Envelope(
        mail_from=mail_from, rcpt_to=to, subject=subject, text=body, wire=wire, message_id=message_id
    )


def queue(numbers: Sequence[int] = (0,), *, now: datetime = NOON, **mail: str) -> list[uuid.UUID]:
    """Put mails with these numbers into the outbox, due `now` in this order, and return their deliveries.

    Further keywords are those of `make_envelope`.
    """
    made = []
    with transaction() as session:
        for place, number in enumerate(numbers):
            due = now - timedelta(milliseconds=len(numbers) - 1 - place)
            rows = notice_rows(mail=make_envelope(number, **mail), now=due)
            insert_rows(session, *rows)
            made.append(rows[0].id)
    return made


def take_back(delivery_id: uuid.UUID, *, now: datetime = NOON) -> bool:
    """Cancel a delivery as its writer would, and return whether that worked."""
    with transaction() as session:
        delivery = session.get_one(Delivery, delivery_id)
        return cancel(session, delivery, now=now, cause="taken back", actor="supporter")


def read(delivery_id: uuid.UUID) -> Delivery:
    """Return a delivery as it is in the database now."""
    with db.sessionmaker() as session:
        return session.get_one(Delivery, delivery_id)


def read_all() -> list[Delivery]:
    """Return all deliveries as they are in the database now."""
    with db.sessionmaker() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.created_at)))


def state_of(delivery_id: uuid.UUID) -> str:
    """Return a delivery's state."""
    return read(delivery_id).state


def attempts_of(delivery_id: uuid.UUID) -> list[Attempt]:
    """Return a delivery's attempts in their order."""
    query = select(Attempt).where(Attempt.delivery_id == delivery_id).order_by(Attempt.number)
    with db.sessionmaker() as session:
        return list(session.scalars(query))


def changes_of(delivery_id: uuid.UUID) -> list[StateChange]:
    """Return a delivery's journal in its order."""
    query = select(StateChange).where(StateChange.delivery_id == delivery_id).order_by(StateChange.number)
    with db.sessionmaker() as session:
        return list(session.scalars(query))


def way_of(delivery_id: uuid.UUID) -> list[str]:
    """Return the states that a delivery went through."""
    return [change.to_state for change in changes_of(delivery_id)]
