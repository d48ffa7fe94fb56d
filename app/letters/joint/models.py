"""A joint letter and those who sign it.

What leaves is a `Letter` with one copy (delivery) for each office, like any other: worker, desk, journal and
retention know nothing of joint letters. Its supporter is the group that sends it; who signed it stands here.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.campaigns.models import TemplateVersion
from app.database import Base, Json
from app.supporters.models import Supporter

STATUSES = ("open", "dispatched", "history")
KINDS = ("person", "organization")


class JointLetter(Base):
    """One text that many sign.

    The wording is a version, which never changes: what people signed is what is sent. `offices` are ids of
    recipients of the campaign, in the order of the letter. `order` is how signatories are listed: by the
    time of their confirmation, or as an organizer put them (`Signature.position`). It can be signed until
    `closes_on`, after its dispatch too. Answers go to `reply_to`.

    One that was sent long ago, elsewhere, is `history`: it has no wording that could be sent, only a
    `record`: {"day": "2021-02-16", "title": {"en": …}, "text": {"en": …}, "offices": {"en": [..]},
    "signatories": [{"name": …, "office": {"en": …}}], "note": {"en": …}, "sources": [..]}.
    """

    __tablename__ = "joint_letters"
    __table_args__ = (
        sa.CheckConstraint("status IN ('open', 'dispatched', 'history')", name="status"),
        sa.CheckConstraint("listed_by IN ('time', 'organizer')", name="listed_by"),
        sa.CheckConstraint("status = 'history' OR template_version_id IS NOT NULL", name="worded_if_sent"),
        sa.UniqueConstraint("campaign_id", "key"),
    )

    campaign_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("campaigns.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(sa.String(60))
    status: Mapped[str] = mapped_column(sa.String(12))
    template_version_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("template_versions.id"))
    offices: Mapped[list[str]] = mapped_column(Json, default=list)
    listed_by: Mapped[str] = mapped_column(sa.String(10), default="time")
    reply_to: Mapped[str] = mapped_column(sa.String(320), default="")
    closes_on: Mapped[date | None]
    dispatched_at: Mapped[datetime | None]
    record: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime]

    version: Mapped[TemplateVersion | None] = relationship()


class Signature(Base):
    """Somebody's name under a joint letter; who it is stands, encrypted, in the supporter's row.

    It counts once `confirmed_at` is set and while `withdrawn_at` is not. `letter_id` is the letter that
    carried it to the offices: those of one letter, by `position`, are its list as it was frozen. `public`
    is their consent to stand in the list on the site. Tokens are stored as SHA-256 only.
    """

    __tablename__ = "signatures"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('person', 'organization')", name="kind"),
        sa.Index("ix_signatures_of_joint_letter", "joint_letter_id", "confirmed_at", "id"),
    )

    joint_letter_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("joint_letters.id", ondelete="CASCADE"))
    supporter_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("supporters.id"), index=True)
    letter_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("letters.id", ondelete="SET NULL"), index=True
    )
    kind: Mapped[str] = mapped_column(sa.String(12))
    public: Mapped[bool]
    position: Mapped[int | None]
    submission_key: Mapped[uuid.UUID] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    confirm_token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    confirm_until: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    page_token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)

    supporter: Mapped[Supporter] = relationship()
    joint_letter: Mapped[JointLetter] = relationship()
