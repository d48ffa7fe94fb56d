"""The rule of two people at the desk: who sees which button, and what each of them brings about."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.database import db, transaction
from app.recipients.models import Contact, Recipient
from app.security.audit import AuditEntry
from app.security.options import FOUR_EYES, is_on
from tests.factories.organizers import PASSWORD, desk_of
from tests.factories.recipients import ContactFactory, OfficeFactory
from tests.factories.visitor import complaints
from tests.support.client import CheckingClient
from tests.support.pages import Page

OLD, NEW = "old@offices.example", "new@offices.example"
ALONE = "Nobody else at this desk can do it"


@dataclass(frozen=True)
class Office:
    """A stored office with one verified contact, and the addresses of their pages."""

    recipient_id: uuid.UUID
    contact_id: uuid.UUID

    @property
    def path(self) -> str:
        return f"/admin/recipients/{self.recipient_id}"

    def page(self, name: str) -> str:
        return f"{self.path}/contacts/{self.contact_id}/{name}"


@pytest.fixture
def office(app: Flask) -> Office:
    """An office that is reached at the old address."""
    with app.app_context(), transaction() as session:
        row: Recipient = OfficeFactory.build(contacts=[ContactFactory.build(value=OLD)])
        session.add(row)
    return Office(row.id, row.contacts[0].id)


@pytest.fixture
def ani(app: Flask) -> CheckingClient:
    """An organizer's browser."""
    return desk_of(app, "organizer")


@pytest.fixture
def ben(app: Flask) -> CheckingClient:
    """Another organizer's browser."""
    return desk_of(app, "organizer")


def propose(desk: CheckingClient, office: Office, value: str = NEW) -> TestResponse:
    form = desk.get(office.page("edit"))
    return desk.submit(form, {"value": value}, field="value", follow_redirects=True)


def contact_of(app: Flask, office: Office) -> Contact:
    with app.app_context():
        return db.session.get_one(Contact, office.contact_id)


def text(answer: TestResponse) -> str:
    return Page(answer.text).text


def actions(answer: TestResponse) -> set[str]:
    return {form.action.rsplit("/", 1)[-1] for form in Page(answer.text).forms if "/proposal/" in form.action}


def test_a_change_is_proposed_by_one_and_approved_by_another(
    app: Flask, office: Office, ani: CheckingClient, ben: CheckingClient
) -> None:
    shown = propose(ani, office)
    assert "The old address stays in use until somebody else approves" in text(shown)
    assert "Another address is proposed: new@offices.example" in text(shown)
    assert contact_of(app, office).value == OLD

    page = ben.get(office.page("proposal"))
    assert actions(page) == {"approve", "reject"}
    rows = [" ".join(cell.itertext()) for cell in Page(page.text).elements("td")]
    assert rows == [OLD, NEW]
    unsaid = ben.submit(page, {"how": ""}, field="how")
    assert set(complaints(unsaid)) == {"how"}
    done = ben.submit(unsaid, {"how": "Its own page"}, field="how", follow_redirects=True)
    assert "Letters go to the new address from now on" in text(done)
    row = contact_of(app, office)
    assert (row.value, row.is_usable) == (NEW, True)
    assert row.verified_by.endswith("@desk.example")
    assert ben.get(office.page("proposal")).status_code == 404


def test_the_proposer_reads_why_there_is_no_button_and_can_take_it_back(
    app: Flask, office: Office, ani: CheckingClient, ben: CheckingClient
) -> None:
    propose(ani, office)
    page = ani.get(office.page("proposal"))
    assert actions(page) == {"take-back"}
    assert "somebody else must approve it" in text(page)
    assert ALONE not in text(page)
    # A form that the page does not have, put together by hand.
    token = dict(Page(page.text).form(office.page("proposal/take-back")).filled({}))
    forged = ani.post(office.page("proposal/approve"), data={**token, "how": "I say so"})
    assert forged.status_code == 422
    assert "You proposed this change yourself" in text(forged)
    assert contact_of(app, office).value == OLD
    refused = ben.submit(
        ben.get(office.page("proposal")), {"how": "x"}, action=office.page("proposal/approve")
    )
    assert refused.status_code == 303
    with app.app_context(), transaction() as session:
        session.get_one(Contact, office.contact_id).value = OLD
    propose(ani, office, "third@offices.example")
    page = ani.get(office.page("proposal"))
    done = ani.submit(page, action=office.page("proposal/take-back"), follow_redirects=True)
    assert "Taken back" in text(done)
    assert "is proposed" not in text(done)


