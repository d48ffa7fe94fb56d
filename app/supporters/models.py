"""Who writes. Everything that tells who somebody is, is encrypted at rest."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.security.sealed import SealedText


class Supporter(Base):
    """Somebody who wrote one letter. `email_index` finds all rows of one mailbox without reading any.

    Ninety days after the campaign everything sealed is emptied, and the index becomes one of nobody.
    """

    __tablename__ = "supporters"

    email_index: Mapped[bytes] = mapped_column(sa.LargeBinary(32), index=True)
    email_sealed: Mapped[bytes | None]
    name_sealed: Mapped[bytes | None]
    title_sealed: Mapped[bytes | None]
    affiliation_sealed: Mapped[bytes | None]
    city_sealed: Mapped[bytes | None]
    region_sealed: Mapped[bytes | None]
    postal_code_sealed: Mapped[bytes | None]
    country: Mapped[str] = mapped_column(sa.String(2))
    language: Mapped[str] = mapped_column(sa.String(12))
    created_at: Mapped[datetime]

    email = SealedText("email_sealed")
    name = SealedText("name_sealed")
    title = SealedText("title_sealed")
    affiliation = SealedText("affiliation_sealed")
    city = SealedText("city_sealed")
    region = SealedText("region_sealed")
    postal_code = SealedText("postal_code_sealed")


class Consent(Base):
    """That somebody agreed, to which text, and when (GDPR Art. 7(1), 9(2)(a)); and when they took it back.

    Consent to updates ends likewise where mail came back because there is no such mailbox.
    """

    __tablename__ = "consents"
    __table_args__ = (
        sa.CheckConstraint("purpose IN ('letter', 'updates', 'public', 'reply')", name="purpose"),
    )

    supporter_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("supporters.id", ondelete="CASCADE"), index=True
    )
    purpose: Mapped[str] = mapped_column(sa.String(10))
    text_version: Mapped[str] = mapped_column(sa.String(40))
    text: Mapped[str] = mapped_column(sa.Text)
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
