"""Groups of offices at the desk, and offices that have acted."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.campaigns.models import AudienceMember, Campaign, Deed
from app.database import db
from app.recipients.models import Recipient
from tests.admin.test_campaigns import send
from tests.factories.campaigns import KEY, TemplateFactory, store_campaign, thanks_letter
from tests.factories.letters import copies, write_and_confirm
from tests.factories.organizers import desk_of
from tests.factories.recipients import OfficeFactory
from tests.support.client import CheckingClient
from tests.support.pages import Page

ASKED = {"template_key": KEY, "ask": "Open it together.", "ask_text": "I ask all of you to open it."}
DID = {
    "done_on": "2026-05-04",
    "said_en": "In May, the Assembly voted for opening it.",
    "source": "Minutes https://offices.example/minutes",
}


@pytest.fixture
def desk(app: Flask) -> CheckingClient:
    """The browser of an organizer who is signed in."""
    return desk_of(app, "organizer")


@pytest.fixture
def place(app: Flask) -> str:
    """The address of a campaign at the desk: it writes to “own”, and “other” is of the same kind."""
    with app.app_context():
        offices = [
            OfficeFactory.build(slug=name, title=name.title(), level="local") for name in ("own", "other")
        ]
        store_campaign(offices[:1], templates=[TemplateFactory.build(), thanks_letter()])
        db.session.add(offices[1])
        db.session.commit()
        return f"/admin/campaigns/{db.session.scalars(select(Campaign.id)).one()}"


def test_a_group_is_added_moved_up_changed_and_taken_out(
    desk: CheckingClient, app: Flask, place: str
) -> None:
    refused = send(desk, f"{place}/audience/new", ASKED, 422)
    assert "Say what the offices of the group have in common." in refused.text
    page = send(desk, f"{place}/audience/new", ASKED | {"level": "local"})
    assert "It counts for 1 of the 2 offices that belong to it." in page.text
    assert "2 · Local" in Page(desk.get(place).text).text
    with app.app_context():
        rule = db.session.scalars(
            select(AudienceMember.id).where(AudienceMember.recipient_id.is_(None))
        ).one()
    form = page.form(f"{place}/audience/{rule}/up")
    page = Page(
        desk.post(f"{place}/audience/{rule}/up", data=dict(form.filled({})), follow_redirects=True).text
    )
    assert "It counts for 2 of the 2 offices that belong to it." in page.text
    assert "It counts for nothing: a rule before it is about this office, too." in page.text
    assert "It counts for 2 offices." in Page(desk.get(f"{place}/audience/{rule}/remove").text).text
    form = Page(desk.get(f"{place}/audience/{rule}").text).form(field="ask_text")
    typed = dict(form.filled({"ask": "Open it now.", "country": "CH"}))
    page = Page(desk.post(f"{place}/audience/{rule}", data=typed, follow_redirects=True).text)
    assert "Local · Switzerland" in page.text
    assert "Open it now." in Page(desk.get(place).text).text
    assert f"{place}/audience/{rule}/remove" in desk.get(f"{place}/audience/{rule}").text
    page = send(desk, f"{place}/audience/{rule}/remove", {})
    assert "It counts for" not in page.text


def test_that_an_office_acted_is_recorded_shown_and_undone(
    desk: CheckingClient, app: Flask, place: str
) -> None:
    with app.app_context():
        campaign = db.session.scalars(select(Campaign)).one()
        office = db.session.scalars(select(Recipient.id).where(Recipient.slug == "own")).one()
        write_and_confirm(campaign.slug)
        path = f"/admin/recipients/{office}/campaigns/{db.session.scalars(select(Campaign.id)).one()}/deed"
    assert path in desk.get(f"/admin/recipients/{office}").text
    refused = send(desk, path, DID | {"source": "", "done_on": ""}, 422)
    assert "Say where this stands." in refused.text
    assert "Say on which day it acted." in refused.text
    page = send(desk, path, DID)
    assert "One letter that has not left is held" in page.text
    assert "It has acted" in page.text
    assert DID["said_en"] in Page(desk.get(place).text).text
    assert DID["said_en"] in Page(desk.get("/admin/held").text).text
    shown = Page(desk.get(path).text)
    assert "Minutes" in shown.text
    undone = shown.form(f"{path}/undo")
    page = Page(desk.post(f"{path}/undo", data=dict(undone.filled({})), follow_redirects=True).text)
    assert "Undone: the office is asked again." in page.text
    with app.app_context():
        assert db.session.scalars(select(Deed.undone_at)).one() is not None
        assert {copy.state for copy in copies()} == {"held"}


def test_a_letter_of_thanks_is_written_at_the_desk(desk: CheckingClient, app: Flask, place: str) -> None:
    words = {"name": "Gratitude", "subject": "Thanks", "body": "{{ personal }}\n\n{{ recipient.deed }}"}
    send(desk, f"{place}/letters/new", words | {"thanks": "y"})
    with app.app_context():
        kinds = {one.key: one.kind for one in db.session.scalars(select(Campaign)).one().templates}
    assert kinds["gratitude"] == "thanks"
    assert kinds[KEY] == ""
