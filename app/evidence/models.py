"""Facts with their dates and sources: the only place from which a letter may take a figure."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.content import Content
from app.database import Base, Json


class Fact(Content, Base):
    """One statement that a letter or a page may make.

    `statement`, `value_text` and `counted_by` are texts by language ({"en": …, "fr": …}); `value`
    is the figure itself; `as_of` is the day for which it was true.
    """

    __tablename__ = "facts"
    __table_args__ = (
        sa.CheckConstraint("confidence IN ('high', 'medium', 'unverified')", name="confidence"),
        sa.CheckConstraint("status IN ('current', 'superseded', 'withdrawn')", name="status"),
    )

    key: Mapped[str] = mapped_column(sa.String(60), unique=True)
    register_id: Mapped[str] = mapped_column(sa.String(20), default="")
    statement: Mapped[dict[str, str]] = mapped_column(Json)
    value: Mapped[str] = mapped_column(sa.String(200), default="")
    value_text: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    counted_by: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    as_of: Mapped[date | None]
    confidence: Mapped[str] = mapped_column(sa.String(12))
    checked_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(sa.String(12), default="current")
    note: Mapped[str] = mapped_column(sa.Text, default="")
    sources: Mapped[list[dict[str, str]]] = mapped_column(Json, default=list)
    edited_at: Mapped[datetime | None]
