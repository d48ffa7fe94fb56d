"""Words by which offices are found, and a short key by which they are listed: both by an index."""

from __future__ import annotations

import re
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SORTED = 120
BATCH = 1000


def upgrade() -> None:
    words = op.create_table(
        "recipient_words",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column(
            "word",
            sa.String(length=60).with_variant(sa.String(length=60, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"],
            ["recipients.id"],
            name=op.f("fk_recipient_words_recipient_id_recipients"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient_words")),
        sa.UniqueConstraint("recipient_id", "word", name=op.f("uq_recipient_words_recipient_id_word")),
    )
    op.create_index(op.f("ix_recipient_words_word"), "recipient_words", ["word", "recipient_id"])
    op.add_column(
        "recipients",
        sa.Column("sort_key", sa.String(length=SORTED), server_default=sa.text("''"), nullable=False),
    )
    place = f"CASE WHEN status = 'open' THEN '0' ELSE '1' END || substr(search_text, 1, {SORTED - 1})"
    op.execute(f"UPDATE recipients SET sort_key = {place}")  # noqa: S608
    op.create_index("ix_recipients_listed", "recipients", ["sort_key", "id"])
    op.create_index("ix_recipients_listed_in_level", "recipients", ["level", "sort_key", "id"])
    connection = op.get_bind()
    offices = sa.table("recipients", sa.column("id", sa.Uuid()), sa.column("search_text", sa.Text()))
    rows = [
        {"id": uuid.uuid4(), "recipient_id": office, "word": word}
        for office, text in connection.execute(sa.select(offices.c.id, offices.c.search_text)).all()
        for word in sorted({word[:60] for word in re.findall(r"\w+", text)})
    ]
    for begin in range(0, len(rows), BATCH):
        connection.execute(sa.insert(words), rows[begin : begin + BATCH])


def downgrade() -> None:
    op.drop_index("ix_recipients_listed_in_level", table_name="recipients")
    op.drop_index("ix_recipients_listed", table_name="recipients")
    op.execute("ALTER TABLE recipients DROP COLUMN sort_key")
    op.drop_index(op.f("ix_recipient_words_word"), table_name="recipient_words")
    op.drop_table("recipient_words")
