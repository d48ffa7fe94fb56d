"""Mailboxes that never want mail from this installation again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import Base


class SilencedMailbox(Base):
    """Somebody said "never mail me". Only the blind index of the address is kept."""

    __tablename__ = "silenced_mailboxes"

    email_index: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    since: Mapped[datetime]


def is_silenced(index: bytes | sa.BindParameter[bytes]) -> sa.Exists:
    """Return the condition that the mailbox behind a blind index asked to be left alone."""
    return sa.exists().where(SilencedMailbox.email_index == index)


def silence(session: Session, index: bytes, *, now: datetime) -> None:
    """Remember that the mailbox wants no mail; a second time changes nothing."""
    if not session.scalar(sa.select(is_silenced(index))):
        session.add(SilencedMailbox(email_index=index, since=now))
