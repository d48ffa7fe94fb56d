"""Corrections at the desk: all see them, organizers decide; the office's page around them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.campaigns.models import Campaign
from app.database import db, transaction
from app.delivery.models import Delivery
from app.recipients import corrections
from app.recipients.corrections import Correction
from app.recipients.models import Recipient
from tests.factories.campaigns import store_campaign
from tests.factories.corrections import propose
from tests.factories.letters import write_and_confirm
from tests.factories.organizers import desk_of
from tests.factories.recipients import HolderFactory, OfficeFactory
from tests.factories.visitor import complaints
from tests.support.pages import Page, text_of
from tests.support.plugins.database import TimeTravel


@pytest.fixture
def office(app: Flask) -> Recipient:
    """An office that supporters can write to."""
    made: Recipient = OfficeFactory.build(title="Keeper of the Seal", short_name="Keeper", slug="keeper")
    with app.app_context():
        store_campaign([made])
    return made


def store(app: Flask, office: Recipient, *arguments: str, now: datetime | None = None) -> uuid.UUID:
    with app.app_context(), app.test_request_context():
        return propose(office.id, *arguments, now=now).id


def state_of(app: Flask, correction_id: uuid.UUID) -> tuple[str, str]:
    with app.app_context():
        row = db.session.get_one(Correction, correction_id)
        return row.state, row.note


def test_the_desk_leads_to_what_was_proposed(app: Flask, office: Recipient, time_travel: TimeTravel) -> None:
    now = time_travel(datetime(2026, 11, 21, 12, tzinfo=UTC))
    desk = desk_of(app, "viewer")
    assert "correction" not in Page(desk.get("/admin/").text).text
    source = "It is at https://office.example/news?a=1&b=2, see there. javascript:alert(1)"
    store(
        app,
        office,
        "Somebody else holds it since May.\n\nIt is <b>Nare</b>.",
        source,
        now=now - timedelta(days=3),
    )
    today = Page(desk.get("/admin/").text)
    assert "1 correction was proposed" in today.text
    assert "/admin/corrections" in today.links
    page = Page(desk.get("/admin/corrections").text)
    for told in (
        "Keeper of the Seal",
        "It is <b>Nare</b>.",
        "javascript:alert(1)",
        "open for 3 days",
        "Open",
    ):
        assert told in page.text, told
    (link,) = (a for a in page.elements("a") if (a.get("href") or "").startswith("https:"))
    assert link.get("href") == text_of(link) == "https://office.example/news?a=1&b=2"
    assert link.get("rel") == "noreferrer noopener nofollow"


def test_an_organizer_decides(app: Flask, office: Recipient) -> None:
    one = store(app, office)
    desk = desk_of(app, "organizer")
    colleague = desk_of(app, "owner")
    page, theirs = (browser.get(f"/admin/corrections/{one}") for browser in (desk, colleague))
    answer = desk.submit(page, {"note": ""}, field="note")
    assert answer.status_code == 422
    assert set(complaints(answer)) == {"decision", "note"}
    answer = desk.submit(page, {"decision": "not_taken_over", "note": "It says nothing."}, field="note")
    assert (answer.status_code, answer.location) == (303, "/admin/corrections")
    assert state_of(app, one) == ("not_taken_over", "It says nothing.")
    late = colleague.submit(
        theirs, {"decision": "taken_over", "note": "Yes"}, field="note", follow_redirects=True
    )
    assert "Somebody has decided about this correction already." in Page(late.text).text
    assert state_of(app, one) == ("not_taken_over", "It says nothing.")
    decided = Page(desk.get(f"/admin/corrections/{one}").text)
    assert "It says nothing." in decided.text
    assert not [form for form in decided.forms if "note" in form.names]
    assert "Not taken over" in Page(desk.get("/admin/corrections").text).text
    history = Page(colleague.get(f"/admin/recipients/{office.id}").text)
    assert "did not take over a correction" in history.text


def test_a_viewer_sees_and_does_not_decide(app: Flask, office: Recipient) -> None:
    one = store(app, office)
    desk = desk_of(app, "viewer")
    page = desk.get(f"/admin/corrections/{one}")
    assert page.status_code == 200
    assert "An organizer decides about it." in Page(page.text).text
    token = dict(Page(page.text).form("/admin/logout").filled({}))["csrf_token"]
    sent = {"csrf_token": token, "decision": "taken_over", "note": "Mine"}
    assert desk.post(f"/admin/corrections/{one}", data=sent).status_code == 403
    assert state_of(app, one) == ("open", "")


@pytest.mark.parametrize("decision", ["open", "burn", "", "x" * 5000])
def test_a_decision_that_nobody_offered(app: Flask, office: Recipient, decision: str) -> None:
    one = store(app, office)
    desk = desk_of(app, "organizer")
    form = Page(desk.get(f"/admin/corrections/{one}").text).form(field="note")
    sent = dict(form.filled({"note": "Why"})) | {"decision": decision}
    assert desk.post(f"/admin/corrections/{one}", data=sent).status_code == 422
    assert state_of(app, one) == ("open", "")


def test_the_list_of_one_office(app: Flask, office: Recipient) -> None:
    other = OfficeFactory.build(title="Another office")
    with app.app_context(), transaction() as session:
        session.add(other)
    store(app, office)
    store(app, other)
    desk = desk_of(app, "viewer")
    page = Page(desk.get(f"/admin/corrections?office={office.id}").text)
    assert "Keeper of the Seal" in page.text
    assert "Another office" not in page.text
    for odd in ("office=x", f"office={uuid.uuid4()}", "page=-1", "page=9999999999999999999999"):
        assert desk.get(f"/admin/corrections?{odd}").status_code == 200, odd


def test_many_corrections_have_pages(app: Flask, office: Recipient) -> None:
    with app.app_context(), transaction() as session:
        session.add_all(
            Correction(
                recipient_id=office.id, text=f"Wrong, number {number}", source="x", proposed_at=clock.now()
            )
            for number in range(corrections.PAGE + 1)
        )
    desk = desk_of(app, "viewer")
    first = Page(desk.get("/admin/corrections").text)
    assert "Page 1 of 2" in first.text
    assert len([*Page(desk.get("/admin/corrections?page=2").text).elements("li")]) == 1


def test_an_office_tells_its_letters_by_state_and_what_a_handover_would_hold(
    app: Flask, office: Recipient
) -> None:
    desk = desk_of(app, "viewer")
    path = f"/admin/recipients/{office.id}"
    assert "Nobody has written to it from here." in Page(desk.get(path).text).text
    with app.app_context():
        campaign = db.session.scalars(select(Campaign.slug)).one()
        for _letter in range(3):
            write_and_confirm(campaign)
        with transaction() as session:
            first = session.scalars(select(Delivery).where(Delivery.kind == "letter").limit(1)).one()
            first.state, first.due_at = "bounced", None
            session.add(HolderFactory.build(recipient_id=office.id, name="Ani Acting", acting=True))
    page = Page(desk.get(path).text)
    assert "2 letters: In the queue" in page.text
    assert "1 letter: Came back" in page.text
    assert f"/admin/letters?office={office.id}&state=queued" in page.links
    listed = Page(desk.get(f"/admin/letters?office={office.id}&state=queued").text)
    assert len([row for row in listed.elements("tr") if row.get("data-delivery")]) == 2
    assert "From tomorrow on, letters would go to Ani Acting, acting." in page.text
    assert "2 letters that wait to leave would be held for you." in page.text
    assert "/offices/keeper" in page.links
    assert f"/admin/corrections?office={office.id}" in page.links
