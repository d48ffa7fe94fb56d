"""Which wordings a supporter picked, and points in their own words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("letters", sa.Column("picked", sa.JSON(), nullable=True))
    op.add_column("letters", sa.Column("edits_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("letters", "edits_sealed")
    op.drop_column("letters", "picked")
