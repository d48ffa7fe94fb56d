"""Migration 0015: copies that were there before learn of their campaign, and go back down whole."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from app.campaigns.models import Campaign
from app.database import db
from app.delivery.models import Delivery
from app.extensions import alembic
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies, write_and_confirm
from tests.factories.storage import counts

BEFORE = "0011"


def test_down_and_up_again_with_letters(app_context: Flask) -> None:
    write_and_confirm(store_campaign())
    there = counts()
    assert copies()
    db.session.rollback()
    alembic.downgrade(BEFORE)
    with db.engine.connect() as connection:
        columns = {column["name"] for column in sa.inspect(connection).get_columns("deliveries")}
    assert "campaign_id" not in columns
    alembic.upgrade()
    db.session.rollback()
    assert counts() == there
    assert alembic.compare_metadata() == []
    found = dict(db.session.execute(sa.select(Delivery.kind, Delivery.campaign_id)).all())
    assert found == {"letter": db.session.scalars(sa.select(Campaign.id)).one(), "notice": None}
