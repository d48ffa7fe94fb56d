"""How many letters of a campaign may leave in an hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("hourly_limit", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("campaigns", "hourly_limit")
