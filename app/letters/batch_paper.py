"""A batch of letters as one PDF for the printer: a sheet for each office, then the letters to it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.delivery.models import Delivery
from app.errors import Refused
from app.i18n import page_language
from app.letters.models import Letter
from app.letters.own_copies import address_of
from app.letters.posting import batch_line, in_order, note
from app.recipients.models import Recipient
from app.recipients.resolution import Addressee, envelope_lines, resolve
from app.rendering.forms_of_address import with_institution
from app.rendering.letter import cut, with_address
from app.rendering.paper.post import cover
from app.rendering.paper.press import bundle
from app.rendering.paper.sheet import Sheet

GONE = ("cancelled", "held")


def paper_of_batch(batch_id: uuid.UUID, *, actor: str, now: datetime) -> bytes:
    """Return the letters of a batch that were not taken back; that `actor` had them is written down first.

    Raises:
        NotFound: there is no such batch.
        Refused: nothing of it is left to print, or its texts are not kept any more.
    """
    line = batch_line(batch_id)
    rows = [row for row in _rows(db.session, batch_id) if row[0].state not in GONE and row[0].text]
    if not rows:
        raise Refused(_("Nothing of this batch is left to print."))
    with transaction() as session:
        detail = {"copies": str(len(rows))}
        note(session, "post.read", batch_id, detail, actor=actor, now=now)
    rows = [row for row in _rows(db.session, batch_id) if row[0].state not in GONE and row[0].text]
    offices = resolve(db.session, {row[2].id for row in rows}, day=now.date())
    return bundle(_sheets(rows, offices, line.name))


_Row = tuple[Delivery, Letter, Recipient]


def _rows(session: Session, batch_id: uuid.UUID) -> list[_Row]:
    return [(row[0], row[1], row[2]) for row in session.execute(in_order(batch_id))]


def _sheets(rows: list[_Row], offices: dict[uuid.UUID, Addressee], batch: str) -> Iterator[Sheet]:
    for recipient_id, group in groupby(rows, key=lambda row: row[2].id):
        letters, office = list(group), offices[recipient_id]
        yield _cover(office, [letter.reference for _copy, letter, _recipient in letters], batch)
        for delivery, letter, _recipient in letters:
            yield _sheet(delivery, letter, office)


def _sheet(delivery: Delivery, letter: Letter, office: Addressee) -> Sheet:
    segments = cut(delivery.text, delivery.subject)
    lines = envelope_lines(office, address_of(segments), sender_country="", language=letter.language)
    # Confirmed when its office had no postal address: its text does not say where an answer goes.
    email = letter.supporter.email
    notes = (
        () if email in delivery.text else (_("An answer reaches the signatory at %(email)s.", email=email),)
    )
    return Sheet(
        language=letter.language,
        country=office.recipient.country or "",
        segments=with_address(segments, lines),
        notes=notes if email else (),
    )


def _cover(office: Addressee, references: list[str], batch: str) -> Sheet:
    language, recipient = page_language(), office.recipient
    names = with_institution(office.form_of_address(language).envelope, recipient.institution)
    count = len(references)
    return cover(
        language=language,
        country=recipient.country or "",
        address=envelope_lines(office, names, sender_country="", language=language) or names,
        title=ngettext("%(num)s letter", "%(num)s letters", count) + f" · {recipient.title}",
        lines=[
            _(
                "Batch %(batch)s. This sheet parts the letters; with it they can go in one envelope, too.",
                batch=batch,
            )
        ],
        references=references,
        receipt=[
            _("Handed in on: ____________________"),
            _("Taken by: ________________________"),
            _("Signature: _______________________"),
        ],
    )
