"""What organizers decide about a copy of which nobody can say whether it was taken."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.delivery import outbox
from app.delivery.models import Delivery
from app.delivery.states import transition
from app.errors import Refused
from app.letters.deciding import AGAIN, FOUND, GIVEN_UP, decide_about, moved_on

Settlement = Literal["arrived", "again", "give-up"]


ACTIONS: Final[Mapping[Settlement, str]] = {
    "arrived": "delivery.marked_accepted",
    "again": "delivery.sent_again",
    "give-up": "delivery.given_up",
}
"""What the audit log calls each."""


def settle(delivery_id: uuid.UUID, how: Settlement, *, actor: str, now: datetime) -> None:
    """Settle an unclear copy.

    Args:
        delivery_id: which.
        how: it was taken, as the mail server's log tells; it is sent again with the same bytes, although it
            may have arrived; or it is given up, neither counted as accepted nor sent again.
        actor: who decides, as audit log and journal name them.
        now: the instant.

    Raises:
        NotFound: there is no such copy.
        Refused: it is not unclear any more.
    """

    def act(session: Session, delivery: Delivery) -> None:
        settle_in(session, delivery, how, actor=actor, now=now)

    decide_about(delivery_id, act, ACTIONS[how], actor=actor, now=now)


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
