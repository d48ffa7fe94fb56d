"""Updates at the desk: drafted, read as a mail, tried, sent after a question."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.campaigns.models import Campaign
from app.database import db
from app.security.audit import AuditEntry
from tests.admin.test_campaigns import send
from tests.factories.campaigns import store_campaign
from tests.factories.organizers import desk_of
from tests.factories.updates import ask_for_news, news
from tests.support.client import CheckingClient
from tests.support.pages import Page

TYPED = {"subject": "The sluice is open", "body": "Since Monday there is water.\n\nhttps://valley.example/"}


@pytest.fixture
def desk(app: Flask) -> CheckingClient:
    """The browser of an organizer who is signed in."""
    return desk_of(app, "organizer")


@pytest.fixture
def place(app: Flask) -> str:
    """Return where the updates of a campaign are, of which two people want news."""
    with app.app_context(), app.test_request_context():
        slug = store_campaign()
        for address in ("one@people.example", "two@people.example"):
            ask_for_news(slug, address)
        return f"/admin/campaigns/{db.session.scalars(select(Campaign.id)).one()}/updates"


def drafted(desk: CheckingClient, place: str) -> str:
    """Draft an update at the desk, and return where it is."""
    page = desk.get(f"{place}/new")
    answer = desk.submit(page, TYPED, action=f"{place}/new")
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def test_from_a_draft_to_two_mails(desk: CheckingClient, place: str, app: Flask) -> None:
    update = drafted(desk, place)
    shown = Page(desk.get(update).text)
    assert "To stop it, with one click" in shown.text
    send(desk, f"{update}/edit", {"subject": "The sluice is open at last"})
    tried = desk.submit(desk.get(update), action=f"{update}/try", follow_redirects=True)
    assert "on its way to you" in tried.text
    question = Page(desk.get(f"{update}/send").text)
    assert "2 people asked for news." in question.text
    sent = send(desk, f"{update}/send", {})
    assert "2 mails are on their way." in sent.text
    listed = Page(desk.get(place).text)
    assert "to 2 people" in listed.text
    assert "At most one update a week" in listed.text
    with app.app_context():
        mails = news()
        assert [mail.subject for mail in mails] == ["The sluice is open at last"] * 3
        entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("update.")))
        done = {entry.action: entry.detail for entry in entries}
    assert set(done) == {"update.drafted", "update.edited", "update.tried", "update.sent"}
    assert done["update.sent"]["mails"] == "2"


def test_a_second_one_in_the_week_is_refused_in_plain_words(desk: CheckingClient, place: str) -> None:
    first, second = drafted(desk, place), drafted(desk, place)
    question = Page(desk.get(f"{second}/send").text).form(f"{second}/send").filled({})
    send(desk, f"{first}/send", {})
    answer = desk.post(f"{second}/send", data=dict(question))
    assert answer.status_code == 422
    assert "the next one can be sent from" in Page(answer.text).text
    discarded = desk.submit(desk.get(second), action=f"{second}/discard", follow_redirects=True)
    assert "The draft is deleted." in discarded.text


def test_an_empty_one_is_not_kept(desk: CheckingClient, place: str) -> None:
    answer = send(desk, f"{place}/new", {"subject": "", "body": ""}, 422)
    assert "Write what there is to tell." in answer.text
