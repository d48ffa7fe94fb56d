"""What is asked, of which offices, and with which words."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.content import Content
from app.database import Base, Json

THANKS = "thanks"
"""The kind of a letter that thanks an office for what it has done."""


class Campaign(Content, Base):
    """A campaign. Texts that people read are by language: {"en": …}.

    `consent` holds {"letter": {"en": …}, "updates": {"en": …}, "version": "2026-11-21"};
    `personal` holds {"required": bool, "minimum_words": int, "prompts": {"en": [..]}};
    `facts` lists the keys of the facts that its page shows, in order.
    `representatives` is what it asks of those who represent the supporter, if it does (`representing`).
    `hourly_limit` is how many of its letters may leave in an hour, None for no limit of its own.
    `attachments` are texts to download, by name: {"resolution": {"title": {"en": …}, "text": {"en": …}}}.
    """

    __tablename__ = "campaigns"
    __table_args__ = (sa.CheckConstraint("status IN ('draft', 'live', 'closed')", name="status"),)

    slug: Mapped[str] = mapped_column(sa.String(100), unique=True)
    title: Mapped[dict[str, str]] = mapped_column(Json)
    summary: Mapped[dict[str, str]] = mapped_column(Json)
    ask: Mapped[dict[str, str]] = mapped_column(Json)
    story: Mapped[dict[str, str]] = mapped_column(Json)
    status: Mapped[str] = mapped_column(sa.String(10), default="draft")
    opens_on: Mapped[date | None]
    closes_on: Mapped[date | None]
    goal: Mapped[int | None]
    hourly_limit: Mapped[int | None]
    facts_checked_on: Mapped[date | None]
    facts: Mapped[list[str]] = mapped_column(Json, default=list)
    consent: Mapped[dict[str, Any]] = mapped_column(Json)
    personal: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    representatives: Mapped[dict[str, Any] | None] = mapped_column(Json)
    attachments: Mapped[dict[str, Any] | None] = mapped_column(Json)
    edited_at: Mapped[datetime | None]

    audience: Mapped[list[AudienceMember]] = relationship(
        back_populates="campaign", cascade="all, delete-orphan", order_by="AudienceMember.position"
    )
    templates: Mapped[list[LetterTemplate]] = relationship(
        back_populates="campaign", cascade="all, delete-orphan"
    )
    deeds: Mapped[list[Deed]] = relationship(
        back_populates="campaign", cascade="all, delete-orphan", order_by="Deed.recorded_at"
    )


class LetterTemplate(Content, Base):
    """A letter of a campaign in one language. Its wording lives in its versions.

    A letter whose `kind` is `THANKS` goes to offices that have acted (`Deed`), in place of the one that asks.
    `shortest` and `longest` are the words that its body may have without the supporter's own; `own_words` is
    how many words of their own it asks for, None where it asks for no more than its campaign does.
    """

    __tablename__ = "letter_templates"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "key", "language"),)

    campaign_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("campaigns.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(sa.String(60))
    language: Mapped[str] = mapped_column(sa.String(12))
    name: Mapped[str] = mapped_column(sa.String(200))
    kind: Mapped[str] = mapped_column(sa.String(20), default="")
    shortest: Mapped[int | None]
    longest: Mapped[int | None]
    own_words: Mapped[int | None]

    campaign: Mapped[Campaign] = relationship(back_populates="templates")
    versions: Mapped[list[TemplateVersion]] = relationship(
        back_populates="template", cascade="all, delete-orphan", order_by="TemplateVersion.number"
    )


class TemplateVersion(Content, Base):
    """The wording as it was saved once. Never changed: letters name the version they were written with.

    `points` holds {"least": 1, "most": 3, "of": [{"key": …, "label": …, "texts": [wording, …]}, …]}, or
    nothing, and "editable": True where supporters may put them in their own words; `wordings` holds
    {"opening": [wording, …], …}. Each wording is in the letter language.
    Supporters are offered what is published, from `publish_at` on; what a machine drafted only after
    somebody approved it (`offered_version`).
    """

    __tablename__ = "template_versions"
    __table_args__ = (
        sa.UniqueConstraint("template_id", "number"),
        sa.CheckConstraint("status IN ('draft', 'review', 'published')", name="status"),
    )

    template_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("letter_templates.id", ondelete="CASCADE"))
    number: Mapped[int]
    subject: Mapped[str] = mapped_column(sa.String(300))
    body: Mapped[str] = mapped_column(sa.Text)
    points: Mapped[dict[str, Any] | None] = mapped_column(Json)
    wordings: Mapped[dict[str, list[str]] | None] = mapped_column(Json)
    status: Mapped[str] = mapped_column(sa.String(10), default="draft", server_default=sa.text("'published'"))
    machine_drafted: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    approved_by: Mapped[str] = mapped_column(sa.String(200), default="", server_default=sa.text("''"))
    approved_at: Mapped[datetime | None]
    publish_at: Mapped[datetime | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(sa.String(200))

    template: Mapped[LetterTemplate] = relationship(back_populates="versions")


class AudienceMember(Content, Base):
    """A rule of the audience: an office that the campaign writes to, or a group of them, and what it asks.

    Of a campaign's rules, in the order of their `position`, the first that an office belongs to counts for
    it (`groups`). `group_of` is what the offices of a group have in common, as {"level": "local", "country":
    "US"}; such a rule has no `recipient_id`.
    `ask` is the line on the card, `ask_text` the sentence in the letter, both by language.
    `thanks_key` is the letter that thanks; "" for the first of the campaign's.
    With `history` the office is shown as one that was written to once and cannot be chosen.
    `only_from` is {"country": "US", "cities": ["Los Angeles", …]} where only who lives there can choose it.
    """

    __tablename__ = "audience_members"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "recipient_id"),
        sa.CheckConstraint("(recipient_id IS NULL) <> (group_of IS NULL)", name="office_or_group"),
    )

    campaign_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("campaigns.id", ondelete="CASCADE"))
    recipient_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("recipients.id"), index=True)
    group_of: Mapped[dict[str, Any] | None] = mapped_column(Json)
    position: Mapped[int]
    template_key: Mapped[str] = mapped_column(sa.String(60), default="")
    thanks_key: Mapped[str] = mapped_column(sa.String(60), default="", server_default=sa.text("''"))
    preselected: Mapped[bool] = mapped_column(default=True)
    history: Mapped[bool] = mapped_column(default=False)
    ask: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    ask_text: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    only_from: Mapped[dict[str, Any] | None] = mapped_column(Json)

    campaign: Mapped[Campaign] = relationship(back_populates="audience")


class Deed(Content, Base):
    """What an office has done of what a campaign asks: it is thanked for it, and not asked again.

    With a `holder_id` it is that person who acted, and whoever follows in the office has not. `said` is one
    sentence by language that tells it of the office, on its card and in the letter of thanks; `source` is
    {"label": …, "url": …}. It is never changed or deleted: what was recorded by mistake is undone, so that
    letters which state it can be read, and held.
    """

    __tablename__ = "deeds"

    campaign_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("campaigns.id", ondelete="CASCADE"), index=True
    )
    recipient_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("recipients.id", ondelete="CASCADE"), index=True
    )
    holder_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("holders.id", ondelete="CASCADE"))
    done_on: Mapped[date]
    said: Mapped[dict[str, str]] = mapped_column(Json)
    source: Mapped[dict[str, str]] = mapped_column(Json)
    recorded_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]

    campaign: Mapped[Campaign] = relationship(back_populates="deeds")
