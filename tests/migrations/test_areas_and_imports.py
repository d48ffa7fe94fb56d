"""Migration 0003: adding to a table that others refer to takes none of their rows along."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from app.database import db, transaction
from app.extensions import alembic
from app.recipients.models import Holder, Recipient
from tests.factories.recipients import OfficeFactory


def test_up_and_down_keep_every_office_with_its_holders(app_context: Flask) -> None:
    with transaction() as session:
        session.add_all(OfficeFactory.build_batch(200))
    before = _counts()
    assert before == (200, 200)
    alembic.downgrade("0002")
    with db.engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        columns = {column["name"] for column in sa.inspect(connection).get_columns("recipients")}
    assert not {"areas", "area_postal_codes"} & set(tables)
    assert not {"area_id", "daily_limit", "rhythm", "origin", "imported_at"} & columns
    alembic.upgrade()
    assert _counts() == before
    office = db.session.scalars(sa.select(Recipient).limit(1)).one()
    assert (office.rhythm, office.origin, office.daily_limit, office.area_id) == ("single", None, None, None)


def _counts() -> tuple[int | None, int | None]:
    # A connection of its own: an open transaction of the session would hold up the migration.
    with db.engine.connect() as connection:
        offices, holders = (
            connection.scalar(sa.select(sa.func.count()).select_from(kind)) for kind in (Recipient, Holder)
        )
    return offices, holders
