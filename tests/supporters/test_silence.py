"""Mailboxes that want no mail."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from app import clock
from app.database import db, transaction
from app.supporters.addresses import address_index
from app.supporters.silence import SilencedMailbox, is_silenced, silence


def test_a_silenced_mailbox_stays_silenced_and_is_kept_as_an_index_only(app_context: Flask) -> None:
    now = clock.now()
    index, other = address_index("me@people.example"), address_index("you@people.example")
    for _time in range(2):
        with transaction() as session:
            silence(session, index, now=now)
    assert db.session.scalar(sa.select(is_silenced(index)))
    assert not db.session.scalar(sa.select(is_silenced(other)))
    row = db.session.scalars(sa.select(SilencedMailbox)).one()
    assert (row.email_index, row.since) == (index, now)
    assert {column.name for column in SilencedMailbox.__table__.columns} == {"id", "email_index", "since"}
