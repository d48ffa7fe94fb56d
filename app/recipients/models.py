"""Recipients are offices. People hold them for a time; contacts reach them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.content import Content
from app.database import Base, Json
from app.recipients.areas import Area

LEVELS = ("international", "national", "state", "local", "organization")
STATUSES = ("open", "closed")
ACCEPTS = ("public", "constituents", "cases")
CHANNELS = ("email", "post", "web_form")
SORTED = 120
"""Characters by which an office is listed: an index cannot hold any length."""
LONGEST_WORD = 60
CONFIDENCES = ("high", "medium", "unverified")
RHYTHMS = ("single", "digest")
CONTACT_STATUSES = ("active", "suspended", "withdrawn")
WHERE = frozenset({"channel", "value", "postal", "country"})
"""Columns of a contact that say where a letter goes: with any of them changed, it must be verified again."""


def _one_of(column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


class Recipient(Content, Base):
    """An office that letters are addressed to.

    `external_id` is stable across installations and imports; `slug` stands in addresses and forms.
    `accepts` says from whom: anyone (`public`), its own constituents, or only families, counsel and
    organizations with a case (`cases`: Redress then explains how, and offers no letter).
    `forms` overrides the forms of address by language: {"en.salutation": "Excellency,"}.
    `edited_at` is set when an organizer changes the row, `imported_at` when an import does; loading seeds
    leaves such rows alone.
    `area` is what it represents; `daily_limit` (letters a day, None: no limit of its own) and `rhythm`
    (each letter by itself, or one digest a day) are its wishes, and so are `opens_at` and
    `closes_at`, full hours in `time_zone` between which letters leave (None: always). `origin` names the
    data set that it was imported from, if it was; only a newer edition of that one changes what it is
    called.
    """

    __tablename__ = "recipients"
    __table_args__ = (
        _one_of("level", LEVELS),
        _one_of("status", STATUSES),
        _one_of("accepts", ACCEPTS),
        _one_of("rhythm", RHYTHMS),
        sa.CheckConstraint("daily_limit >= 0", name="daily_limit"),
        sa.CheckConstraint("status = 'open' OR closed_on IS NOT NULL", name="closed_has_a_date"),
        sa.Index("ix_recipients_listed", "sort_key", "id"),
        sa.Index("ix_recipients_listed_in_level", "level", "sort_key", "id"),
    )

    external_id: Mapped[str] = mapped_column(sa.String(200), unique=True)
    slug: Mapped[str] = mapped_column(sa.String(100), unique=True)
    institution: Mapped[str] = mapped_column(sa.String(300))
    title: Mapped[str] = mapped_column(sa.String(300))
    short_name: Mapped[str] = mapped_column(sa.String(80))
    level: Mapped[str] = mapped_column(sa.String(20))
    country: Mapped[str | None] = mapped_column(sa.String(2))
    jurisdiction: Mapped[str] = mapped_column(sa.String(200), default="")
    status: Mapped[str] = mapped_column(sa.String(10), default="open")
    closed_on: Mapped[date | None]
    closed_reason: Mapped[str] = mapped_column(sa.Text, default="")
    successor_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("recipients.id"), index=True)
    accepts: Mapped[str] = mapped_column(sa.String(20), default="public")
    how_to_submit: Mapped[str] = mapped_column(sa.Text, default="")
    mandate: Mapped[str] = mapped_column(sa.Text, default="")
    languages: Mapped[list[str]] = mapped_column(Json, default=list)
    address_style: Mapped[str] = mapped_column(sa.String(40), default="official")
    forms: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    variants: Mapped[list[str]] = mapped_column(Json, default=list)
    note: Mapped[str] = mapped_column(sa.Text, default="")
    confidence: Mapped[str] = mapped_column(sa.String(12), default="unverified")
    checked_on: Mapped[date | None]
    sources: Mapped[list[dict[str, str]]] = mapped_column(Json, default=list)
    search_text: Mapped[str] = mapped_column(sa.Text, default="")
    sort_key: Mapped[str] = mapped_column(sa.String(SORTED), default="", server_default=sa.text("''"))
    edited_at: Mapped[datetime | None]
    imported_at: Mapped[datetime | None]
    area_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("areas.id"), index=True)
    daily_limit: Mapped[int | None]
    rhythm: Mapped[str] = mapped_column(sa.String(10), default="single", server_default="single")
    origin: Mapped[str | None] = mapped_column(sa.String(40))
    opens_at: Mapped[int | None]
    closes_at: Mapped[int | None]
    time_zone: Mapped[str | None] = mapped_column(sa.String(60))

    area: Mapped[Area | None] = relationship()
    successor: Mapped[Recipient | None] = relationship(remote_side="Recipient.id")
    holders: Mapped[list[Holder]] = relationship(
        back_populates="recipient", cascade="all, delete-orphan", order_by="Holder.starts_on"
    )
    contacts: Mapped[list[Contact]] = relationship(back_populates="recipient", cascade="all, delete-orphan")

    @property
    def is_open(self) -> bool:
        """Whether letters can be addressed to it at all."""
        return self.status == "open"


class RecipientWord(Base):
    """A word by which an office is found: each of its names, variants and holders' names is cut into words.

    Kept by `app.recipients.search`; a search asks an index for words that begin so.
    """

    __tablename__ = "recipient_words"
    __table_args__ = (
        sa.UniqueConstraint("recipient_id", "word"),
        sa.Index("ix_recipient_words_word", "word", "recipient_id"),
    )

    recipient_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("recipients.id", ondelete="CASCADE"))
    # Compared by code point, whatever the language of the database: so a range is a beginning.
    word: Mapped[str] = mapped_column(
        sa.String(LONGEST_WORD).with_variant(sa.String(LONGEST_WORD, collation="C"), "postgresql")
    )


class Holder(Content, Base):
    """Somebody who holds an office from a day to a day (both included; None is open or unknown).

    `vacant` records that nobody holds it; `rank` ("Ambassador", "Ms.") and `honorific` ("His
    Excellency") come from a source and are never guessed from a name.
    """

    __tablename__ = "holders"
    __table_args__ = (
        sa.CheckConstraint(
            "ends_on IS NULL OR starts_on IS NULL OR ends_on >= starts_on", name="term_in_order"
        ),
        sa.CheckConstraint("vacant OR name <> ''", name="named_unless_vacant"),
        _one_of("confidence", CONFIDENCES),
    )

    recipient_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("recipients.id", ondelete="CASCADE"), index=True
    )
    external_id: Mapped[str | None] = mapped_column(sa.String(200), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200), default="")
    family_name: Mapped[str] = mapped_column(sa.String(100), default="")
    honorific: Mapped[str] = mapped_column(sa.String(80), default="")
    rank: Mapped[str] = mapped_column(sa.String(80), default="")
    country: Mapped[str | None] = mapped_column(sa.String(2))
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    acting: Mapped[bool] = mapped_column(default=False)
    vacant: Mapped[bool] = mapped_column(default=False)
    confidence: Mapped[str] = mapped_column(sa.String(12), default="unverified")
    term_note: Mapped[str] = mapped_column(sa.Text, default="")
    variants: Mapped[list[str]] = mapped_column(Json, default=list)
    sources: Mapped[list[dict[str, str]]] = mapped_column(Json, default=list)
    edited_at: Mapped[datetime | None]
    imported_at: Mapped[datetime | None]

    recipient: Mapped[Recipient] = relationship(back_populates="holders")

    def holds_on(self, day: date) -> bool:
        """Whether `day` lies in the term."""
        begun = self.starts_on is None or self.starts_on <= day
        return begun and (self.ends_on is None or day <= self.ends_on)


class Contact(Content, Base):
    """A way to reach an office. Nothing is sent to one that nobody has verified.

    `value` is the e-mail address or the form's URL; a postal address stands in `postal`
    ({"street": "…\\n…", "city": …, "region": …, "postal_code": …}) with `country`.
    `form_fields` are the fields of a form in its order: {"label": …, "holds": …, "limit": …} each
    (`rendering.form_fields`). `entered_by` did so last, as the audit log names actors (None: with the
    seeds). `proposed` is where it is to lead once a second person has approved it: {"old": place, "new":
    place}, a place being the values of `WHERE` (see `second_look`). `bounced_at` is set while it is
    suspended because mail to it came back: whoever verifies it after that puts it to use again.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        _one_of("channel", CHANNELS),
        _one_of("confidence", CONFIDENCES),
        _one_of("status", CONTACT_STATUSES),
    )

    recipient_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("recipients.id", ondelete="CASCADE"), index=True
    )
    external_id: Mapped[str | None] = mapped_column(sa.String(200), unique=True)
    channel: Mapped[str] = mapped_column(sa.String(10))
    value: Mapped[str] = mapped_column(sa.String(500), default="")
    postal: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    country: Mapped[str | None] = mapped_column(sa.String(2))
    language: Mapped[str | None] = mapped_column(sa.String(12))
    form_fields: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    confidence: Mapped[str] = mapped_column(sa.String(12), default="unverified")
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[str] = mapped_column(sa.String(200), default="")
    entered_by: Mapped[str | None] = mapped_column(sa.String(80))
    proposed: Mapped[dict[str, dict[str, Any]] | None] = mapped_column(Json)
    proposed_by: Mapped[str | None] = mapped_column(sa.String(80))
    proposed_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(sa.String(10), default="active")
    bounced_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(sa.Text, default="")
    sources: Mapped[list[dict[str, str]]] = mapped_column(Json, default=list)
    edited_at: Mapped[datetime | None]
    imported_at: Mapped[datetime | None]

    recipient: Mapped[Recipient] = relationship(back_populates="contacts")

    @property
    def is_usable(self) -> bool:
        """Whether a letter may go there: verified by a person, and neither suspended nor withdrawn."""
        return self.verified_at is not None and self.status == "active"
