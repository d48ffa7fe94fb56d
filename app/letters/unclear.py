"""What organizers decide about a copy of which nobody can say whether it was taken."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.delivery import outbox
from app.delivery.models import Delivery
from app.delivery.states import transition
from app.errors import Refused
from app.letters.deciding import AGAIN, FOUND, GIVEN_UP, decide_about, moved_on

Settlement = Literal["arrived", "again", "give-up"]


def mark_accepted(delivery_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """Record that an unclear copy was taken after all, as the mail server's log tells.

    Raises:
        NotFound: there is no such copy.
        Refused: it is not unclear any more.
    """

    def act(session: Session, delivery: Delivery) -> None:
        settle_in(session, delivery, "arrived", actor=actor, now=now)

    decide_about(delivery_id, act, "delivery.marked_accepted", actor=actor, now=now)


def send_again(delivery_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """Send an unclear copy again, with the same bytes, although it may have arrived.

    Raises:
        NotFound: there is no such copy.
        Refused: it is not unclear any more.
    """

    def act(session: Session, delivery: Delivery) -> None:
        settle_in(session, delivery, "again", actor=actor, now=now)

    decide_about(delivery_id, act, "delivery.sent_again", actor=actor, now=now)


def give_up(delivery_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """End an unclear copy: it is neither counted as accepted nor sent again.

    Raises:
        NotFound: there is no such copy.
        Refused: it is not unclear any more.
    """

    def act(session: Session, delivery: Delivery) -> None:
        settle_in(session, delivery, "give-up", actor=actor, now=now)

    decide_about(delivery_id, act, "delivery.given_up", actor=actor, now=now)


def settle_in(session: Session, delivery: Delivery, how: Settlement, *, actor: str, now: datetime) -> None:
    """Settle something unclear in the caller's transaction.

    Raises:
        Refused: it is not unclear any more, or there is nothing left of it to send.
    """
    if delivery.state != "unclear":
        raise moved_on()
    if how == "arrived":
        transition(session, delivery, "accepted", now=now, cause=FOUND, actor=actor)
    elif how == "give-up":
        transition(session, delivery, "failed", now=now, cause=GIVEN_UP, actor=actor)
    else:
        try:
            outbox.queue_again(session, delivery, now=now, cause=AGAIN, actor=actor)
        except outbox.NotFrozen:
            raise Refused(_("The text of this copy is not kept any more; it cannot be sent.")) from None
