"""Letters that were taken, what is asked about them, and answers that were shared."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa

from app import clock
from app.database import db, transaction
from app.delivery.models import Delivery
from app.letters.models import Letter
from app.letters.replies.asking import ask_what_came_back
from app.letters.replies.models import SharedReply
from app.letters.replies.sharing import share
from app.letters.replies.telling import look_at_replies, tell_replies
from tests.factories.deliveries import bring_to
from tests.factories.letters import Notice, WriterFactory, notices, write_and_confirm

ANSWER = (
    "Dear Ms Reader, thank you for your letter of 3 May. The commission shares your concern about the valley "
    "and has asked the water board to open the sluice before the summer. It will report to the council in "
    "September. We are grateful that you took the time to write to us. Yours sincerely, the office."
)


def take_all(now: datetime, *states: str) -> None:
    """Let the offices' servers take whatever waits in the queue."""
    waiting = sa.select(Delivery).where(Delivery.kind == "letter", Delivery.state == "queued")
    with transaction() as session:
        for copy in session.scalars(waiting):
            for state in states or ("sending", "accepted"):
                bring_to(session, copy, state, now=now)


def written(slug: str, now: datetime, **writer: str) -> None:
    """Write, confirm and send a letter."""
    write_and_confirm(slug, now=now, writer=WriterFactory.build(**writer))
    take_all(now)


def questions() -> list[Notice]:
    """Return the mails that ask what came back."""
    return [mail for mail in notices() if "/replies/" in mail.text]


def token_of(mail: Notice) -> str:
    """Return the token of a question's link."""
    return str(re.findall(r"/replies/([\w-]{43})\s", mail.text)[0])


def answered(slug: str, now: datetime) -> tuple[str, uuid.UUID]:
    """Let somebody write to a campaign's offices and tell that the first has answered.

    Returns:
        The token of their question, and the copy.
    """
    known = {mail.id for mail in questions()}
    written(slug, now)
    ask_what_came_back(now=now + timedelta(days=14))
    (mail,) = (mail for mail in questions() if mail.id not in known)
    token = token_of(mail)
    copy = look_at_replies(token, "en").copies[0]
    tell_replies(token, {copy.id: "answered"}, now=now + timedelta(days=15))
    return token, copy.id


def share_reply() -> SharedReply:
    """Store an answer to some copy that waits to be read."""
    with transaction() as session:
        copy = session.scalars(sa.select(Delivery).where(Delivery.kind == "letter")).first()
        assert copy is not None
        row = SharedReply(
            delivery_id=copy.id,
            campaign_id=session.get_one(Letter, copy.letter_id).campaign_id,
            recipient_id=copy.recipient_id,
            sketch=b"",
            shared_at=clock.now(),
        )
        row.cluster, row.text = row.id, ANSWER
        session.add(row)
    return row


def shared(slug: str, now: datetime, text: str = ANSWER) -> tuple[str, uuid.UUID]:
    """As `answered`, and let them share the text of the answer."""
    token, copy = answered(slug, now)
    share(token, copy, text, agreed=True, now=now + timedelta(days=15))
    db.session.rollback()
    return token, copy
