"""Campaigns at the desk: from an empty form to a campaign that the public sees."""

from __future__ import annotations

import re
import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.campaigns.models import Campaign, LetterTemplate, TemplateVersion
from app.campaigns.offering import offered_version
from app.database import db, transaction
from app.delivery.models import Delivery
from app.letters.wishes import hourly_limit_of
from tests.factories.campaigns import store_campaign
from tests.factories.evidence import ContentRuleFactory
from tests.factories.organizers import desk_of
from tests.support.client import CheckingClient
from tests.support.pages import Page

TYPED = {
    "title": "Water for the valley",
    "summary": "It has been dry since spring.",
    "ask": "That the sluice be opened.",
    "story": "It was closed in March.\n\nԳետը չորացել է։",
}
LETTER = {
    "name": "An appeal",
    "subject": "An appeal",
    "body": "I write from {{ supporter.place }}.\n\n{{ personal }}\n\n{{ points }}\n\n{{ recipient.ask }}",
    "points": "# soon: Soon\nPlease act soon.\nor:\nSoon would be good.",
}


@pytest.fixture
def desk(app: Flask) -> CheckingClient:
    """The browser of an organizer who is signed in."""
    return desk_of(app, "organizer")


def send(desk: CheckingClient, path: str, typed: dict[str, str], status: int = 200, button: str = "") -> Page:
    """Fill in the form at an address, send it, and return the page that follows."""
    form = Page(desk.get(path).text).form(path + button)
    answer = desk.post(path + button, data=dict(form.filled(typed)), follow_redirects=True)
    assert answer.status_code == status, answer.text
    return Page(answer.text)


def started(desk: CheckingClient, app: Flask) -> str:
    send(desk, "/admin/campaigns/new", TYPED)
    with app.app_context():
        return f"/admin/campaigns/{db.session.scalars(select(Campaign.id)).one()}"


def test_a_campaign_is_started_filled_and_not_seen_by_anybody(desk: CheckingClient, app: Flask) -> None:
    place = started(desk, app)
    shown = Page(desk.get(place).text)
    assert "Draft" in shown.text
    assert "It writes to nobody: add an office." in shown.text
    assert desk.get("/campaigns/water-for-the-valley").status_code == 404
    edited = send(desk, f"{place}/edit", {"summary": "It has been dry for a year."})
    assert "Saved." in edited.text
    assert "dry for a year" in desk.get(f"{place}/edit").text


def test_what_was_typed_stays_when_something_is_missing(desk: CheckingClient) -> None:
    page = send(desk, "/admin/campaigns/new", TYPED | {"title": "", "goal": "many"}, 422)
    assert "Give the campaign a title." in page.text
    assert "Գետը չորացել է։" in page.text


def test_a_letter_is_written_checked_and_shown_as_each_office_gets_it(
    desk: CheckingClient, app: Flask
) -> None:
    with app.app_context():
        store_campaign(status="draft")
        campaign = db.session.scalars(select(Campaign)).one()
        place, template = f"/admin/campaigns/{campaign.id}", campaign.templates[0].id
    bad = send(desk, f"{place}/letters/{template}/edit", LETTER | {"body": "Dear {{ recipent.title }}"})
    assert "To put right" in bad.text
    assert "recipient.title" in bad.text
    good = send(desk, f"{place}/letters/{template}/edit", LETTER)
    assert "I write from Lyon, France." in good.text
    assert re.search("Please act soon|Soon would be good", good.text)
    assert "What changed since version 2" in good.text
    assert "somebody else must read and publish it" in good.text

    colleague = desk_of(app, "organizer")
    published = send(colleague, f"{place}/letters/{template}/3", {}, button="/publish")
    assert "Published. Letters written from then on have these words." in published.text
    with app.app_context():
        letter = db.session.get_one(LetterTemplate, template)
        offered = offered_version(letter, now=clock.now())
        assert offered is not None
        assert offered.number == 3


