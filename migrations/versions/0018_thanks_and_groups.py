"""Rules of an audience for groups of offices; what offices have done, for which they are thanked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

EITHER = "(recipient_id IS NULL) <> (group_of IS NULL)"


def upgrade() -> None:
    # Nothing refers to the audience: on SQLite the table may be copied.
    with op.batch_alter_table("audience_members") as batch:
        batch.add_column(sa.Column("group_of", sa.JSON(none_as_null=True), nullable=True))
        batch.add_column(
            sa.Column("thanks_key", sa.String(length=60), nullable=False, server_default=sa.text("''"))
        )
        batch.alter_column("recipient_id", existing_type=sa.Uuid(), nullable=True)
        batch.create_check_constraint(op.f("ck_audience_members_office_or_group"), EITHER)
    op.create_table(
        "deeds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("said", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("source", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        *(_reference(f"{to}_id", f"{to}s") for to in ("campaign", "recipient", "holder")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deeds")),
    )
    for column in ("campaign_id", "recipient_id"):
        op.create_index(op.f(f"ix_deeds_{column}"), "deeds", [column])


def _reference(column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{to}.id"], name=op.f(f"fk_deeds_{column}_{to}"), ondelete="CASCADE"
    )


def downgrade() -> None:
    op.drop_table("deeds")
    op.execute("DELETE FROM audience_members WHERE recipient_id IS NULL")
    with op.batch_alter_table("audience_members") as batch:
        batch.drop_constraint(op.f("ck_audience_members_office_or_group"), type_="check")
        batch.alter_column("recipient_id", existing_type=sa.Uuid(), nullable=False)
        batch.drop_column("thanks_key")
        batch.drop_column("group_of")
