"""What an organizer should look at: the query over all and the words for one agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.database import db, transaction
from app.recipients.concerns import concerns_of
from app.recipients.listing import offices
from app.recipients.models import Recipient
from tests.factories.recipients import (
    ClosedOfficeFactory,
    ContactFactory,
    HolderFactory,
    OfficeFactory,
)

TODAY = date(2026, 11, 21)


def after(days: int) -> date:
    return TODAY + timedelta(days=days)


def office(**fields: object) -> Recipient:
    row: Recipient = OfficeFactory.build(**{"checked_on": TODAY} | fields)
    return row


CASES: list[tuple[Callable[[], Recipient], list[str]]] = [
    (office, []),
    (lambda: office(checked_on=None), ["not_checked"]),
    (lambda: office(checked_on=after(-181)), ["not_checked"]),
    (lambda: office(checked_on=after(-180)), []),
    (lambda: office(contacts=[]), ["no_contact"]),
    (lambda: office(contacts=[], accepts="cases"), []),
    (lambda: office(contacts=[ContactFactory.build(verified_at=None)]), ["no_contact"]),
    (lambda: office(contacts=[ContactFactory.build(status="suspended")]), ["no_contact"]),
    (lambda: office(contacts=[ContactFactory.build(channel="post")]), ["no_contact"]),
    (lambda: office(holders=[]), ["no_holder"]),
    (lambda: office(holders=[HolderFactory.build(starts_on=after(1))]), ["no_holder"]),
    (lambda: office(holders=[HolderFactory.build(name="", vacant=True)]), []),
    (lambda: office(holders=[HolderFactory.build(ends_on=after(45))]), ["term_ends"]),
    (lambda: office(holders=[HolderFactory.build(ends_on=TODAY)]), ["term_ends"]),
    (lambda: office(holders=[HolderFactory.build(ends_on=after(46))]), []),
    (lambda: office(holders=[HolderFactory.build(acting=True, ends_on=after(3)), HolderFactory.build()]), []),
    (lambda: office(holders=[HolderFactory.build(acting=True, ends_on=after(3))]), ["term_ends"]),
    (lambda: office(holders=[], contacts=[], checked_on=None), ["no_contact", "no_holder", "not_checked"]),
    (lambda: ClosedOfficeFactory.build(holders=[], contacts=[]), []),
]


@pytest.fixture
def stored(app_context: Flask) -> dict[str, list[str]]:
    """All cases in the database: the kinds of concerns by slug."""
    made = [(build(), kinds) for build, kinds in CASES]
    with transaction() as session:
        session.add_all([row for row, _kinds in made])
    return {row.slug: kinds for row, kinds in made}


def test_the_words_for_each(stored: dict[str, list[str]]) -> None:
    for recipient in db.session.scalars(select(Recipient)):
        kinds = [concern.kind for concern in concerns_of(recipient, TODAY)]
        assert kinds == stored[recipient.slug], recipient.holders


def test_the_query_finds_what_the_words_name(stored: dict[str, list[str]]) -> None:
    found = {line.recipient.slug for line in offices(day=TODAY, only_concerns=True, size=100).lines}
    assert found == {slug for slug, kinds in stored.items() if kinds}
