"""What writers tell and share of answers; updates of campaigns; consent that was taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _replies()
    _updates()
    _shared()
    op.add_column("consents", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    _purposes("'letter', 'updates', 'public', 'reply'")


def _replies() -> None:
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


def _updates() -> None:
    op.create_table(
        "campaign_updates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mails", sa.Integer(), nullable=False),
        _reference("campaign_updates", "campaign_id", "campaigns"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_updates")),
    )
    op.create_index(op.f("ix_campaign_updates_campaign_id"), "campaign_updates", ["campaign_id"])
    op.create_table(
        "update_mails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("update_id", sa.Uuid(), nullable=False),
        sa.Column("supporter_id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        _reference("update_mails", "update_id", "campaign_updates"),
        _reference("update_mails", "supporter_id", "supporters"),
        _reference("update_mails", "delivery_id", "deliveries", rule="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_update_mails")),
        sa.UniqueConstraint("update_id", "supporter_id", name=op.f("uq_update_mails_update_id_supporter_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_update_mails_token_hash")),
    )
    for column in ("supporter_id", "delivery_id"):
        op.create_index(op.f(f"ix_update_mails_{column}"), "update_mails", [column])


def _shared() -> None:
    op.create_table(
        "published_replies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        _reference("published_replies", "campaign_id", "campaigns"),
        _reference("published_replies", "recipient_id", "recipients"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_replies")),
    )
    op.create_index("ix_published_replies_place", "published_replies", ["campaign_id", "recipient_id"])
    op.create_table(
        "shared_replies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("cluster", sa.Uuid(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("shared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_id", sa.Uuid(), nullable=True),
        _reference("shared_replies", "delivery_id", "deliveries"),
        _reference("shared_replies", "campaign_id", "campaigns"),
        _reference("shared_replies", "recipient_id", "recipients"),
        _reference("shared_replies", "published_id", "published_replies"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_replies")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_shared_replies_delivery_id")),
    )
    op.create_index("ix_shared_replies_place", "shared_replies", ["campaign_id", "recipient_id", "shared_at"])
    for column in ("cluster", "published_id"):
        op.create_index(op.f(f"ix_shared_replies_{column}"), "shared_replies", [column])


def _purposes(words: str) -> None:
    # Nothing refers to consents: on SQLite the table may be copied.
    with op.batch_alter_table("consents") as batch:
        batch.drop_constraint(op.f("ck_consents_purpose"), type_="check")
        batch.create_check_constraint(op.f("ck_consents_purpose"), f"purpose IN ({words})")


def _reference(table: str, column: str, to: str, *, rule: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"), ondelete=rule
    )


def downgrade() -> None:
    op.execute("DELETE FROM consents WHERE purpose = 'reply'")
    _purposes("'letter', 'updates', 'public'")
    op.execute("ALTER TABLE consents DROP COLUMN withdrawn_at")
    for table in (
        "shared_replies",
        "published_replies",
        "update_mails",
        "campaign_updates",
        "unasked_mailboxes",
        "office_replies",
        "reply_questions",
    ):
        op.drop_table(table)
