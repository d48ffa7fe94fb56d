"""What offices answer to an address of ours, on its way to the supporter whom they answer.

Answers belong to whoever wrote the letter. They go on at once, in a mail of our own, and nothing of them
is kept but that mail in the outbox, encrypted, until retention deletes it.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.delivery.bounces.quoting import quote, without_tokens
from app.delivery.envelope import Envelope
from app.delivery.models import Delivery
from app.delivery.outbox import notice_rows
from app.hot_rows import insert_rows
from app.letters.models import Letter
from app.notices.sending import filled, notice_envelope
from app.recipients.models import Recipient
from app.rendering.mail import Attachment
from app.security.rate_limits import hit

NOTICE: Final = "answer"
LONGEST: Final = 10 * 2**20
"""Octets of a message that is taken."""
ATTACHED: Final = 7_000_000
"""Octets of a message that goes on whole: with Base64 it stays within the ten megabytes that mail servers
take as they are installed. A larger one would be refused, and lost."""
MOST: Final = 5
"""Answers to one copy that go on in a day. Two machines that answer each other would never stop."""


@dataclass(frozen=True, repr=False)
class Answer:
    """An answer that is ready to go on."""

    delivery_id: uuid.UUID
    mail: Envelope


def prepare(session: Session, delivery: Delivery, raw: bytes, *, now: datetime) -> Answer | None:
    """Compose the mail that carries an answer, before a transaction is opened for it.

    Args:
        session: any.
        delivery: the copy of a letter that is answered.
        raw: the answer; what is beyond `LONGEST` was cut off.
        now: the Date of the mail.

    Returns:
        The mail; None where nobody knows any more who wrote the letter.
    """
    letter = session.get_one(Letter, delivery.letter_id)
    if not letter.supporter.email:
        return None
    office = session.get_one(Recipient, delivery.recipient_id)
    found, is_whole = quote(raw), len(raw) <= ATTACHED
    subject, text = filled(
        NOTICE,
        language=letter.language,
        reference=letter.reference,
        office=office.title,
        sender=found.sender,
        topic=found.subject,
        answer=found.text if found.whole else f"{found.text} …",
        attached="yes" if is_whole else "",
        can_answer="yes" if found.address else "",
    )
    mail = notice_envelope(
        NOTICE,
        to=letter.supporter.email,
        # The same message that comes twice is the same mail.
        message_key=uuid.UUID(bytes=hashlib.sha256(delivery.id.bytes + raw).digest()[:16]),
        subject=subject,
        text=text,
        now=now,
        reply_to=found.address,
        attached=Attachment("answer.eml", without_tokens(raw)) if is_whole else None,
    )
    return Answer(delivery.id, mail)


def hand_on(session: Session, answer: Answer, *, now: datetime) -> bool:
    """Put an answer into the outbox. Part of the caller's transaction.

    Returns:
        Whether it goes on; False if it has already, or there were too many today.
    """
    known = select(Delivery.id).where(Delivery.message_id == answer.mail.message_id)
    if session.scalar(known) is not None:
        return False
    count = hit(session, "answers to a copy", answer.delivery_id.hex, window=timedelta(days=1), now=now)
    if count > MOST:
        return False
    insert_rows(session, *notice_rows(mail=answer.mail, now=now))
    return True
