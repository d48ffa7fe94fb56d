"""Migration 0008: letters that were there before go on being offered, and go back down whole."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from app.database import db
from app.extensions import alembic
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies, write_and_confirm
from tests.factories.storage import counts

BEFORE = "0008"


def test_down_and_up_again_with_letters(app_context: Flask) -> None:
    write_and_confirm(store_campaign())
    there = counts()
    assert copies()
    db.session.rollback()
    alembic.downgrade(BEFORE)
    assert "points" not in _columns("letters")
    alembic.upgrade()
    db.session.rollback()
    assert counts() == there
    assert alembic.compare_metadata() == []
    row = _first("SELECT status, machine_drafted, approved_by FROM template_versions")
    assert (row[0], bool(row[1]), row[2]) == ("published", False, "")
    assert _first("SELECT points FROM letters")[0] is None


def _columns(table: str) -> set[str]:
    with db.engine.connect() as connection:
        return {column["name"] for column in sa.inspect(connection).get_columns(table)}


def _first(query: str) -> sa.Row[tuple[object, ...]]:
    with db.engine.connect() as connection:
        return connection.execute(sa.text(query)).one()
