"""Letters on paper: the same text that is mailed and shown, as PDF."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.delivery.models import Delivery
from app.errors import NotFound, TooMany
from app.letters.desk import found_letter, record_look
from app.letters.following import find_by_token
from app.letters.models import Letter
from app.letters.wording import Worded
from app.recipients.models import Recipient
from app.rendering.letter import cut
from app.rendering.paper.press import pdf
from app.rendering.paper.sheet import Sheet
from app.security.rate_limits import hit, seconds_left

HOUR: Final = timedelta(hours=1)
PRINTED_AN_HOUR: Final = 120
"""PDFs of letters that are not stored, for one network: a full hall that prints."""


@dataclass(frozen=True)
class Printable:
    """One copy for paper, and what to call its file."""

    sheet: Sheet
    filename: str

    @property
    def content(self) -> bytes:
        """The PDF, made anew at each call: nothing of it is stored."""
        return pdf(self.sheet)


def copy_of_writer(token: str, delivery_id: uuid.UUID) -> Printable:
    """Return one copy of a confirmed letter for its writer, as it was frozen.

    Args:
        token: of the letter's page.
        delivery_id: the copy.

    Raises:
        NotFound: there is no such letter, or no such copy of it whose text is kept.
    """
    return _printable(db.session, find_by_token(db.session, token), delivery_id)


def copy_at_desk(letter_id: uuid.UUID, delivery_id: uuid.UUID, *, actor: str, now: datetime) -> Printable:
    """Return one copy for an organizer; that `actor` looked is written into the audit log first.

    Raises:
        NotFound: there is no such letter, or no such copy of it whose text is kept.
    """
    with transaction() as session:
        letter = found_letter(session, letter_id)
        printable = _printable(session, letter, delivery_id)
        record_look(session, letter, actor=actor, now=now)
    return printable


def admit_to_press(network: str | None, *, now: datetime) -> None:
    """Count that somebody has letters set that are not stored: nothing that anybody may ask for costs more.

    Args:
        network: where it came from, as `network_of` names it; None is not counted.
        now: the instant.

    Raises:
        TooMany: this network has asked for too many within the hour.
    """
    if network is None:
        return
    with transaction() as session:
        allowed = hit(session, "paper", network, window=HOUR, now=now) <= PRINTED_AN_HOUR
    if not allowed:
        raise TooMany(
            _("Too many letters were printed from your network within an hour."), seconds_left(HOUR, now=now)
        )


def preview_on_paper(letters: Sequence[Worded]) -> bytes:
    """Return letters that are not sent yet as one PDF. There must be at least one."""
    return pdf(*(Sheet(worded.language, worded.country, worded.segments) for worded in letters))


def _printable(session: Session, letter: Letter, delivery_id: uuid.UUID) -> Printable:
    query = (
        select(Delivery, Recipient)
        .join(Recipient, Delivery.recipient_id == Recipient.id)
        .where(Delivery.id == delivery_id, Delivery.letter_id == letter.id)
    )
    row = session.execute(query).one_or_none()
    if row is None or not row.Delivery.text:
        raise NotFound(_("There is no text to print here: it is not confirmed yet, or not kept any more."))
    delivery, recipient = row
    sheet = Sheet(
        language=letter.language,
        country=recipient.country or "",
        segments=cut(delivery.text, delivery.subject),
    )
    return Printable(sheet, f"{letter.reference}-{recipient.slug}.pdf")
