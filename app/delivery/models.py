"""The outbox: every mail that is to leave, its state, every attempt, every change of state.

A delivery is an envelope with frozen bytes. It knows which letter and office it belongs to as
bare identifiers; what a campaign is, it does not know.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base
from app.security.sealed import SealedBytes, SealedText

KINDS = ("letter", "notice")
CHANNELS = ("email", "post", "web_form", "self")
STATES = (
    "awaiting_confirmation",
    "held",
    "queued",
    "sending",
    "accepted",
    "deferred",
    "unclear",
    "bounced",
    "failed",
    "cancelled",
    "to_print",
    "printed",
    "posted",
    "self_sent",
)


DUE = "due_at IS NOT NULL"
IN_HAND = "leased_by IS NOT NULL"
ON_PAPER = "print_batch_id IS NOT NULL"
TOGETHER = "digest_id IS NOT NULL"
"""Conditions of partial indexes: of many deliveries, few wait, are in hand, go by post or together."""


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


class Delivery(Base):
    """One copy to one recipient (kind `letter`), or one mail in our own name (kind `notice`).

    `wire` are the bytes of the message, composed once when it was frozen and the same at every
    attempt; `text` is the letter as a person reads it. A notice may have a `recipe` instead, from
    which it is composed as it leaves (`envelope.Recipe`). `attempt_count` counts attempts that were
    begun, `change_count` entries of the journal. `due_at` is when it may leave, while it waits for
    that; `slot_at` says the same where pacing gave it that instant. `campaign_id` is for stops and
    pacing; rows that an older version wrote have none. `leased_by` and `lease_until` say which worker
    has claimed it: a claimed delivery stays `queued` until its attempt begins. What goes by post is in
    a `print_batch_id` once it is to be printed, with `posted_on` and, as its `receipt`, the number by
    which it can be followed; what its writer puts into the office's form has the number there that the
    form gave. `digest_id` names the mail in which it left, or was tried last, together with others.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        sa.CheckConstraint(f"kind IN ({_listed(KINDS)})", name="kind"),
        sa.CheckConstraint(f"channel IN ({_listed(CHANNELS)})", name="channel"),
        sa.CheckConstraint(f"state IN ({_listed(STATES)})", name="state"),
        sa.CheckConstraint("kind = 'notice' OR letter_id IS NOT NULL", name="letter_of_a_letter"),
        sa.CheckConstraint(
            "(state IN ('queued', 'deferred')) = (due_at IS NOT NULL)", name="due_while_waiting"
        ),
        sa.UniqueConstraint("letter_id", "recipient_id"),
        sa.Index("ix_deliveries_of_recipient", "recipient_id", "created_at", "id"),
        sa.Index(
            "ix_deliveries_due",
            "priority",
            "due_at",
            sqlite_where=sa.text(DUE),
            postgresql_where=sa.text(DUE),
        ),
        sa.Index(
            "ix_deliveries_in_hand",
            "leased_by",
            sqlite_where=sa.text(IN_HAND),
            postgresql_where=sa.text(IN_HAND),
        ),
        sa.Index(
            "ix_deliveries_line",
            "domain",
            "due_at",
            sqlite_where=sa.text(DUE),
            postgresql_where=sa.text(DUE),
        ),
        sa.Index("ix_deliveries_newest", "created_at", "id"),
        sa.Index(
            "ix_deliveries_of_print_batch",
            "print_batch_id",
            sqlite_where=sa.text(ON_PAPER),
            postgresql_where=sa.text(ON_PAPER),
        ),
        sa.Index(
            "ix_deliveries_of_digest",
            "digest_id",
            sqlite_where=sa.text(TOGETHER),
            postgresql_where=sa.text(TOGETHER),
        ),
        sa.Index("ix_deliveries_newest_in_state", "state", "created_at", "id"),
    )

    kind: Mapped[str] = mapped_column(sa.String(10))
    channel: Mapped[str] = mapped_column(sa.String(10), default="email")
    letter_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("letters.id", ondelete="CASCADE"))
    recipient_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("recipients.id"))
    holder_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("holders.id", ondelete="SET NULL"))
    contact_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("contacts.id", ondelete="SET NULL"))
    template_version_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("template_versions.id"))
    campaign_id: Mapped[uuid.UUID | None]
    position: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(sa.String(24))
    state_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(sa.String(300), default="")
    priority: Mapped[int] = mapped_column(sa.SmallInteger, default=5)
    due_at: Mapped[datetime | None]
    attempt_count: Mapped[int] = mapped_column(default=0)
    change_count: Mapped[int] = mapped_column(default=0)
    slot_at: Mapped[datetime | None]
    digest_id: Mapped[uuid.UUID | None]
    leased_by: Mapped[str | None] = mapped_column(sa.String(120))
    lease_until: Mapped[datetime | None]
    domain: Mapped[str] = mapped_column(sa.String(255), default="")
    message_id: Mapped[str | None] = mapped_column(sa.String(255), unique=True)
    envelope_from: Mapped[str] = mapped_column(sa.String(320), default="")
    envelope_to_sealed: Mapped[bytes | None]
    subject_sealed: Mapped[bytes | None]
    wire_sealed: Mapped[bytes | None]
    text_sealed: Mapped[bytes | None]
    recipe_sealed: Mapped[bytes | None]
    print_batch_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("print_batches.id"))
    posted_on: Mapped[date | None]
    receipt_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]

    envelope_to = SealedText("envelope_to_sealed")
    subject = SealedText("subject_sealed")
    wire = SealedBytes("wire_sealed")
    text = SealedText("text_sealed")
    recipe = SealedText("recipe_sealed")
    receipt = SealedText("receipt_sealed")

    attempts: Mapped[list[Attempt]] = relationship(
        back_populates="delivery", cascade="all, delete-orphan", order_by="Attempt.number"
    )
    changes: Mapped[list[StateChange]] = relationship(
        back_populates="delivery", cascade="all, delete-orphan", order_by="StateChange.number"
    )


