"""What supporters tell about answers: one question for each letter, one reply of the office for each copy."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base

KINDS = ("answered", "acknowledged", "nothing")
"""A real answer; a line that the letter has come; neither."""


class ReplyQuestion(Base):
    """That the writer of a letter was asked, once, what came back. The link's token is kept as SHA-256."""

    __tablename__ = "reply_questions"

    letter_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("letters.id", ondelete="CASCADE"), unique=True)
    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    asked_at: Mapped[datetime] = mapped_column(index=True)


class OfficeReply(Base):
    """What an office did with one copy, as its writer told on that day. No words, only one of `KINDS`."""

    __tablename__ = "office_replies"
    __table_args__ = (sa.CheckConstraint("kind IN ('answered', 'acknowledged', 'nothing')", name="kind"),)

    delivery_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("deliveries.id", ondelete="CASCADE"), unique=True
    )
    kind: Mapped[str] = mapped_column(sa.String(12))
    told_on: Mapped[date]
