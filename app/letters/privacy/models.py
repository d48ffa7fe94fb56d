"""The links that supporters asked for."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class PrivacyLink(Base):
    """A link to what is stored about one mailbox; its token is kept as SHA-256 only.

    It ends `until` then, or as `used_at` is set: when everything was erased. Then its index is nobody's.
    """

    __tablename__ = "privacy_links"

    email_index: Mapped[bytes] = mapped_column(sa.LargeBinary(32), index=True)
    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    asked_at: Mapped[datetime]
    until: Mapped[datetime]
    used_at: Mapped[datetime | None]
