"""Migration 0006: contacts stay as they are; what is there already was entered by nobody at the desk."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from flask import Flask

from app.database import db, transaction
from app.extensions import alembic
from app.recipients.models import Contact
from app.security.options import FOUR_EYES, is_on, switch
from tests.factories.recipients import OfficeFactory

ADDED = {"proposed", "proposed_by", "proposed_at", "entered_by"}
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_down_and_up_keep_every_contact_and_the_rule_is_on_again(app_context: Flask) -> None:
    with transaction() as session:
        session.add_all(OfficeFactory.build_batch(50))
    switch(FOUR_EYES, False, actor="test", now=NOW)
    before = _values()
    db.session.rollback()
    alembic.downgrade("0005")
    with db.engine.connect() as connection:
        inspector = sa.inspect(connection)
        assert "options" not in inspector.get_table_names()
        assert not ADDED & {column["name"] for column in inspector.get_columns("contacts")}
    assert _values() == before
    alembic.upgrade()
    assert _values() == before
    rows = db.session.scalars(sa.select(Contact)).all()
    assert {(row.proposed, row.proposed_by, row.proposed_at, row.entered_by) for row in rows} == {
        (None, None, None, None)
    }
    assert is_on(FOUR_EYES)


def _values() -> list[tuple[object, ...]]:
    with db.engine.connect() as connection:
        query = sa.select(Contact.id, Contact.value, Contact.verified_at).order_by(Contact.id)
        return [tuple(row) for row in connection.execute(query)]
