"""Migration 0019: links are gone on the way down, and so nobody's data stay within reach of one."""

from __future__ import annotations

from flask import Flask

from app.database import db
from app.extensions import alembic
from tests.factories.campaigns import store_campaign
from tests.factories.letters import WriterFactory, write_and_confirm
from tests.factories.privacy import ask
from tests.factories.storage import counts

BEFORE = "0018"


def test_down_and_up_again_with_a_link(app_context: Flask) -> None:
    write_and_confirm(store_campaign(), writer=WriterFactory.build(email="ani@people.example"))
    ask("ani@people.example")
    there = counts()
    assert there.pop("privacy_links") == 1
    alembic.downgrade(BEFORE)
    alembic.upgrade()
    db.session.rollback()
    assert counts() == there
    assert alembic.compare_metadata() == []
