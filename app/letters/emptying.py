"""Taking out of letters and their writers what tells who somebody is, so that only what counts stays."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.delivery.models import Delivery
from app.letters.models import Letter
from app.supporters.models import Consent, Supporter

SEALED = tuple(
    f"{name}_sealed" for name in ["email", "name", "title", "affiliation", "city", "region", "postal_code"]
)
NO_TEXT = {"text_sealed": None, "wire_sealed": None, "subject_sealed": None, "receipt_sealed": None}


def delete_letters(session: Session, letters: Collection[uuid.UUID], people: Collection[uuid.UUID]) -> None:
    """Delete letters that nobody confirmed, with who wrote them. Part of the caller's transaction."""
    session.execute(delete(Delivery).where(Delivery.letter_id.in_(letters)))
    session.execute(delete(Letter).where(Letter.id.in_(letters)))
    session.execute(delete(Consent).where(Consent.supporter_id.in_(people)))
    session.execute(delete(Supporter).where(Supporter.id.in_(people)))


def empty_letters(session: Session, letters: Collection[uuid.UUID]) -> None:
    """Delete the text of letters and of all their copies; where each copy is stays."""
    session.execute(update(Delivery).where(Delivery.letter_id.in_(letters)).values(NO_TEXT))
    own = {"personal_message_sealed": None, "edits_sealed": None, "sketches": None}
    session.execute(update(Letter).where(Letter.id.in_(letters)).values(own))


def make_nobody(session: Session, indexes: Mapping[uuid.UUID, bytes]) -> None:
    """Take out of rows of supporters who it was; country and place in the counts stay.

    Args:
        session: the caller's transaction.
        indexes: by the id of the row, its index from now on. Rows of one index count as one person.
    """
    nobody = dict.fromkeys(SEALED)
    rows = [{"id": key, "email_index": index, **nobody} for key, index in indexes.items()]
    if rows:
        session.execute(update(Supporter), rows)
