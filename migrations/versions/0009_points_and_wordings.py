"""Letters have points to choose and wordings to draw; versions are reviewed, approved and published.

On SQLite a table that others name is never rebuilt: columns come and go one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATUS = "CONSTRAINT ck_template_versions_status CHECK (status IN ('draft', 'review', 'published'))"


def upgrade() -> None:
    op.add_column("campaigns", _json("attachments"))
    op.add_column("audience_members", _json("only_from"))
    for name in ("shortest", "longest", "own_words"):
        op.add_column("letter_templates", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("template_versions", _json("points"))
    op.add_column("template_versions", _json("wordings"))
    # What supporters were offered until now goes on being offered.
    op.execute(
        f"ALTER TABLE template_versions ADD COLUMN status VARCHAR(10) DEFAULT 'published' NOT NULL {STATUS}"
    )
    op.add_column(
        "template_versions",
        sa.Column("machine_drafted", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "template_versions",
        sa.Column("approved_by", sa.String(length=200), server_default=sa.text("''"), nullable=False),
    )
    for name in ("approved_at", "publish_at"):
        op.add_column("template_versions", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("letters", _json("points"))
    op.add_column("letters", _json("sketches"))


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(none_as_null=True), nullable=True)


ADDED = {
    "letters": ("sketches", "points"),
    "template_versions": (
        "publish_at",
        "approved_at",
        "approved_by",
        "machine_drafted",
        "status",
        "wordings",
        "points",
    ),
    "letter_templates": ("own_words", "longest", "shortest"),
    "audience_members": ("only_from",),
    "campaigns": ("attachments",),
}


def downgrade() -> None:
    for table, names in ADDED.items():
        for name in names:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
