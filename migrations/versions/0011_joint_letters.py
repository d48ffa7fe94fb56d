"""Joint letters, those who sign them, and consent to stand in a public list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PURPOSE = "ck_consents_purpose"
IS_JOINT = "joint_letter_id IS NOT NULL"


def upgrade() -> None:
    _joint_letters()
    _signatures()
    # Deliveries refer to letters: the column is added in place, its reference with it.
    kind = "CHAR(32)" if op.get_bind().dialect.name == "sqlite" else "UUID"
    op.execute(
        f"ALTER TABLE letters ADD COLUMN joint_letter_id {kind} "
        "CONSTRAINT fk_letters_joint_letter_id_joint_letters REFERENCES joint_letters (id)"
    )
    where = sa.text(IS_JOINT)
    op.create_index(
        "ix_letters_of_joint_letter",
        "letters",
        ["joint_letter_id"],
        sqlite_where=where,
        postgresql_where=where,
    )
    _purposes("'letter', 'updates', 'public'")


def _joint_letters() -> None:
    op.create_table(
        "joint_letters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("template_version_id", sa.Uuid(), nullable=True),
        sa.Column("offices", sa.JSON(), nullable=False),
        sa.Column("listed_by", sa.String(length=10), nullable=False),
        sa.Column("reply_to", sa.String(length=320), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("record", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'dispatched', 'history')", name=op.f("ck_joint_letters_status")
        ),
        sa.CheckConstraint("listed_by IN ('time', 'organizer')", name=op.f("ck_joint_letters_listed_by")),
        sa.CheckConstraint(
            "status = 'history' OR template_version_id IS NOT NULL",
            name=op.f("ck_joint_letters_worded_if_sent"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_joint_letters_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["template_version_id"],
            ["template_versions.id"],
            name=op.f("fk_joint_letters_template_version_id_template_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joint_letters")),
        sa.UniqueConstraint("campaign_id", "key", name=op.f("uq_joint_letters_campaign_id_key")),
    )


def _signatures() -> None:
    op.create_table(
        "signatures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("joint_letter_id", sa.Uuid(), nullable=False),
        sa.Column("supporter_id", sa.Uuid(), nullable=False),
        sa.Column("letter_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("submission_key", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirm_token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("confirm_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("page_token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'organization')", name=op.f("ck_signatures_kind")),
        *(
            sa.ForeignKeyConstraint(
                [f"{name}_id"], [f"{name}s.id"], name=op.f(f"fk_signatures_{name}_id_{name}s"), ondelete=rule
            )
            for name, rule in (("joint_letter", "CASCADE"), ("supporter", None), ("letter", "SET NULL"))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
        *(
            sa.UniqueConstraint(name, name=op.f(f"uq_signatures_{name}"))
            for name in ("submission_key", "confirm_token_hash", "page_token_hash")
        ),
    )
    op.create_index("ix_signatures_of_joint_letter", "signatures", ["joint_letter_id", "confirmed_at", "id"])
    for name in ("supporter_id", "letter_id"):
        op.create_index(op.f(f"ix_signatures_{name}"), "signatures", [name])


def _purposes(words: str) -> None:
    # Nothing refers to consents: on SQLite the table may be copied.
    with op.batch_alter_table("consents") as batch:
        batch.drop_constraint(op.f(PURPOSE), type_="check")
        batch.create_check_constraint(op.f(PURPOSE), f"purpose IN ({words})")


def downgrade() -> None:
    op.execute("DELETE FROM consents WHERE purpose = 'public'")
    _purposes("'letter', 'updates'")
    op.drop_index("ix_letters_of_joint_letter", table_name="letters")
    op.execute("ALTER TABLE letters DROP COLUMN joint_letter_id")
    op.drop_table("signatures")
    op.drop_table("joint_letters")
