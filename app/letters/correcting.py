"""A supporter agrees to the corrected wording of a held letter: read first, then sent as it was read."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.database import transaction
from app.delivery import outbox
from app.delivery.models import Delivery
from app.errors import RedressError, Refused
from app.letters.dispatch import takes_letters
from app.letters.freezing import (
    ACTOR,
    can_go_to,
    envelope_of,
    office_of,
    print_anew,
    snapshot_for,
    word_copy,
)
from app.letters.models import Letter
from app.letters.stating import CONSENTED, CORRECTED
from app.letters.wording import Worded
from app.recipients.resolution import resolve


def corrected(session: Session, letter: Letter, delivery: Delivery, *, now: datetime) -> Worded | None:
    """Return how a copy that is held because of a corrected fact reads today, or None.

    It cannot be sent where it is held for another reason, where its office takes no letters or cannot be
    reached, or where something else of it may not be stated any more.
    """
    if delivery.state != "held" or not delivery.reason.startswith(CORRECTED) or not letter.supporter.name:
        return None
    snapshot = snapshot_for(session, letter, now=now)
    office = office_of(session, snapshot, delivery)
    if office is None or not takes_letters(office.addressee):
        return None
    if not can_go_to(letter, office.addressee):
        return None
    try:
        return word_copy(session, snapshot, letter, delivery, office)
    except RedressError:
        return None


def seen_as(worded: Worded) -> str:
    """Return what a form carries to tell which wording its reader has seen."""
    return hashlib.sha256(f"{worded.subject}\n{worded.text}".encode()).hexdigest()


def agree(letter_id: uuid.UUID, delivery_id: uuid.UUID, seen: str, *, now: datetime) -> str:
    """Send a held copy in its corrected wording.

    Args:
        letter_id: of the letter.
        delivery_id: of its copy.
        seen: what `seen_as` said of the wording that the writer read.
        now: the instant; the Date of the mail.

    Returns:
        The channel on which it goes now.

    Raises:
        Refused: it is not held any more, cannot be worded, or reads otherwise by now.
    """
    with transaction() as session:
        letter = session.get_one(Letter, letter_id)
        delivery = session.get_one(Delivery, delivery_id, with_for_update=True)
        worded = corrected(session, letter, delivery, now=now)
        if worded is None or delivery.recipient_id is None:
            raise _cannot()
        if seen_as(worded) != seen:
            raise Refused(_("The letter has changed once more since you read it. Please read it again."))
        addressee = resolve(session, [delivery.recipient_id], day=now.date())[delivery.recipient_id]
        delivery.holder_id = addressee.holder.id if addressee.holder else None
        if addressee.contact is None:
            print_anew(session, letter, delivery, addressee, worded, now=now, cause=CONSENTED, actor=ACTOR)
            return delivery.channel
        delivery.channel, delivery.contact_id = "email", addressee.contact.id
        envelope = envelope_of(
            campaign=session.get_one(Campaign, letter.campaign_id),
            letter=letter,
            delivery=delivery,
            worded=worded,
            contact=addressee.contact,
            now=now,
            edition=uuid.uuid4(),
        )
        outbox.address_anew(session, delivery, envelope=envelope, now=now, cause=CONSENTED, actor=ACTOR)
        return delivery.channel


def _cannot() -> Refused:
    return Refused(_("This letter cannot be sent at the moment. Look at where it is now."))
