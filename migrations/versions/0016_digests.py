"""Which mail a letter left in, where an office gets its letters together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TOGETHER = sa.text("digest_id IS NOT NULL")


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("digest_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_deliveries_of_digest",
        "deliveries",
        ["digest_id"],
        sqlite_where=TOGETHER,
        postgresql_where=TOGETHER,
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_of_digest", table_name="deliveries")
    op.drop_column("deliveries", "digest_id")
