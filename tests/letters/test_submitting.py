"""Offices that take letters only through a form: their writers are helped, and tell when it is done."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.database import db, transaction
from app.delivery.models import Delivery
from app.delivery.outbox import hold
from app.delivery.stops import stop
from app.errors import NotFound, Refused
from app.evidence.models import Fact
from app.letters import readdressing, retracting
from app.letters.counting import taken_by, tally
from app.letters.deciding import UNSUBMITTED, cause_sentence, release_copy
from app.letters.dispatch import HOLDER_CHANGED, NO_CONTACT
from app.letters.following import agree_to, corrections, follow, withdraw
from app.letters.freezing import BY_FORM
from app.letters.models import Letter
from app.letters.retention import purge
from app.letters.submitting import LONGEST_REFERENCE, forms_to_fill, hold_what_changed, tell_submitted
from app.recipients import reaching
from app.recipients.models import Holder, Recipient
from tests.factories.campaigns import reword, store_campaign
from tests.factories.evidence import FactFactory, store
from tests.factories.letters import copies, write_and_confirm, write_and_find_token
from tests.factories.recipients import ContactFactory, OfficeFactory
from tests.factories.threads import at_once
from tests.support.client import CheckingClient
from tests.support.pages import Page

WHO = "organizer:00000000-0000-0000-0000-000000000001"
FIELDS = [
    {"label": "Surname and name", "holds": "name"},
    {"label": "E-mail", "holds": "email"},
    {"label": "Message", "holds": "body", "limit": 150},
]


@pytest.fixture
def token(app_context: Flask) -> str:
    """The page of a letter to an office with mail and to one with a form."""
    form = ContactFactory.build(channel="web_form", value="https://form.example/", form_fields=FIELDS)
    offices = [OfficeFactory.build(slug="mail"), OfficeFactory.build(slug="form", contacts=[form])]
    return write_and_confirm(store_campaign(offices))


def test_its_writer_is_helped_and_tells_when_it_is_done(token: str) -> None:
    page = follow(token, "en")
    assert {copy.slug: (copy.state, copy.label) for copy in page.copies} == {
        "mail": ("queued", "In the queue"),
        "form": ("awaiting_confirmation", "Waits for you"),
    }
    (slug, form), *others = forms_to_fill(token).items()
    assert (slug, form.url, others) == ("form", "https://form.example/", [])
    name, email, message = form.fields
    assert name.text.startswith("Mariam Writer")
    assert email.text.endswith("@people.example")
    assert message.shortened
    assert "I ask you to have the sluice opened." in message.text

    with pytest.raises(Refused):
        tell_submitted(token, only="form", reference="9" * (LONGEST_REFERENCE + 1), now=clock.now())
    with pytest.raises(Refused):
        tell_submitted(token, only="mail", reference="", now=clock.now())
    with pytest.raises(NotFound):
        tell_submitted(token, only="nowhere", reference="", now=clock.now())
    tell_submitted(token, only="form", reference="CASE 77/2026", now=clock.now())
    with pytest.raises(Refused):
        tell_submitted(token, only="form", reference="", now=clock.now())
    db.session.rollback()
    done = {copy.slug: copy for copy in follow(token, "en").copies}["form"]
    assert (done.state, done.receipt) == ("self_sent", "CASE 77/2026")
    assert forms_to_fill(token) == {}
    raw = db.session.scalar(sa.select(Delivery.receipt_sealed).where(Delivery.receipt_sealed.is_not(None)))
    assert raw is not None
    assert b"CASE" not in raw

    campaign = db.session.scalars(sa.select(Letter.campaign_id)).one()
    office = next(copy.recipient_id for copy in copies() if copy.channel == "web_form")
    assert (tally(campaign).letters, tally(campaign).own) == (2, 0)
    assert office is not None
    assert [line.told for line in taken_by(office, "en")] == [()]


def test_what_was_never_put_in_is_ended_and_what_was_told_goes_with_the_text(token: str) -> None:
    assert withdraw(token, only="mail", now=clock.now()) == 1
    purge(now=clock.now() + timedelta(days=27))
    assert {copy.state for copy in copies()} == {"cancelled", "awaiting_confirmation"}
    purge(now=clock.now() + timedelta(days=28, hours=1))
    (ended,) = [copy for copy in copies() if copy.channel == "web_form"]
    assert (ended.state, ended.reason) == ("cancelled", UNSUBMITTED)
    assert "four weeks" in cause_sentence(ended.reason)
    assert "form" in {copy.slug: copy.standing.what for copy in follow(token, "en").copies}["form"]


def test_a_reference_is_deleted_with_the_text(token: str) -> None:
    withdraw(token, only="mail", now=clock.now())
    tell_submitted(token, only="form", reference="CASE 77/2026", now=clock.now())
    purge(now=clock.now() + timedelta(days=29))
    assert [(copy.state, copy.receipt, copy.text) for copy in copies() if copy.channel == "web_form"] == [
        ("self_sent", "", "")
    ]


def test_a_fact_that_is_taken_back_is_put_into_no_form(app_context: Flask) -> None:
    store(FactFactory.build(key="wells", value="seven"))
    form = ContactFactory.build(channel="web_form", value="https://form.example/", form_fields=FIELDS[:2])
    slug = store_campaign([OfficeFactory.build(slug="form", contacts=[form])])
    reword(slug, "Of the wells, {{ fact.wells.value }} are dry.\n\n{{ recipient.ask }}\n")
    token = write_and_confirm(slug)
    write_and_find_token(slug)  # waits for its confirmation, and is made anew by it
    assert forms_to_fill(token)
    store(FactFactory.build(key="wells_again", value="five"))
    fact = db.session.scalars(sa.select(Fact.id).where(Fact.key == "wells")).one()
    held = retracting.supersede_fact(fact, "wells_again", "Counted again", actor=WHO, now=clock.now())
    db.session.rollback()
    assert held == 1
    assert forms_to_fill(token) == {}
    with pytest.raises(Refused):
        tell_submitted(token, only="form", reference="", now=clock.now())

    anew = corrections(token, now=clock.now())["form"]
    agree_to(token, only="form", seen=anew.seen, now=clock.now())
    db.session.rollback()
    (copy,) = follow(token, "en").copies
    assert (copy.state, copy.label) == ("awaiting_confirmation", "Waits for you")
    assert "five are dry" in "".join(segment.text for segment in copy.segments)
    assert list(forms_to_fill(token)) == ["form"]


def test_released_to_an_office_with_an_address_by_now_it_goes_by_mail(token: str) -> None:
    with transaction() as session:
        (copy,) = session.scalars(sa.select(Delivery).where(Delivery.channel == "web_form"))
        hold(session, copy, now=clock.now(), cause="fact withdrawn: wells", actor=WHO)
        office = session.get_one(Recipient, copy.recipient_id)
        office.contacts.append(ContactFactory.build())
    release_copy(copy.id, actor=WHO, now=clock.now())
    db.session.rollback()
    assert {(copy.state, copy.channel) for copy in copies()} == {("queued", "email")}


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_told_twice_at_once_it_is_noted_once(app_context: Flask, token: str) -> None:
    def tell() -> str:
        try:
            tell_submitted(token, only="form", reference="", now=clock.now())
        except Refused:
            return "refused"
        return "noted"

    for _round in range(4):
        assert sorted(at_once(4, app_context, tell)) == ["noted", "refused", "refused", "refused"]
        with transaction() as session:
            session.execute(
                sa.update(Delivery)
                .where(Delivery.channel == "web_form")
                .values(state="awaiting_confirmation")
            )


@pytest.mark.backends("sqlite")
def test_what_its_writer_still_has_to_send_is_not_told_to_be_on_its_way(
    app_context: Flask, client: CheckingClient
) -> None:
    form = ContactFactory.build(channel="web_form", value="https://form.example/")
    token = write_and_confirm(store_campaign([OfficeFactory.build(slug="form", contacts=[form])]))
    page = client.get(f"/letters/{token}").text
    assert "on its way" not in page
    assert "Your letter waits for you" in page
    assert "It waits here for you until" in page
    tell_submitted(token, only="form", reference="", now=clock.now())
    assert "Your letter waits for you" not in client.get(f"/letters/{token}").text


@pytest.mark.backends("sqlite")
def test_the_page_asks_and_thanks(token: str, client: CheckingClient) -> None:
    page = client.get(f"/letters/{token}")
    fields = {
        e.get("id"): e.get("value")
        for e in Page(page.text).elements("input")
        if e.get("readonly") is not None
    }
    assert str(fields["form-field-1"]).startswith("Mariam Writer")
    answer = client.submit(
        page, {"reference": " A\u202e77 "}, action=f"/letters/{token}/submitted", follow_redirects=True
    )
    assert Page(answer.text).states["form"] == "awaiting_confirmation", "no invisible signs in it"
    answer = client.submit(
        page, {"reference": "A77"}, action=f"/letters/{token}/submitted", follow_redirects=True
    )
    assert Page(answer.text).states["form"] == "self_sent"
    assert "The office's reference: A77" in Page(answer.text).text


def change_form(how: str) -> None:
    """Change something because of which a letter must not be put into the form."""
    now = clock.now()
    office = db.session.scalars(sa.select(Recipient).where(Recipient.slug == "form")).one()
    if how == "suspended":
        reaching.set_contact_status(office.contacts[0].id, "suspended", actor=WHO, now=now)
    elif how == "stopped":
        stop("office", office.id, reason="a check", actor=WHO, now=now)
    else:
        with transaction() as session:
            session.scalars(
                sa.select(Holder).where(Holder.recipient_id == office.id)
            ).one().name = "Robin After"


@pytest.mark.parametrize(
    ("how", "told", "ends"),
    [
        ("suspended", "no checked address", ("held", NO_CONTACT)),
        ("holder", "Somebody else holds", ("held", HOLDER_CHANGED)),
        ("stopped", "have paused", ("awaiting_confirmation", BY_FORM)),
    ],
)
def test_what_must_not_leave_is_not_shown_for_the_form(
    token: str, how: str, told: str, ends: tuple[str, str]
) -> None:
    assert hold_what_changed(now=clock.now()) == 0
    change_form(how)
    db.session.rollback()
    assert forms_to_fill(token) == {}
    copy = {copy.slug: copy for copy in follow(token, "en").copies}["form"]
    assert (told in copy.standing.what, copy.waits_for_writer) == (True, False)

    def now_is() -> tuple[str, str]:
        return next((copy.state, copy.reason) for copy in copies() if copy.channel == "web_form")

    # Four weeks later nobody says that its writer did nothing: they could not.
    purge(now=clock.now() + timedelta(days=29))
    assert now_is() == ends


def test_it_is_held_for_the_organizers_and_goes_on_when_the_form_does(token: str) -> None:
    change_form("suspended")
    assert hold_what_changed(now=clock.now()) == 1
    assert hold_what_changed(now=clock.now()) == 0
    assert readdressing.release_waiting(now=clock.now()) == 0
    db.session.rollback()
    office = db.session.scalars(sa.select(Recipient).where(Recipient.slug == "form")).one()
    reaching.set_contact_status(office.contacts[0].id, "active", actor=WHO, now=clock.now())
    assert readdressing.release_waiting(now=clock.now()) == 1
    assert list(forms_to_fill(token)) == ["form"]


def test_what_came_to_the_form_late_has_its_own_four_weeks(token: str) -> None:
    change_form("suspended")
    hold_what_changed(now=clock.now())
    db.session.rollback()
    office = db.session.scalars(sa.select(Recipient).where(Recipient.slug == "form")).one()
    later = clock.now() + timedelta(days=20)
    reaching.set_contact_status(office.contacts[0].id, "active", actor=WHO, now=later)
    assert readdressing.release_waiting(now=later) == 1
    purge(now=clock.now() + timedelta(days=29))
    assert [copy.state for copy in copies() if copy.channel == "web_form"] == ["awaiting_confirmation"]


def test_what_was_put_in_before_it_had_to_wait_can_be_told(token: str) -> None:
    change_form("stopped")
    tell_submitted(token, only="form", reference="", now=clock.now())
    assert [copy.state for copy in copies() if copy.channel == "web_form"] == ["self_sent"]
