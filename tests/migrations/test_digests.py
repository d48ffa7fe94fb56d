"""Migration 0016: a digest is forgotten on the way down, its letters are not."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from flask import Flask

from app.database import db, transaction
from app.delivery.models import Delivery
from app.extensions import alembic
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies, write_and_confirm
from tests.factories.storage import counts

BEFORE = "0015"


def test_down_and_up_again_with_letters(app_context: Flask) -> None:
    write_and_confirm(store_campaign())
    with transaction() as session:
        session.execute(sa.update(Delivery).values(digest_id=uuid.uuid4()))
    there = counts()
    db.session.rollback()
    alembic.downgrade(BEFORE)
    alembic.upgrade()
    db.session.rollback()
    assert counts() == there
    assert alembic.compare_metadata() == []
    assert {copy.digest_id for copy in copies()} == {None}
