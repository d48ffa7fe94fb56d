"""Channels beside e-mail: what supporters send themselves, batches on paper, fields of forms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ON_PAPER = "print_batch_id IS NOT NULL"


def upgrade() -> None:
    _own_sendings()
    op.create_table(
        "print_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_batches")),
    )
    # Other tables refer to deliveries and contacts: columns are added in place.
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(
        f"ALTER TABLE deliveries ADD COLUMN print_batch_id {'CHAR(32)' if on_sqlite else 'UUID'} "
        "CONSTRAINT fk_deliveries_print_batch_id_print_batches REFERENCES print_batches (id)"
    )
    op.execute("ALTER TABLE deliveries ADD COLUMN posted_on DATE")
    op.execute(f"ALTER TABLE deliveries ADD COLUMN receipt_sealed {'BLOB' if on_sqlite else 'BYTEA'}")
    op.execute("ALTER TABLE contacts ADD COLUMN form_fields JSON")
    where = sa.text(ON_PAPER)
    op.create_index(
        "ix_deliveries_of_print_batch",
        "deliveries",
        ["print_batch_id"],
        sqlite_where=where,
        postgresql_where=where,
    )


def _own_sendings() -> None:
    op.create_table(
        "own_sendings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("channel IN ('email', 'web_form')", name=op.f("ck_own_sendings_channel")),
        *(
            sa.ForeignKeyConstraint(
                [f"{name}_id"],
                [f"{name}s.id"],
                name=op.f(f"fk_own_sendings_{name}_id_{name}s"),
                ondelete="CASCADE",
            )
            for name in ("campaign", "recipient")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_sendings")),
        sa.UniqueConstraint(
            "campaign_id",
            "recipient_id",
            "channel",
            "day",
            name=op.f("uq_own_sendings_campaign_id_recipient_id_channel_day"),
        ),
    )
    op.create_index(op.f("ix_own_sendings_recipient_id"), "own_sendings", ["recipient_id"])
    op.create_table(
        "own_sending_marks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_sending_marks")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_own_sending_marks_key_hash")),
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_of_print_batch", table_name="deliveries")
    op.execute("ALTER TABLE contacts DROP COLUMN form_fields")
    for name in ("receipt_sealed", "posted_on", "print_batch_id"):
        op.execute(f"ALTER TABLE deliveries DROP COLUMN {name}")
    for name in ("print_batches", "own_sending_marks", "own_sendings"):
        op.drop_table(name)
