"""A contact's proposed change, who entered where it leads, and the switches of an installation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ADDED = ("proposed", "proposed_by", "proposed_at", "entered_by")


def upgrade() -> None:
    op.create_table(
        "options",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_options")),
        sa.UniqueConstraint("name", name=op.f("uq_options_name")),
    )
    op.add_column("contacts", sa.Column("proposed", sa.JSON(), nullable=True))
    op.add_column("contacts", sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True))
    for name in ("proposed_by", "entered_by"):
        # Who entered what is there already is not known: it counts as entered by nobody at the desk.
        op.add_column("contacts", sa.Column(name, sa.String(length=80), nullable=True))


def downgrade() -> None:
    for name in ADDED:
        op.execute(f"ALTER TABLE contacts DROP COLUMN {name}")
    op.drop_table("options")
