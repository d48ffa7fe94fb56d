"""Letters that supporters send themselves are counted once each, whoever presses twice."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import clock
from app.campaigns.models import Campaign
from app.database import db
from app.errors import TooMany
from app.letters import own_sending
from app.letters.own_sending import OwnSending, count_own_sending, own_sendings_of_campaign, own_sendings_to
from app.recipients.models import Recipient
from tests.factories.campaigns import store_campaign
from tests.factories.threads import at_once


@pytest.fixture
def place(app_context: Flask) -> tuple[uuid.UUID, uuid.UUID]:
    """A campaign and one of its offices."""
    store_campaign()
    campaign = db.session.scalars(select(Campaign.id)).one()
    office = db.session.scalars(select(Recipient.id)).first()
    assert office is not None
    db.session.rollback()
    return campaign, office


def total() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.sum(OwnSending.count))) or 0


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_the_same_form_pressed_at_the_same_time_counts_once(
    app_context: Flask, place: tuple[uuid.UUID, uuid.UUID]
) -> None:
    key, now = uuid.uuid4(), clock.now()
    answers = at_once(
        8, app_context, lambda: count_own_sending(*place, "email", key=key, network=None, now=now)
    )
    assert sorted(answers) == [False] * 7 + [True]
    assert total() == 1


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_forms_of_many_people_add_up_by_channel_and_day(
    app_context: Flask, place: tuple[uuid.UUID, uuid.UUID]
) -> None:
    now = clock.now()
    at_once(
        8,
        app_context,
        lambda: count_own_sending(*place, "email", key=uuid.uuid4(), network=None, now=now),
    )
    tomorrow = now + timedelta(days=1)
    count_own_sending(*place, "web_form", key=uuid.uuid4(), network=None, now=tomorrow)
    rows = db.session.scalars(select(OwnSending).order_by(OwnSending.day))
    assert [(row.channel, row.day, row.count) for row in rows] == [
        ("email", now.date(), 8),
        ("web_form", tomorrow.date(), 1),
    ]
    campaign, office = place
    assert own_sendings_of_campaign(db.session, campaign) == 9
    assert own_sendings_to(db.session, office) == {(campaign, "email"): 8, (campaign, "web_form"): 1}
    assert own_sendings_to(db.session, campaign) == {}


def test_one_network_is_limited_and_another_is_not(
    place: tuple[uuid.UUID, uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_sending, "SENDINGS_AN_HOUR", 2)
    now = clock.now()

    def count(network: str) -> bool:
        return count_own_sending(*place, "email", key=uuid.uuid4(), network=network, now=now)

    assert [count("203.0.113.0/24"), count("203.0.113.0/24")] == [True, True]
    with pytest.raises(TooMany) as limit:
        count("203.0.113.0/24")
    assert limit.value.retry_after > 0
    assert count("198.51.100.0/24")
    assert total() == 3
