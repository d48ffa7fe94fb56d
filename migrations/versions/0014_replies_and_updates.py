"""What writers are asked and tell about answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reply_questions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("letter_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        _reference("reply_questions", "letter_id", "letters"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_questions")),
        sa.UniqueConstraint("letter_id", name=op.f("uq_reply_questions_letter_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_reply_questions_token_hash")),
    )
    op.create_index(op.f("ix_reply_questions_asked_at"), "reply_questions", ["asked_at"])
    op.create_table(
        "office_replies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('answered', 'acknowledged', 'nothing')", name=op.f("ck_office_replies_kind")
        ),
        _reference("office_replies", "delivery_id", "deliveries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_replies")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_office_replies_delivery_id")),
    )
    op.create_table(
        "unasked_mailboxes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unasked_mailboxes")),
        sa.UniqueConstraint("email_index", name=op.f("uq_unasked_mailboxes_email_index")),
    )


def _reference(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"), ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in ("unasked_mailboxes", "office_replies", "reply_questions"):
        op.drop_table(table)
