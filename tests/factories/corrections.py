"""Corrections as readers propose them."""

from __future__ import annotations

import uuid
from datetime import datetime

from app import clock
from app.recipients import corrections
from app.recipients.corrections import Correction

TEXT = "Somebody else holds it since 3 May 2026: Nare Hakobyan."
SOURCE = "https://office.example/news/17"


def propose(
    recipient_id: uuid.UUID,
    text: str = TEXT,
    source: str = SOURCE,
    *,
    row_id: uuid.UUID | None = None,
    network: str | None = None,
    now: datetime | None = None,
) -> Correction:
    """Propose a correction of an office. Needs a request context, or an application context at least."""
    return corrections.propose(
        recipient_id, text, source, row_id=row_id or uuid.uuid4(), network=network, now=now or clock.now()
    )
