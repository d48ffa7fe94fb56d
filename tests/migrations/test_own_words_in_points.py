"""Migration 0017: letters that were there before go down and up again whole."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from app.database import db
from app.extensions import alembic
from app.letters.models import Letter
from tests.factories.campaigns import store_campaign
from tests.factories.letters import write_and_confirm
from tests.factories.storage import counts

ADDED = {"picked", "edits_sealed"}


def test_down_and_up_again_with_letters(app_context: Flask) -> None:
    write_and_confirm(store_campaign())
    there = counts()
    db.session.rollback()
    alembic.downgrade("0016")
    assert not ADDED & _columns()
    alembic.upgrade()
    assert _columns() >= ADDED
    db.session.rollback()
    assert counts() == there
    assert alembic.compare_metadata() == []
    assert db.session.scalars(sa.select(Letter)).one().said == {}


def _columns() -> set[str]:
    with db.engine.connect() as connection:
        return {column["name"] for column in sa.inspect(connection).get_columns("letters")}
