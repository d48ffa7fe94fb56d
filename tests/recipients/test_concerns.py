"""What an organizer should look at: the query over all and the words for one agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.database import db, transaction
from app.recipients import concerns
from app.recipients.concerns import ABOUT, all_concerns, concerns_of
from app.recipients.listing import offices, to_check
from app.recipients.models import Contact, Recipient
from tests.factories.recipients import (
    ClosedOfficeFactory,
    ContactFactory,
    HolderFactory,
    OfficeFactory,
)

TODAY = date(2026, 11, 21)


def after(days: int) -> date:
    return TODAY + timedelta(days=days)


def noon(days: int) -> datetime:
    return datetime.combine(after(days), time(12), UTC)


def contact(**fields: object) -> Contact:
    row: Contact = ContactFactory.build(**fields)
    return row


def office(**fields: object) -> Recipient:
    row: Recipient = OfficeFactory.build(**{"checked_on": TODAY} | fields)
    return row


PROPOSED = {"proposed": {"old": {}, "new": {}}, "proposed_by": "organizer:x", "proposed_at": noon(-1)}

CASES: list[tuple[Callable[[], Recipient], list[str]]] = [
    (office, []),
    (lambda: office(checked_on=None), ["not_checked"]),
    (lambda: office(checked_on=after(-181)), ["not_checked"]),
    (lambda: office(checked_on=after(-180)), []),
    (lambda: office(contacts=[]), ["no_contact"]),
    (lambda: office(contacts=[], accepts="cases"), []),
    (lambda: office(contacts=[contact(verified_at=None)]), ["no_contact"]),
    (lambda: office(contacts=[], accepts="constituents"), ["no_contact"]),
    (lambda: office(contacts=[contact(verified_at=None)], accepts="cases"), []),
    (lambda: office(contacts=[contact(status="withdrawn")]), ["no_contact"]),
    (lambda: office(contacts=[contact(status="suspended")]), ["contact_suspended", "no_contact"]),
    (lambda: office(contacts=[contact(), contact(status="suspended")]), ["contact_suspended"]),
    (lambda: office(contacts=[contact(), contact(channel="post", verified_at=None)]), ["contact_unverified"]),
    (lambda: office(contacts=[contact(verified_at=noon(-90))]), []),
    (lambda: office(contacts=[contact(verified_at=noon(-91))]), ["contact_old"]),
    (lambda: office(contacts=[contact(verified_at=noon(-91), status="withdrawn"), contact()]), []),
    (lambda: office(contacts=[contact(channel="post")]), ["no_contact"]),
    (lambda: office(contacts=[contact(**PROPOSED)]), ["contact_proposed"]),
    (lambda: office(contacts=[contact(), contact(**PROPOSED, status="withdrawn")]), []),
    (lambda: office(holders=[]), ["no_holder"]),
    (lambda: office(holders=[HolderFactory.build(ends_on=after(-1))]), ["no_holder"]),
    (lambda: office(holders=[HolderFactory.build(starts_on=after(1))]), ["no_holder"]),
    (lambda: office(holders=[HolderFactory.build(name="", vacant=True)]), []),
    (lambda: office(holders=[HolderFactory.build(ends_on=after(30))]), ["term_ends"]),
    (lambda: office(holders=[HolderFactory.build(ends_on=TODAY)]), ["term_ends"]),
    (lambda: office(holders=[HolderFactory.build(ends_on=after(31))]), []),
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
    found = {line.recipient.slug for line in offices(day=TODAY, check="any", size=100).lines}
    assert found == {slug for slug, kinds in stored.items() if kinds}


KINDS = {
    "terms": {"no_holder", "term_ends"},
    "contacts": {"contact_suspended", "no_contact", "contact_unverified", "contact_old", "contact_proposed"},
    "checked": {"not_checked"},
}


def test_each_sort_can_be_looked_at_by_itself_and_is_counted(stored: dict[str, list[str]]) -> None:
    assert set(KINDS) == set(ABOUT)
    wanted = {
        about: {slug for slug, found in stored.items() if kinds & set(found)}
        for about, kinds in KINDS.items()
    }
    for about, slugs in wanted.items():
        assert {line.recipient.slug for line in offices(day=TODAY, check=about, size=100).lines} == slugs
    assert to_check(TODAY) == {about: len(slugs) for about, slugs in wanted.items()}


def test_where_all_is_in_order_nothing_is_counted(app_context: Flask) -> None:
    with transaction() as session:
        session.add(office())
    assert to_check(TODAY) == {}


def test_over_all_each_is_told_with_what_it_is_about(
    stored: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concerns, "_AT_ONCE", 3)
    told = {row.slug: [one.kind for one in found] for row, found in all_concerns(db.session, TODAY)}
    assert told == {slug: kinds for slug, kinds in stored.items() if kinds}


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: office(contacts=[contact(verified_at=noon(-91))]),
            "A contact was verified more than 90 days ago",
        ),
        (lambda: office(holders=[HolderFactory.build(ends_on=after(1))]), "Term ends in 1 day"),
        (lambda: office(holders=[HolderFactory.build(ends_on=TODAY)]), "Term ends today"),
        (
            lambda: office(holders=[HolderFactory.build(ends_on=date(2026, 10, 1))]),
            "The last known term ended on 1 October 2026",
        ),
        (
            lambda: office(contacts=[contact(), contact(status="suspended"), contact(status="suspended")]),
            "2 contacts are suspended",
        ),
    ],
)
def test_what_is_said(app_context: Flask, build: Callable[[], Recipient], sentence: str) -> None:
    with transaction() as session:
        row = build()
        session.add(row)
    assert [concern.sentence for concern in concerns_of(row, TODAY)] == [sentence]
