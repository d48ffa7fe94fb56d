"""Notices are stored as what they are composed from; a worker composes them as they leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("recipe_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    # A notice that was not composed yet has nothing that an earlier version could send: it is held.
    op.execute(
        "UPDATE deliveries SET state = 'held', due_at = NULL, reason = 'not composed'"
        " WHERE recipe_sealed IS NOT NULL AND state IN ('queued', 'deferred')"
    )
    op.execute("ALTER TABLE deliveries DROP COLUMN recipe_sealed")
