"""Migration 0012: contacts stay as they are, and none counts as one to which mail came back."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from app import clock
from app.database import db, transaction
from app.extensions import alembic
from app.recipients.models import Contact
from tests.factories.recipients import OfficeFactory


def test_down_and_up_keep_every_contact(app_context: Flask) -> None:
    with transaction() as session:
        session.add_all(OfficeFactory.build_batch(20))
        session.flush()
        session.execute(sa.update(Contact).values(status="suspended", bounced_at=clock.now()))
    before = _values()
    db.session.rollback()
    alembic.downgrade("0011")
    with db.engine.connect() as connection:
        names = {column["name"] for column in sa.inspect(connection).get_columns("contacts")}
    assert "bounced_at" not in names
    assert _values() == before
    alembic.upgrade()
    assert _values() == before
    assert db.session.scalars(sa.select(Contact.bounced_at).distinct()).all() == [None]


def _values() -> list[tuple[object, ...]]:
    with db.engine.connect() as connection:
        query = sa.select(Contact.id, Contact.value, Contact.status).order_by(Contact.id)
        return [tuple(row) for row in connection.execute(query)]
