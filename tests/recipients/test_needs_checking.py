"""What needs checking: thirty days before a term ends, ninety days after a contact was verified."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.database import db, transaction
from app.recipients.needs_checking import needs_checking
from tests.factories.recipients import ClosedOfficeFactory, ContactFactory, HolderFactory, OfficeFactory

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = NOW.date()


def _kinds(**office: Any) -> list[str]:
    with transaction() as session:
        session.add(OfficeFactory.build(**office))
    return [finding.kind for finding in needs_checking(db.session, now=NOW)]


def test_an_office_in_order_needs_nothing(app_context: Flask) -> None:
    assert _kinds() == []


@pytest.mark.parametrize(("days", "found"), [(-1, True), (0, True), (30, True), (31, False)])
def test_a_term(app_context: Flask, days: int, found: bool) -> None:
    holder = HolderFactory.build(ends_on=DAY + timedelta(days=days))
    assert _kinds(holders=[holder]) == (["term"] if found else [])


def test_a_vacancy_that_is_known_and_a_holder_who_is_not(app_context: Flask) -> None:
    assert _kinds(holders=[HolderFactory.build(name="", vacant=True, starts_on=date(2026, 1, 1))]) == []
    assert _kinds(holders=[]) == ["term"]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"verified_at": NOW - timedelta(days=90)}, False),
        ({"verified_at": NOW - timedelta(days=90, seconds=1)}, True),
        ({"verified_at": None}, True),
        ({"status": "suspended"}, True),
    ],
)
def test_a_contact(app_context: Flask, values: dict[str, Any], found: bool) -> None:
    assert _kinds(contacts=[ContactFactory.build(**values)]) == (["contact"] if found else [])


def test_an_office_that_cannot_be_reached(app_context: Flask) -> None:
    assert _kinds(contacts=[]) == ["no_contact"]
    assert _kinds(contacts=[ContactFactory.build(status="withdrawn")]) == ["no_contact", "no_contact"]


def test_what_takes_cases_only_or_is_closed_need_not_be_reached(app_context: Flask) -> None:
    with transaction() as session:
        session.add(ClosedOfficeFactory.build(contacts=[], holders=[]))
    assert _kinds(contacts=[], accepts="cases") == []
