"""Migration 0018: groups and deeds are gone on the way down; every office's own rule stays."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from app import clock
from app.campaigns.models import AudienceMember, Campaign, Deed
from app.database import db, transaction
from app.extensions import alembic
from tests.factories.campaigns import add_group, store_campaign
from tests.factories.storage import counts

BEFORE = "0017"


def test_down_and_up_again_with_a_group_and_a_deed(app_context: Flask) -> None:
    slug = store_campaign()
    there = counts()
    add_group(slug, level="international")
    with transaction() as session:
        campaign = session.scalars(sa.select(Campaign)).one()
        office = next(rule.recipient_id for rule in campaign.audience if rule.recipient_id)
        day = clock.now().date()
        deed = Deed(recipient_id=office, done_on=day, said={}, source={}, recorded_at=clock.now())
        campaign.deeds.append(deed)
    alembic.downgrade(BEFORE)
    alembic.upgrade()
    db.session.rollback()
    assert counts() == there
    assert alembic.compare_metadata() == []
    rules = db.session.scalars(sa.select(AudienceMember)).all()
    assert [(rule.group_of, rule.thanks_key) for rule in rules] == [(None, "")] * 2
