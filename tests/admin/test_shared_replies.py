"""Shared answers at the desk: read, shown without a name, or deleted."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.campaigns.models import Campaign
from app.database import db
from app.security.audit import AuditEntry
from tests.factories.campaigns import store_campaign
from tests.factories.letters import write_and_confirm
from tests.factories.organizers import desk_of
from tests.factories.replies import share_reply
from tests.support.client import CheckingClient
from tests.support.pages import Page


@pytest.fixture
def place(app: Flask) -> str:
    """Return where an answer waits to be read."""
    with app.app_context(), app.test_request_context():
        slug = store_campaign(slug="valley")
        write_and_confirm(slug)
        shared = share_reply()
        return f"/admin/campaigns/{db.session.scalars(select(Campaign.id)).one()}/replies/{shared.id}"


@pytest.fixture
def desk(app: Flask) -> CheckingClient:
    """The browser of an organizer who is signed in."""
    return desk_of(app, "organizer")


def test_what_is_left_of_it_is_on_the_campaigns_page(desk: CheckingClient, place: str, app: Flask) -> None:
    assert place in desk.get(place.rpartition("/")[0]).text
    page = desk.get(place)
    assert "Dear Ms Reader" in page.text
    empty = desk.submit(page, {"text": ""}, button="show", action=place)
    assert empty.status_code == 422
    words = "Thank you. The sluice will be opened before <summer>."
    done = desk.submit(page, {"text": words}, button="show", action=place, follow_redirects=True)
    assert "Nothing waits to be read." in done.text
    public = desk.get("/campaigns/valley")
    assert "The sluice will be opened before &lt;summer&gt;." in public.text
    assert "Ms Reader" not in public.text
    assert desk.get(place).status_code == 404
    with app.app_context():
        done_by = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.number))
        assert [action for action in done_by if action.startswith("reply.")] == [
            "reply.viewed",
            "reply.viewed",
            "reply.published",
        ]


def test_deleted_it_is_nowhere(desk: CheckingClient, place: str) -> None:
    done = desk.submit(desk.get(place), button="delete", action=place, follow_redirects=True)
    assert "It is deleted." in done.text
    assert "What offices answered" not in Page(desk.get("/campaigns/valley").text).text


def test_nobody_reads_it_who_may_not_read_letters(app: Flask, place: str) -> None:
    viewer = desk_of(app, "viewer")
    for path in (place, place.rpartition("/")[0]):
        assert viewer.get(path).status_code == 403
