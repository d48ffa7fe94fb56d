"""What is known, with dates and sources: the only place from which a letter may take a figure.

Texts that people read are by language ({"en": …, "fr": …}). Sources stand in the row that rests on them
({"ref", "label", "url", "publisher", "date"}): whoever copies a fact copies what it rests on. `topic` says
what a row is about; a campaign's page shows what is about the same as its facts. A row that an organizer
edited has `edited_at`, and seeds leave it alone.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.content import Content
from app.database import Base, Json

CONFIDENCE = "confidence IN ('high', 'medium', 'unverified')"
PERSON_STATUSES = ("detained", "sentenced", "transferred", "released", "died", "unknown")
MEASURE_STATUSES = ("introduced", "adopted", "lapsed", "unverified")


class Fact(Content, Base):
    """One statement that a letter or a page may make.

    `value` is the figure itself; `as_of` is the day for which it was true. What is not current may not
    be stated: since `withdrawn_at`, as `withdrawn_by` (named as in the audit log) decided.
    `superseded_by` is the key of the fact that took its place, and that templates which name this one
    state instead.
    """

    __tablename__ = "facts"
    __table_args__ = (
        sa.CheckConstraint(CONFIDENCE, name="confidence"),
        sa.CheckConstraint("status IN ('current', 'superseded', 'withdrawn')", name="status"),
    )

    key: Mapped[str] = mapped_column(sa.String(60), unique=True)
    topic: Mapped[str] = mapped_column(sa.String(60), default="", server_default=sa.text("''"))
    register_id: Mapped[str] = mapped_column(sa.String(20), default="")
    statement: Mapped[dict[str, str]] = mapped_column(Json)
    value: Mapped[str] = mapped_column(sa.String(200), default="")
    value_text: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    counted_by: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    as_of: Mapped[date | None]
    confidence: Mapped[str] = mapped_column(sa.String(12))
    checked_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(sa.String(12), default="current")
    superseded_by: Mapped[str] = mapped_column(sa.String(60), default="", server_default=sa.text("''"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(sa.String(80), default="", server_default=sa.text("''"))
    withdrawn_reason: Mapped[str] = mapped_column(sa.Text, default="", server_default=sa.text("''"))
    note: Mapped[str] = mapped_column(sa.Text, default="")
    sources: Mapped[list[dict[str, str]]] = mapped_column(Json, default=list)
    edited_at: Mapped[datetime | None]


class Person(Content, Base):
    """A case file: what must be known of somebody for whom letters ask, and nothing else.

    No health, family, address, place of detention or picture. `aliases` are other spellings, for a search.
    `agreed_on` is the day on which family or counsel agreed to the name being shown: before it neither page
    nor letter names them. `history` tells the statuses, oldest first: {"status", "day", "text" by language,
    "confidence", "sources"}; `status` repeats the last one, `status_at` is the instant at which an organizer
    recorded it.
    """

    __tablename__ = "people"
    __table_args__ = (
        sa.CheckConstraint(
            "status IN ('detained', 'sentenced', 'transferred', 'released', 'died', 'unknown')", name="status"
        ),
    )

    key: Mapped[str] = mapped_column(sa.String(60), unique=True)
    topic: Mapped[str] = mapped_column(sa.String(60), default="")
    name: Mapped[dict[str, str]] = mapped_column(Json)
    aliases: Mapped[list[str]] = mapped_column(Json, default=list)
    office: Mapped[dict[str, str]] = mapped_column(Json)
    detained_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(sa.String(12))
    status_at: Mapped[datetime | None]
    history: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    agreed_on: Mapped[date | None]
    checked_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(sa.Text, default="")
    position: Mapped[int] = mapped_column(default=0)
    edited_at: Mapped[datetime | None]


class Measure(Content, Base):
    """A bill or a resolution. It can be asked for while it is pending and somebody has looked it up.

    `lapses_on` is the first day on which it is gone: the end of the session in which it was introduced.
    """

    __tablename__ = "measures"
    __table_args__ = (
        sa.CheckConstraint("status IN ('introduced', 'adopted', 'lapsed', 'unverified')", name="status"),
        sa.CheckConstraint("status = 'unverified' OR number <> ''", name="numbered_if_verified"),
    )

    key: Mapped[str] = mapped_column(sa.String(60), unique=True)
    topic: Mapped[str] = mapped_column(sa.String(60), default="")
    number: Mapped[str] = mapped_column(sa.String(60), default="")
    chamber: Mapped[dict[str, str]] = mapped_column(Json)
    jurisdiction: Mapped[str] = mapped_column(sa.String(20))
    session: Mapped[str] = mapped_column(sa.String(60), default="")
    title: Mapped[dict[str, str]] = mapped_column(Json)
    sponsor: Mapped[str] = mapped_column(sa.String(200), default="")
    status: Mapped[str] = mapped_column(sa.String(12))
    introduced_on: Mapped[date | None]
    lapses_on: Mapped[date | None]
    last_verified_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(sa.Text, default="")
    sources: Mapped[list[dict[str, str]]] = mapped_column(Json, default=list)
    edited_at: Mapped[datetime | None]


class TimelineEvent(Content, Base):
    """Something that happened. `precision` says how much of `day` is known; `until` ends a span.

    With `campaign_action` it is one of the appeals that the campaign stands on.
    """

    __tablename__ = "timeline_events"
    __table_args__ = (
        sa.CheckConstraint(CONFIDENCE, name="confidence"),
        sa.CheckConstraint("precision IN ('day', 'month', 'reported')", name="precision"),
    )

    key: Mapped[str] = mapped_column(sa.String(60), unique=True)
    topic: Mapped[str] = mapped_column(sa.String(60), default="")
    day: Mapped[date] = mapped_column(index=True)
    until: Mapped[date | None]
    precision: Mapped[str] = mapped_column(sa.String(10), default="day")
    text: Mapped[dict[str, str]] = mapped_column(Json)
    sources: Mapped[list[dict[str, str]]] = mapped_column(Json, default=list)
    confidence: Mapped[str] = mapped_column(sa.String(12))
    checked_on: Mapped[date | None]
    campaign_action: Mapped[bool] = mapped_column(default=False)
    edited_at: Mapped[datetime | None]


class ContentRule(Content, Base):
    """Words that a letter should not use (`warn`) or must not use (`block`), and what to write instead.

    `pattern` and `unless` are phrases divided by “|”, by the language of the text; `*` ends a word anyhow.
    Within a phrase of `unless` the rule says nothing. `reason` is by language of the reader.
    """

    __tablename__ = "content_rules"
    __table_args__ = (sa.CheckConstraint("level IN ('block', 'warn')", name="level"),)

    key: Mapped[str] = mapped_column(sa.String(60), unique=True)
    register_id: Mapped[str] = mapped_column(sa.String(20), default="")
    level: Mapped[str] = mapped_column(sa.String(10))
    pattern: Mapped[dict[str, str]] = mapped_column(Json)
    unless: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    reason: Mapped[dict[str, str]] = mapped_column(Json)
    replacement: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    edited_at: Mapped[datetime | None]
