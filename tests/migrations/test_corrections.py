"""Migration 0007: corrections come and go, and the offices that they are about stay."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from app import clock
from app.database import db, transaction
from app.extensions import alembic
from app.recipients.corrections import Correction
from app.recipients.models import Holder, Recipient
from tests.factories.recipients import OfficeFactory

BEFORE = "0006"


def test_down_and_up_again_with_rows(app_context: Flask) -> None:
    offices = OfficeFactory.build_batch(50)
    with transaction() as session:
        session.add_all(offices)
        session.flush()
        session.add_all(
            Correction(
                recipient_id=office.id, text="Wrong by far", source="Its page", proposed_at=clock.now()
            )
            for office in offices
        )
    assert _counts(Recipient, Holder, Correction) == [50, 50, 50]
    alembic.downgrade(BEFORE)
    with db.engine.connect() as connection:
        assert "corrections" not in sa.inspect(connection).get_table_names()
    alembic.upgrade()
    assert _counts(Recipient, Holder, Correction) == [50, 50, 0]
    assert alembic.compare_metadata() == []


def _counts(*kinds: type[Recipient] | type[Holder] | type[Correction]) -> list[int | None]:
    # A connection of its own: an open transaction of the session would hold up the migration.
    with db.engine.connect() as connection:
        return [connection.scalar(sa.select(sa.func.count()).select_from(kind)) for kind in kinds]
