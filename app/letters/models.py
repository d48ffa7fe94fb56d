"""A supporter's letter: one text of their own, one copy (delivery) for each recipient."""

from __future__ import annotations

import json
import uuid
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, Json
from app.letters.draft import own_words
from app.rendering.points import Said
from app.security.sealed import SealedText
from app.supporters.models import Supporter

TEXT_KEPT: Final = timedelta(days=28)
"""After a letter's last copy is over; and so long a copy waits for its writer to put it into a form."""
IS_JOINT = "joint_letter_id IS NOT NULL"
"""Condition of a partial index: few letters carry a joint letter."""


class Letter(Base):
    """What a supporter wrote in one go.

    `submission_key` comes from the form: the same form posted again is the same letter.
    `reference` is what the letter is called on paper, in mails and on the telephone.
    `points` are the keys of the chosen points, in the supporter's order; which wordings were drawn follows
    from `submission_key`, but for those that are `picked`: {"appeal": {"wording.opening": 2}, …} by letter
    and place. `edits` are the supporter's own words in place of points, as JSON, each with the text picked
    that it stands for: {"appeal": {"points.visits": …}, …}. `sketches` tell how close it is to other letters
    (`closeness`), not what it says.
    One with a `joint_letter_id` carries a joint letter: its supporter is the group that sends it.
    Tokens are stored as SHA-256 only. A letter is confirmed when `confirmed_at` is set.
    """

    __tablename__ = "letters"
    __table_args__ = (
        sa.Index(
            "ix_letters_of_joint_letter",
            "joint_letter_id",
            sqlite_where=sa.text(IS_JOINT),
            postgresql_where=sa.text(IS_JOINT),
        ),
    )

    campaign_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("campaigns.id"), index=True)
    supporter_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("supporters.id"), index=True)
    submission_key: Mapped[uuid.UUID] = mapped_column(unique=True)
    reference: Mapped[str] = mapped_column(sa.String(20), unique=True)
    language: Mapped[str] = mapped_column(sa.String(12))
    personal_message_sealed: Mapped[bytes | None]
    points: Mapped[list[str] | None] = mapped_column(Json)
    picked: Mapped[dict[str, dict[str, int]] | None] = mapped_column(Json)
    edits_sealed: Mapped[bytes | None]
    sketches: Mapped[dict[str, str] | None] = mapped_column(Json)
    written_on: Mapped[date]
    created_at: Mapped[datetime]
    confirm_token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    confirm_until: Mapped[datetime]
    confirmed_at: Mapped[datetime | None] = mapped_column(index=True)
    withdrawn_at: Mapped[datetime | None]
    page_token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    joint_letter_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("joint_letters.id"))

    personal_message = SealedText("personal_message_sealed")
    edits = SealedText("edits_sealed")

    supporter: Mapped[Supporter] = relationship()

    @property
    def said(self) -> dict[str, Said]:
        """What the supporter says of the letters' texts, by the key of the letter."""
        picked, edits = self.picked or {}, json.loads(self.edits or "{}")
        return {key: Said(picked.get(key, {}), edits.get(key, {})) for key in {**picked, **edits}}

    @property
    def own_words(self) -> str:
        """All that the supporter wrote themselves, wherever it stands."""
        return own_words(self.personal_message, self.said)