def test_somebody_elses_cannot_be_taken_back_but_rejected_with_a_reason(
    app: Flask, office: Office, ani: CheckingClient, ben: CheckingClient
) -> None:
    propose(ani, office)
    page = ben.get(office.page("proposal"))
    form = dict(Page(page.text).form(office.page("proposal/reject")).filled({}))
    assert ben.post(office.page("proposal/take-back"), data=form).status_code == 422
    unsaid = ben.submit(page, {"reason": ""}, field="reason")
    assert set(complaints(unsaid)) == {"reason"}
    done = ben.submit(page, {"reason": "It bounces."}, field="reason", follow_redirects=True)
    assert "The contact stays as it is" in text(done)
    assert contact_of(app, office).value == OLD
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "contact.rejected")).one()
        assert entry.detail["reason"] == "It bounces."


def test_whoever_looked_at_another_address_is_asked_to_look_again(
    app: Flask, office: Office, ani: CheckingClient, ben: CheckingClient
) -> None:
    propose(ani, office)
    page = ben.get(office.page("proposal"))
    propose(ani, office, "rogue@elsewhere.example")
    refused = ben.submit(page, {"how": "Its own page"}, field="how")
    assert refused.status_code == 422
    assert "changed while you were looking at it" in text(refused)
    assert "rogue@elsewhere.example" in text(refused)
    assert contact_of(app, office).value == OLD
    assert ben.submit(refused, {"how": "Its own page"}, field="how").status_code == 303


def test_a_change_of_a_contact_that_was_edited_meanwhile_says_so(
    app: Flask, office: Office, ani: CheckingClient, ben: CheckingClient
) -> None:
    propose(ani, office)
    with app.app_context(), transaction() as session:
        session.get_one(Contact, office.contact_id).value = "third@offices.example"
    page = ben.get(office.page("proposal"))
    assert "leads to third@offices.example now" in text(page)
    assert actions(page) == {"reject"}


def test_who_edits_a_contact_with_a_proposal_is_told(
    office: Office, ani: CheckingClient, ben: CheckingClient
) -> None:
    propose(ani, office)
    page = ben.get(office.page("edit"))
    assert "proposed another address" in text(page)
    assert office.page("proposal") in Page(page.text).links


def test_who_entered_an_address_sees_a_sentence_in_place_of_the_button(
    app: Flask, office: Office, ani: CheckingClient, ben: CheckingClient
) -> None:
    with app.app_context(), transaction() as session:
        row = session.get_one(Contact, office.contact_id)
        row.verified_at, row.entered_by = None, "command line"
    propose(ani, office)
    page = ani.get(office.page("verify"))
    assert "somebody else must verify it" in text(page)
    assert not [form for form in Page(page.text).forms if "how" in form.names]
    form = dict(Page(ani.get(office.path).text).form("/admin/logout").filled({}))
    assert ani.post(office.page("verify"), data={**form, "how": "x"}).status_code == 422
    assert not contact_of(app, office).is_usable
    done = ben.submit(ben.get(office.page("verify")), {"how": "Its page"}, field="how")
    assert done.status_code == 303
    assert contact_of(app, office).is_usable