class PrintBatch(Base):
    """Copies that are printed together; where they are stands in each of them."""

    __tablename__ = "print_batches"

    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(sa.String(80))


class Attempt(Base):
    """One try to hand a delivery over.

    `dot_pending_at` is durable before the final dot is sent (RFC 5321 §4.1.1.4): an attempt that has
    it and no `ended_at` broke off in the one moment where nobody can know whether it was taken.
    """

    __tablename__ = "attempts"
    __table_args__ = (sa.UniqueConstraint("delivery_id", "number"),)

    delivery_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("deliveries.id", ondelete="CASCADE"))
    number: Mapped[int]
    worker: Mapped[str] = mapped_column(sa.String(120))
    started_at: Mapped[datetime]
    dot_pending_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(sa.String(20), default="")
    step: Mapped[str] = mapped_column(sa.String(20), default="")
    code: Mapped[int | None]
    reply: Mapped[str] = mapped_column(sa.String(300), default="")

    delivery: Mapped[Delivery] = relationship(back_populates="attempts")


class StateChange(Base):
    """The journal: every change of state with its time and cause. Only ever appended to."""

    __tablename__ = "state_changes"
    __table_args__ = (sa.UniqueConstraint("delivery_id", "number"),)

    delivery_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("deliveries.id", ondelete="CASCADE"))
    number: Mapped[int]
    from_state: Mapped[str | None] = mapped_column(sa.String(24))
    to_state: Mapped[str] = mapped_column(sa.String(24))
    at: Mapped[datetime]
    cause: Mapped[str] = mapped_column(sa.String(300))
    actor: Mapped[str] = mapped_column(sa.String(120))

    delivery: Mapped[Delivery] = relationship(back_populates="changes")


class WorkerProcess(Base):
    """A running worker, by its last sign of life; gone when it ended well.

    `machine` names the kernel and process namespace in which `pid` means something, `process_start`
    tells one process from a later one with the same number. `trouble` is set while the worker waits
    because the mail server cannot be used at all.
    """

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(sa.String(120), unique=True)
    machine: Mapped[str] = mapped_column(sa.String(120))
    pid: Mapped[int]
    process_start: Mapped[int] = mapped_column(sa.BigInteger)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    trouble: Mapped[str] = mapped_column(sa.String(60), default="")
