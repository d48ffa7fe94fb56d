"""What is stopped, by name."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.campaigns.models import Campaign
from app.database import db, transaction
from app.delivery import stops
from app.errors import NotFound, Refused
from app.letters import stopping
from app.recipients.models import Recipient
from tests.factories.campaigns import store_campaign

pytestmark = [pytest.mark.backends("sqlite"), pytest.mark.usefixtures("app_context")]


@pytest.fixture
def slug(app_context: Flask) -> str:
    return store_campaign()


def test_a_slug_names_a_campaign_or_an_office_and_nothing_names_the_site(slug: str) -> None:
    office = db.session.scalars(sa.select(Recipient)).first()
    assert office is not None
    assert stopping.named(slug).scope == "campaign"
    assert stopping.named(office.slug).id == office.id
    assert stopping.named("").scope == "site"
    with pytest.raises(NotFound):
        stopping.named("nowhere")


def test_a_slug_of_both_must_be_said_with_its_kind(slug: str) -> None:
    with transaction() as session:
        office = session.scalars(sa.select(Recipient)).first()
        assert office is not None
        office.slug = slug
    with pytest.raises(Refused, match=f"campaign:{slug} or office:{slug}"):
        stopping.named(slug)
    assert stopping.named(f"office:{slug}").id == office.id
    assert stopping.named(f"campaign:{slug}").id == db.session.scalars(sa.select(Campaign.id)).one()


def test_without_a_reason_nothing_is_stopped(slug: str) -> None:
    with pytest.raises(Refused, match="Say why"):
        stopping.stop(stopping.named(slug), reason=" ", notices=False, actor="test", now=clock.now())
    assert stopping.stops_on("en") == []


def test_our_own_mails_are_kept_back_with_the_site_only(slug: str) -> None:
    for subject in (stopping.named(slug), stopping.whole_site()):
        stopping.stop(subject, reason="why", notices=True, actor="test", now=clock.now())
    assert {line.subject.scope: line.notices for line in stopping.stops_on("en")} == {
        "campaign": False,
        "site": True,
    }


def test_a_stop_of_what_is_gone_can_still_be_seen_and_lifted(app_context: Flask) -> None:
    stops.stop("campaign", uuid.uuid4(), reason="why", actor="test", now=clock.now())
    (line,) = stopping.stops_on("en")
    assert line.subject.name == "something that is gone"
    assert stopping.resume(line.subject, actor="test", now=clock.now())
    assert stopping.stops_on("en") == []
