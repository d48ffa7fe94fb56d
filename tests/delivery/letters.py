"""Copies of letters to try pacing and stops with: of one letter that is in the database."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.database import transaction
from app.delivery.models import Delivery
from app.delivery.outbox import notice_rows
from app.hot_rows import insert_rows
from app.letters.models import Letter
from tests.delivery.mails import NOON, make_envelope
from tests.factories.campaigns import store_campaign
from tests.factories.letters import write_letter


def some_letter() -> tuple[uuid.UUID, uuid.UUID]:
    """Write a letter, forget its copies and its notice, and return its id and its campaign's."""
    write_letter(store_campaign(), now=NOON)
    with transaction() as session:
        session.execute(sa.delete(Delivery))
        letter = session.scalars(sa.select(Letter)).one()
        return letter.id, letter.campaign_id


def queue_letters(
    numbers: Sequence[int],
    of: tuple[uuid.UUID, uuid.UUID],
    *,
    now: datetime = NOON,
    domain: str = "offices.example",
    recipient_id: uuid.UUID | None = None,
) -> list[uuid.UUID]:
    """Put copies of a letter into the outbox, due in this order, and return their deliveries."""
    made = []
    with transaction() as session:
        for place, number in enumerate(numbers):
            due = now - timedelta(milliseconds=len(numbers) - 1 - place)
            envelope = make_envelope(number, to=f"office{number}@{domain}")
            delivery, change = notice_rows(mail=envelope, now=due, priority=5)
            insert_rows(session, delivery, change)
            made.append(delivery.id)
        session.execute(
            sa.update(Delivery)
            .where(Delivery.id.in_(made))
            .values(kind="letter", letter_id=of[0], campaign_id=of[1])
        )
        if recipient_id is not None:  # a letter has one copy to an office: of several, the last is it
            session.execute(
                sa.update(Delivery).where(Delivery.id.in_(made[-1:])).values(recipient_id=recipient_id)
            )
    return made
