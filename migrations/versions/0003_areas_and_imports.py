"""Areas with their postal codes; what an office represents, its wishes, where it came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

IMPORTED = ("recipients", "holders", "contacts")


def upgrade() -> None:
    op.create_table(
        "areas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("edition", sa.String(length=100), nullable=False),
        sa.CheckConstraint("kind IN ('country', 'region', 'district', 'city')", name=op.f("ck_areas_kind")),
        sa.ForeignKeyConstraint(["parent_id"], ["areas.id"], name=op.f("fk_areas_parent_id_areas")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
        sa.UniqueConstraint("key", name=op.f("uq_areas_key")),
    )
    op.create_index(op.f("ix_areas_country_kind"), "areas", ["country", "kind"], unique=False)
    op.create_index(op.f("ix_areas_parent_id"), "areas", ["parent_id"], unique=False)
    op.create_table(
        "area_postal_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("postal_code", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_id"],
            ["areas.id"],
            name=op.f("fk_area_postal_codes_area_id_areas"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_postal_codes")),
        sa.UniqueConstraint(
            "area_id",
            "country",
            "postal_code",
            name=op.f("uq_area_postal_codes_area_id_country_postal_code"),
        ),
    )
    op.create_index(
        op.f("ix_area_postal_codes_country_postal_code"),
        "area_postal_codes",
        ["country", "postal_code"],
        unique=False,
    )
    op.create_table(
        "recipient_uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.String(length=80), nullable=False),
        sa.Column("file_name", sa.String(length=100), nullable=False),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("overwrite", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient_uploads")),
    )
    op.create_index(op.f("ix_recipient_uploads_received_at"), "recipient_uploads", ["received_at"])
    _add_to_recipients()
    for table in IMPORTED:
        op.add_column(table, sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_recipients_area_id"), "recipients", ["area_id"], unique=False)


def _add_to_recipients() -> None:
    # Written out: Alembic would copy the table on SQLite to add a constraint, and dropping the old one
    # would take holders and contacts along (ON DELETE CASCADE). Both databases understand these.
    uuid = "UUID" if op.get_bind().dialect.name == "postgresql" else "CHAR(32)"
    one_of = "CONSTRAINT ck_recipients_rhythm CHECK (rhythm IN ('single', 'digest'))"
    for column in (
        f"area_id {uuid} CONSTRAINT fk_recipients_area_id_areas REFERENCES areas (id)",
        "daily_limit INTEGER CONSTRAINT ck_recipients_daily_limit CHECK (daily_limit >= 0)",
        f"rhythm VARCHAR(10) DEFAULT 'single' NOT NULL {one_of}",
        "origin VARCHAR(40)",
    ):
        op.execute(f"ALTER TABLE recipients ADD COLUMN {column}")


def downgrade() -> None:
    op.drop_index(op.f("ix_recipients_area_id"), table_name="recipients")
    for table in IMPORTED:
        op.execute(f"ALTER TABLE {table} DROP COLUMN imported_at")
    for column in ("origin", "rhythm", "daily_limit", "area_id"):
        op.execute(f"ALTER TABLE recipients DROP COLUMN {column}")
    op.drop_index(op.f("ix_recipient_uploads_received_at"), table_name="recipient_uploads")
    op.drop_table("recipient_uploads")
    op.drop_index(op.f("ix_area_postal_codes_country_postal_code"), table_name="area_postal_codes")
    op.drop_table("area_postal_codes")
    op.drop_index(op.f("ix_areas_parent_id"), table_name="areas")
    op.drop_index(op.f("ix_areas_country_kind"), table_name="areas")
    op.drop_table("areas")