def test_today_leads_to_what_waits(app: Flask, office: Office, ani: CheckingClient) -> None:
    assert "second pair of eyes" not in text(ani.get("/admin/"))
    assert "Nothing waits" in text(ani.get("/admin/recipients/waiting"))
    propose(ani, office)
    ani.submit(
        ani.get(f"{office.path}/contacts/new"),
        {"channel": "email", "value": "another@offices.example"},
        field="value",
    )
    today = ani.get("/admin/")
    assert "2 contacts wait for a second pair of eyes" in text(today)
    assert "/admin/recipients/waiting" in Page(today.text).links
    page = Page(desk_of(app, "organizer").get("/admin/recipients/waiting").text)
    assert {OLD, NEW, "another@offices.example", "new contact"} <= {
        "".join(cell.itertext()).strip() for cell in page.elements("td")
    }
    assert office.page("proposal") in page.links
    viewer = Page(desk_of(app, "viewer").get("/admin/recipients/waiting").text)
    assert not [link for link in viewer.links if link.endswith(("/proposal", "/verify"))]


def test_a_group_of_one_switches_the_rule_off_and_is_told_where(app: Flask, office: Office) -> None:
    owner = desk_of(app, "owner")
    desk_of(app, "viewer")  # who could not approve anything
    propose(owner, office)
    page = owner.get(office.page("proposal"))
    assert ALONE in text(page)
    assert "/admin/rules" in Page(page.text).links
    rules = owner.get("/admin/rules")
    assert "can send all letters of an office to an address of their own" in text(rules)
    done = owner.submit(rules, {"four_eyes": "off"}, field="four_eyes", follow_redirects=True)
    assert "It is off now." in text(done)
    with app.app_context():
        assert not is_on(FOUR_EYES)
        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
        assert entry is not None
        assert (entry.action, entry.detail) == ("rule.switched_off", {"rule": FOUR_EYES})
    page = owner.get(office.page("proposal"))
    assert ALONE not in text(page)
    assert actions(page) == {"approve", "take-back"}
    assert owner.submit(page, {"how": "Its page"}, field="how").status_code == 303
    assert contact_of(app, office).value == NEW


def test_the_only_organizer_is_told_to_ask_an_owner(app: Flask, office: Office, ani: CheckingClient) -> None:
    propose(ani, office)
    page = ani.get(office.page("proposal"))
    assert ALONE in text(page)
    assert "An owner of this installation can" in text(page)
    assert "/admin/rules" not in Page(page.text).links


def test_the_rule_is_switched_with_a_fresh_password_only(app: Flask) -> None:
    owner = desk_of(app, "owner")
    page = owner.get("/admin/rules")
    for values in ({}, {"four_eyes": "perhaps"}):
        token = dict(Page(page.text).form("/admin/rules").filled({}))["csrf_token"]
        assert owner.post("/admin/rules", data={"csrf_token": token, **values}).status_code == 422
    with owner.session_transaction() as session:
        session["fs_paa"] -= timedelta(minutes=16).total_seconds()
        session.pop("fs_gexp", None)
    asked = owner.submit(page, {"four_eyes": "off"}, field="four_eyes", follow_redirects=True)
    assert Page(asked.text).heading == "Your password, once more"
    with app.app_context():
        assert is_on(FOUR_EYES)
    owner.submit(asked, {"password": PASSWORD}, action="/admin/verify", follow_redirects=True)
    assert "It is on now." in text(owner.get("/admin/rules"))


@pytest.mark.backends("sqlite")  # forms refuse or store; which database it is makes no difference
def test_no_value_in_any_field_brings_a_page_down(
    office: Office, ani: CheckingClient, ben: CheckingClient
) -> None:
    propose(ani, office)
    for value in ("", "a\x00b", "a\u202eb", "x" * 5000, "<script>alert(1)</script>", "é" * 64):
        for step, field in (("approve", "how"), ("reject", "reason")):
            form = dict(Page(ben.get(office.page("proposal")).text).form(field=field).filled({}))
            with ben.unchecked():
                answer = ben.post(office.page(f"proposal/{step}"), data=form | {field: value, "seen": value})
            assert answer.status_code == 422, (step, value)
            assert "<script>alert" not in answer.text
