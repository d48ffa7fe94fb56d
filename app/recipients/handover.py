"""What would change if whoever holds an office left it today. Pure: an office in, an answer out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.recipients.models import Holder, Recipient
from app.recipients.resolution import Addressee, email_contact
from app.recipients.terms import holder_on
from app.rendering.forms_of_address import FormOfAddress

WAITING: Final = ("queued", "deferred", "to_print")
"""States of copies that are addressed already and have neither left nor been printed: they would be held."""


@dataclass(frozen=True)
class Handover:
    """An office before and after its holder's last day.

    Attributes:
        holder: who is addressed today.
        next: who would be addressed from tomorrow on, or None: then the title alone is.
        today, tomorrow: how letters are addressed, before and after.
        held: how many letters that wait to leave would be held.
    """

    holder: Holder
    next: Holder | None
    today: FormOfAddress
    tomorrow: FormOfAddress
    held: int


def handover(
    recipient: Recipient, *, day: date, copies: Mapping[str, int], language: str = "en"
) -> Handover | None:
    """Return what would change if today's holder had their last day on `day`.

    Args:
        recipient: with holders and contacts.
        day: today.
        copies: how many copies to the office are in each state.
        language: of the letters that are looked at.

    Returns:
        None where nobody is known to hold the office, or it is closed: then nothing could change.
    """
    holder = holder_on(recipient.holders, day)
    if holder is None or not recipient.is_open:
        return None
    others = [term for term in recipient.holders if term.id != holder.id]
    following = holder_on(others, day + timedelta(days=1))
    contact = email_contact(recipient)
    return Handover(
        holder=holder,
        next=following,
        today=Addressee(recipient, holder, contact).form_of_address(language),
        tomorrow=Addressee(recipient, following, contact).form_of_address(language),
        held=sum(copies.get(state, 0) for state in WAITING),
    )
