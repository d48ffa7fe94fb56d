"""The stop switch at the desk, and what supporters and machines see of it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.campaigns.models import Campaign
from app.database import db
from app.delivery import stops
from app.recipients.models import Recipient
from tests.factories.campaigns import store_campaign
from tests.factories.letters import write_and_confirm
from tests.factories.organizers import desk_of
from tests.support.client import CheckingClient
from tests.support.pages import Page


@pytest.fixture
def desk(app: Flask) -> CheckingClient:
    return desk_of(app, "organizer")


def stop_at(desk: CheckingClient, where: str, **values: str) -> str:
    page = desk.get(where)
    answer = desk.submit(page, dict(values), action="/admin/stops/new", follow_redirects=True)
    return answer.text


def test_a_campaign_is_stopped_with_a_reason_and_every_page_of_the_desk_says_so(
    app: Flask, desk: CheckingClient
) -> None:
    with app.app_context(), app.test_request_context():
        store_campaign()
        campaign = db.session.scalars(sa.select(Campaign)).one()
    where = f"/admin/stops/new?campaign={campaign.id}"
    assert "Say why in a few words" in stop_at(desk, where)
    assert "Stopped. What waits stays in the queue." in stop_at(desk, where, reason="A wrong figure")
    assert "Sending is paused:" in desk.get("/admin/").text
    shown = desk.get("/admin/stops").text
    assert "A wrong figure" in shown
    links = [link.get("href", "") for link in Page(shown).elements("a")]
    lift = next(link for link in links if link.endswith("/lift"))
    desk.submit(desk.get(lift), action=lift)
    assert "Sending is paused:" not in desk.get("/admin/").text
    with app.app_context():
        assert stops.all_stops() == []


def test_an_office_is_stopped_from_its_own_page(app: Flask, desk: CheckingClient) -> None:
    with app.app_context(), app.test_request_context():
        store_campaign()
        office = db.session.scalars(sa.select(Recipient)).first()
        assert office is not None
    shown = desk.get(f"/admin/recipients/{office.id}").text
    assert f"/admin/stops/new?office={office.id}" in shown
    stop_at(desk, f"/admin/stops/new?office={office.id}", reason="They asked us to")
    with app.app_context():
        (row,) = stops.all_stops()
        assert (row.scope, row.subject_id) == ("office", office.id)


def test_a_supporter_reads_that_sending_is_paused(app: Flask, client: CheckingClient) -> None:
    with app.app_context(), app.test_request_context():
        token = write_and_confirm(store_campaign())
        stops.stop("site", reason="a test", actor="test", now=clock.now())
    assert "The organizers have paused sending." in client.get(f"/letters/{token}").text
    with app.app_context():
        stops.resume("site", actor="test", now=clock.now())
    assert "paused" not in client.get(f"/letters/{token}").text
