"""Facts that were withdrawn or superseded; people, measures, a timeline, and rules about wording."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ADDED = ("topic", "superseded_by", "withdrawn_at", "withdrawn_by", "withdrawn_reason")
CONFIDENCE = "confidence IN ('high', 'medium', 'unverified')"


def upgrade() -> None:
    for name, kind in (
        ("topic", sa.String(length=60)),
        ("superseded_by", sa.String(length=60)),
        ("withdrawn_by", sa.String(length=80)),
        ("withdrawn_reason", sa.Text()),
    ):
        op.add_column("facts", sa.Column(name, kind, nullable=False, server_default=sa.text("''")))
    op.add_column("facts", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    _people()
    _measures()
    _timeline()
    _rules()


def _people() -> None:
    op.create_table(
        "people",
        *_named(),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("office", sa.JSON(), nullable=False),
        sa.Column("detained_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("status_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('detained', 'sentenced', 'transferred', 'released', 'died', 'unknown')",
            name=op.f("ck_people_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("key", name=op.f("uq_people_key")),
    )


def _measures() -> None:
    op.create_table(
        "measures",
        *_named(),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("chamber", sa.JSON(), nullable=False),
        sa.Column("jurisdiction", sa.String(length=20), nullable=False),
        sa.Column("session", sa.String(length=60), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("sponsor", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("introduced_on", sa.Date(), nullable=True),
        sa.Column("lapses_on", sa.Date(), nullable=True),
        sa.Column("last_verified_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('introduced', 'adopted', 'lapsed', 'unverified')", name=op.f("ck_measures_status")
        ),
        sa.CheckConstraint(
            "status = 'unverified' OR number <> ''", name=op.f("ck_measures_numbered_if_verified")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measures")),
        sa.UniqueConstraint("key", name=op.f("uq_measures_key")),
    )


def _timeline() -> None:
    op.create_table(
        "timeline_events",
        *_named(),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("precision", sa.String(length=10), nullable=False),
        sa.Column("text", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("confidence", sa.String(length=12), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("campaign_action", sa.Boolean(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(CONFIDENCE, name=op.f("ck_timeline_events_confidence")),
        sa.CheckConstraint(
            "precision IN ('day', 'month', 'reported')", name=op.f("ck_timeline_events_precision")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_events")),
        sa.UniqueConstraint("key", name=op.f("uq_timeline_events_key")),
    )
    op.create_index(op.f("ix_timeline_events_day"), "timeline_events", ["day"], unique=False)


def _rules() -> None:
    op.create_table(
        "content_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("register_id", sa.String(length=20), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("pattern", sa.JSON(), nullable=False),
        sa.Column("unless", sa.JSON(), nullable=False),
        sa.Column("reason", sa.JSON(), nullable=False),
        sa.Column("replacement", sa.JSON(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("level IN ('block', 'warn')", name=op.f("ck_content_rules_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_rules")),
        sa.UniqueConstraint("key", name=op.f("uq_content_rules_key")),
    )


def _named() -> tuple[sa.Column, ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("content_rules")
    op.drop_index(op.f("ix_timeline_events_day"), table_name="timeline_events")
    op.drop_table("timeline_events")
    op.drop_table("measures")
    op.drop_table("people")
    for name in ADDED:
        op.execute(f"ALTER TABLE facts DROP COLUMN {name}")
