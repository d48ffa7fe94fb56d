"""All copies of letters as a table for a spreadsheet: where each is, and of whom it is nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.delivery.models import Delivery
from app.letters.models import Letter
from app.recipients.importer.cells import encoded, safe
from app.recipients.models import Recipient

COLUMNS: Final[dict[str, Any]] = {
    "reference": Letter.reference,
    "campaign": Campaign.slug,
    "office": Recipient.slug,
    "channel": Delivery.channel,
    "language": Letter.language,
    "written_on": Letter.written_on,
    "confirmed_at": Letter.confirmed_at,
    "state": Delivery.state,
    "state_at": Delivery.state_at,
    "reason": Delivery.reason,
    "attempts": Delivery.attempt_count,
    "posted_on": Delivery.posted_on,
}
AT_ONCE: Final = 1000


def table_of_letters(session: Session) -> Iterator[str]:
    """Yield the lines of a CSV file (UTF-8, a heading first), the oldest copy first.

    Who wrote a letter and what stands in it are not among its columns.
    """
    yield _line(COLUMNS)
    query = (
        sa.select(*COLUMNS.values())
        .select_from(Delivery)
        .join(Letter, Delivery.letter_id == Letter.id)
        .join(Campaign, Letter.campaign_id == Campaign.id)
        .join(Recipient, Delivery.recipient_id == Recipient.id)
        .order_by(Delivery.created_at, Delivery.id)
        .execution_options(yield_per=AT_ONCE)
    )
    for row in session.execute(query):
        yield _line(safe(encoded(value)) for value in row)


def _line(cells: Any) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(cells)
    return written.getvalue()
