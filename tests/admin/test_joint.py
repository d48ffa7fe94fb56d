"""Joint letters at the desk: begun, put into order, cleared, sent after a question."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.campaigns.models import AudienceMember, Campaign
from app.database import db
from app.letters.joint.models import JointLetter
from tests.admin.test_campaigns import send
from tests.factories.campaigns import TemplateFactory, store_campaign
from tests.factories.joint import BODY, begin, sign_and_confirm, sign_joint, the_joint
from tests.factories.letters import copies
from tests.factories.organizers import desk_of
from tests.factories.storage import counts
from tests.support.client import CheckingClient
from tests.support.pages import Page


@pytest.fixture
def desk(app: Flask) -> CheckingClient:
    """The browser of an organizer who is signed in."""
    return desk_of(app, "organizer")


def begun(desk: CheckingClient, app: Flask) -> tuple[str, JointLetter]:
    """Begin a joint letter at the desk to both offices; return where it is."""
    with app.app_context():
        store_campaign(templates=[TemplateFactory.build(), TemplateFactory.build(key="joint", body=BODY)])
        campaign = db.session.scalars(select(Campaign)).one()
        place = f"/admin/campaigns/{campaign.id}/joint"
        letter = next(one.id for one in campaign.templates if one.key == "joint")
        offices = [str(one) for one in db.session.scalars(select(AudienceMember.recipient_id))]
    missing = send(desk, f"{place}/new", {"letter": str(letter)}, 422)
    assert "Choose at least one office." in missing.text
    form = desk.get(f"{place}/new")
    typed = {"letter": str(letter), "offices": offices}
    shown = desk.submit(form, typed, action=f"{place}/new", follow_redirects=True)
    assert "Can be signed" in shown.text
    with app.app_context():
        joint = db.session.scalars(select(JointLetter)).one()
    return f"{place}/{joint.id}", joint


def test_from_its_beginning_to_its_dispatch(desk: CheckingClient, app: Flask) -> None:
    place, joint = begun(desk, app)
    with app.app_context(), app.test_request_context():
        for name in ("Alpha", "Beta", "Gamma"):
            sign_and_confirm(joint, name=name)
    names = f"{place}/names"
    page = desk.get(names)
    buttons = [str(button.get("value")) for button in Page(page.text).elements("button", name="up")]
    desk.post(names, data={"csrf_token": token_of(page.text), "up": buttons[-1]})
    shown = Page(desk.get(names).text).text
    assert shown.index("1. Alpha") < shown.index("2. Gamma") < shown.index("3. Beta")
    removed = send(desk, f"{names}/{buttons[-1]}/remove", {})
    assert "The name is off the letter." in removed.text
    assert "Gamma" not in removed.text
    question = Page(desk.get(f"{place}/dispatch").text)
    assert "With 2 signatures, to 2 offices:" in question.text, question.text
    assert "It is on its way." in send(desk, f"{place}/dispatch", {}).text
    with app.app_context():
        assert [copy.state for copy in copies()] == ["queued"] * 2
        assert all("1. Alpha" in copy.text and "2. Beta" in copy.text for copy in copies())
        assert the_joint(joint.id).status == "dispatched"
        letter = copies()[0].letter_id
    assert desk.get(f"/admin/letters/{letter}").status_code == 200
    assert "1. Alpha" in desk.get(f"/admin/letters/{letter}/personal").text
    assert desk.get("/admin/letters").status_code == 200


def test_one_begun_by_mistake_can_be_given_up_until_somebody_has_signed(
    desk: CheckingClient, app: Flask
) -> None:
    place, joint = begun(desk, app)
    with app.app_context(), app.test_request_context():
        sign_joint(joint)
    assert "The joint letter is deleted." in send(desk, f"{place}/give-up", {}).text
    with app.app_context():
        assert not {"joint_letters", "signatures"} & counts().keys()
        again = begin(db.session.scalars(select(Campaign.slug)).one(), "joint").id
        sign_and_confirm(the_joint(again))
    refused = send(desk, f"{place.rpartition('/')[0]}/{again}/give-up", {}, 422)
    assert "Somebody has signed it" in refused.text


def token_of(html: str) -> str:
    return next(Page(html).elements("input", name="csrf_token")).get("value", "")
