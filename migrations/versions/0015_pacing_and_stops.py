"""How fast letters leave, office hours, and the stop switch.

On SQLite a table that others name is never rebuilt: columns come and go one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

WAITING = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("campaign_id", sa.Uuid(), nullable=True))
    op.add_column("deliveries", sa.Column("slot_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE deliveries SET campaign_id = "
        "(SELECT letters.campaign_id FROM letters WHERE letters.id = deliveries.letter_id) "
        "WHERE letter_id IS NOT NULL"
    )
    op.create_index(
        "ix_deliveries_line",
        "deliveries",
        ["domain", "due_at"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    for name in ("opens_at", "closes_at"):
        op.add_column("recipients", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("recipients", sa.Column("time_zone", sa.String(length=60), nullable=True))
    _lanes()
    _stops()


def _lanes() -> None:
    op.create_table(
        "pace_lanes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.Column("planned", sa.JSON(), nullable=False),
        sa.Column("answers", sa.String(length=60), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("rest_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pace_lanes")),
        sa.UniqueConstraint("key", name=op.f("uq_pace_lanes_key")),
    )


def _stops() -> None:
    op.create_table(
        "stops",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("notices", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.CheckConstraint("scope IN ('site', 'campaign', 'office')", name=op.f("ck_stops_scope")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stops")),
        sa.UniqueConstraint("scope", "subject_id", name=op.f("uq_stops_scope_subject_id")),
    )


def downgrade() -> None:
    op.drop_table("stops")
    op.drop_table("pace_lanes")
    for name in ("time_zone", "closes_at", "opens_at"):
        op.drop_column("recipients", name)
    op.drop_index("ix_deliveries_line", table_name="deliveries")
    for name in ("slot_at", "campaign_id"):
        op.drop_column("deliveries", name)
