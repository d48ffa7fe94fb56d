"""Links with which supporters see, take with them and erase what is stored about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "privacy_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_privacy_links_token_hash")),
    )
    op.create_index(op.f("ix_privacy_links_email_index"), "privacy_links", ["email_index"])


def downgrade() -> None:
    op.drop_table("privacy_links")
