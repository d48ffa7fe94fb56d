"""When a letter should leave, in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.clock import Clock
from app.database import db
from app.delivery import stops
from app.delivery.limits import Limits
from app.delivery.line import Place
from app.delivery.models import Delivery
from app.letters.expecting import expectations, in_words
from app.letters.models import Letter
from tests.delivery.letters import queue_letters
from tests.delivery.mails import NOON
from tests.delivery.working import FakeServer, drain
from tests.factories.campaigns import store_campaign
from tests.factories.letters import write_and_confirm, write_letter
from tests.support.plugins.database import AppFactory


@pytest.fixture
def paced(app_factory: AppFactory) -> Flask:
    app = app_factory(REDRESS_PACE_DOMAIN="20")
    app.extensions["redress_clock"] = Clock.starting_at(NOON)
    return app


def test_who_waits_reads_how_long_and_how_many_are_before(paced: Flask) -> None:
    with paced.app_context(), paced.test_request_context():
        slug = store_campaign()
        token = write_and_confirm(slug)
        copies = db.session.scalars(select(Delivery).where(Delivery.kind == "letter")).all()
        domain, campaign_id = copies[0].domain, copies[0].campaign_id
        assert campaign_id is not None
        write_letter(slug)
        another = db.session.scalars(select(Letter.id).where(Letter.confirmed_at.is_(None))).one()
        earlier = NOON - timedelta(seconds=1)
        queue_letters(range(60), (another, campaign_id), domain=domain, now=earlier)
        before = expectations(token, now=clock.now())
        assert "in about 3 minutes" in next(iter(before.values()))
        drain(paced, FakeServer(), limits=Limits(letters=20), now=clock.now())
        db.session.rollback()
        planned = expectations(token, now=clock.now())
        assert set(planned) == set(before)
        said = " ".join(planned.values())
        assert "It should leave in about 3 minutes. 40 letters to this office's" in said
        stops.stop("campaign", campaign_id, reason="why", actor="test", now=clock.now())
        assert "have paused sending" in next(iter(expectations(token, now=clock.now()).values()))


def test_who_leaves_at_once_reads_nothing_more(app_context: Flask) -> None:
    with app_context.test_request_context():
        token = write_and_confirm(store_campaign())
        assert expectations(token, now=clock.now()) == {}
        assert in_words(Place(False, 0, NOON + timedelta(minutes=40)), NOON) == (
            "It should leave in about 40 minutes."
        )
