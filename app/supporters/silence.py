"""Mailboxes that never want mail from this installation again, or are not to be asked what came back."""

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


def is_silenced(index: bytes | sa.SQLColumnExpression[bytes]) -> sa.Exists:
    """Return the condition that the mailbox behind a blind index asked to be left alone."""
    return sa.exists().where(SilencedMailbox.email_index == index)


def silence(session: Session, index: bytes, *, now: datetime) -> None:
    """Remember that the mailbox wants no mail; a second time changes nothing."""
    if not session.scalar(sa.select(is_silenced(index))):
        session.add(SilencedMailbox(email_index=index, since=now))


class UnaskedMailbox(Base):
    """Somebody said "do not ask me again" about answers; other mail they still get. Kept as above."""

    __tablename__ = "unasked_mailboxes"

    email_index: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    since: Mapped[datetime]


def is_not_to_be_asked(index: bytes | sa.SQLColumnExpression[bytes]) -> sa.Exists:
    """Return the condition that the mailbox behind a blind index does not want to be asked again."""
    return sa.exists().where(UnaskedMailbox.email_index == index)


def stop_asking(session: Session, index: bytes, *, now: datetime) -> None:
    """Remember that the mailbox does not want to be asked again; a second time changes nothing."""
    if not session.scalar(sa.select(is_not_to_be_asked(index))):
        session.add(UnaskedMailbox(email_index=index, since=now))
