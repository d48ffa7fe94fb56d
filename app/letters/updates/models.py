"""An update of a campaign, and to whom it was sent."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class CampaignUpdate(Base):
    """What an organizer tells those who asked for news: a draft until `sent_at` is set, and then for good."""

    __tablename__ = "campaign_updates"

    campaign_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("campaigns.id", ondelete="CASCADE"), index=True
    )
    subject: Mapped[str] = mapped_column(sa.String(200))
    text: Mapped[str] = mapped_column(sa.Text)
    edited_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    mails: Mapped[int] = mapped_column(default=0)


class UpdateMail(Base):
    """The mail that brings an update to one person; its link to stop them is kept as SHA-256 only.

    Goes with the person's identity: until then the link in the mail works.
    """

    __tablename__ = "update_mails"
    __table_args__ = (sa.UniqueConstraint("update_id", "supporter_id"),)

    update_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("campaign_updates.id", ondelete="CASCADE"))
    supporter_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("supporters.id", ondelete="CASCADE"), index=True
    )
    delivery_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("deliveries.id", ondelete="SET NULL"), index=True
    )
    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