def test_a_tick_lets_supporters_put_points_in_their_own_words(desk: CheckingClient, app: Flask) -> None:
    path = started(desk, app)
    send(desk, f"{path}/letters/new", LETTER | {"editable": "y"})
    with app.app_context():
        version = db.session.scalars(select(TemplateVersion)).one()
        assert version.points is not None
        assert version.points["editable"] is True
        path = f"{path}/letters/{version.template_id}/edit"
    assert dict(Page(desk.get(path).text).form(path).filled({}))["editable"]
    shown = send(desk, path, {"editable": []})
    assert "Supporters may put points in their own words" in shown.text.partition("What changed")[2]


def test_an_organizer_gets_the_letter_as_each_office_would(desk: CheckingClient, app: Flask) -> None:
    with app.app_context():
        store_campaign()
        campaign = db.session.scalars(select(Campaign)).one()
        path = f"/admin/campaigns/{campaign.id}/letters/{campaign.templates[0].id}/1"
    assert "2 mails are on their way to you." in send(desk, path, {}, button="/try").text
    with app.app_context():
        mails = db.session.scalars(select(Delivery).where(Delivery.kind == "notice")).all()
        (address,) = {mail.envelope_to for mail in mails}
        assert address.endswith("@desk.example")
        assert all("I ask you to have the sluice opened." in mail.text for mail in mails)


def test_words_that_no_letter_may_use_are_told_with_what_to_write_instead(
    desk: CheckingClient, app: Flask
) -> None:
    with app.app_context():
        store_campaign(status="draft")
        with transaction() as session:
            session.add_all(
                [
                    ContentRuleFactory.build(),
                    ContentRuleFactory.build(
                        level="warn", pattern={"en": "demand*"}, replacement={"en": "ask for"}
                    ),
                ]
            )
        campaign = db.session.scalars(select(Campaign)).one()
        path = f"/admin/campaigns/{campaign.id}/letters/{campaign.templates[0].id}/edit"
    shown = send(
        desk, path, LETTER | {"body": "Free\nthe hostages, I demand. {{ personal }} {{ points }}"}
    ).text
    assert "line 2, column 5: “hostages”: A label. Instead: detainees." in shown
    assert "“demand”: A label. Instead: ask for." in shown.partition("To think about")[2]


def test_points_that_cannot_be_read_are_told_beside_their_box(desk: CheckingClient, app: Flask) -> None:
    place = started(desk, app)
    page = send(desk, f"{place}/letters/new", LETTER | {"points": "no name\n# a: A\ntext"}, 422)
    assert "Line 1:" in page.text
    page = send(desk, f"{place}/letters/new", LETTER | {"least": "3", "most": "1"}, 422)
    assert "There are 1 points" in page.text


def test_a_viewer_looks_and_changes_nothing(app: Flask) -> None:
    with app.app_context():
        store_campaign()
        place = f"/admin/campaigns/{db.session.scalars(select(Campaign.id)).one()}"
        letter = db.session.scalars(select(LetterTemplate.id)).one()
    viewer = desk_of(app, "viewer")
    page = Page(viewer.get(place).text)
    assert not [link for link in page.links if link.endswith(("/edit", "/facts", "/end", "/new"))]
    assert "publish" not in viewer.get(f"{place}/letters/{letter}/1").text


def test_a_campaign_has_a_pace_of_its_own_from_the_next_letter_on(desk: CheckingClient, app: Flask) -> None:
    place = started(desk, app)
    page = send(desk, f"{place}/edit", {"hourly_limit": "0"}, 422)
    assert "A whole number between 1 and 10000, please." in page.text
    send(desk, f"{place}/edit", {"hourly_limit": "40"})
    campaign_id = uuid.UUID(place.rpartition("/")[2])
    with app.app_context():
        assert hourly_limit_of(campaign_id) == 40
    assert dict(Page(desk.get(f"{place}/edit").text).form(f"{place}/edit").filled({}))["hourly_limit"] == "40"
    send(desk, f"{place}/edit", {"hourly_limit": ""})
    with app.app_context():
        assert hourly_limit_of(campaign_id) is None
