"""What supporters tell about answers: a question for each letter, what came back for each copy, texts."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.security.sealed import SealedText

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


class PublishedReply(Base):
    """An office's answer as a campaign's page shows it: read by an organizer, without anybody's name.

    `sketch` tells which later ones are alike (`rendering.originality`): they need nobody to read them.
    """

    __tablename__ = "published_replies"
    __table_args__ = (sa.Index("ix_published_replies_place", "campaign_id", "recipient_id"),)

    campaign_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("campaigns.id", ondelete="CASCADE"))
    recipient_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("recipients.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(sa.Text)
    sketch: Mapped[bytes]
    published_at: Mapped[datetime]


class SharedReply(Base):
    """An answer that a supporter shared with the campaign, at most one for each copy.

    It waits for an organizer, with its text, until `published_id` is set; then its text is gone. What is
    rejected is deleted. Those alike have one `cluster`: the id of the first of them, which is the one read.
    """

    __tablename__ = "shared_replies"
    __table_args__ = (sa.Index("ix_shared_replies_place", "campaign_id", "recipient_id", "shared_at"),)

    delivery_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("deliveries.id", ondelete="CASCADE"), unique=True
    )
    campaign_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("campaigns.id", ondelete="CASCADE"))
    recipient_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("recipients.id", ondelete="CASCADE"))
    cluster: Mapped[uuid.UUID] = mapped_column(index=True)
    sketch: Mapped[bytes]
    text_sealed: Mapped[bytes | None]
    shared_at: Mapped[datetime]
    published_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("published_replies.id", ondelete="CASCADE"), index=True
    )

    text = SealedText("text_sealed")
