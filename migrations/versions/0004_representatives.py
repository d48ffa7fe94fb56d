"""Campaigns that write to the supporter's own representatives, too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("representatives", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE campaigns DROP COLUMN representatives")
