"""Offices at the desk: from an empty form to a letter that reaches a new office; nothing typed is lost."""

from __future__ import annotations

import uuid
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.database import db, transaction
from app.delivery.limits import Wishes
from app.delivery.models import Delivery
from app.letters.wishes import wishes_of
from app.recipients.models import Contact, Recipient
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies
from tests.factories.organizers import desk_of
from tests.factories.recipients import ContactFactory, HolderFactory, OfficeFactory
from tests.factories.visitor import Visitor, complaints
from tests.support.client import CheckingClient
from tests.support.lengths import SOAK
from tests.support.pages import Page, text_of
from tests.support.plugins.database import TimeTravel

OFFICE = {
    "institution": "Council of Rivers",
    "title": "Warden of the Sluices",
    "short_name": "Warden",
    "level": "national",
    "country": "AM",
    "accepts": "public",
    "mandate": "Opens and closes sluices.",
    "languages": "en, hy",
    "variants": "Sluice Warden\nԳետերի պահապան",
    "sources": "Its own page https://rivers.example/warden",
    "checked_on": "2026-11-20",
    "confidence": "high",
}
HOLDER = {"name": "Nare Hakobyan", "family_name": "Hakobyan", "rank": "Ms.", "starts_on": "2025-03-01"}


@pytest.fixture
def desk(app: Flask) -> CheckingClient:
    """The browser of an organizer who is signed in."""
    return desk_of(app, "organizer")


@pytest.fixture
def office(app: Flask) -> Recipient:
    """A stored office."""
    with app.app_context(), transaction() as session:
        row: Recipient = OfficeFactory.build()
        session.add(row)
    return row


def follow(desk: CheckingClient, page: TestResponse, link: str) -> TestResponse:
    """Go where the first link of that name in the main part leads."""
    main = next(Page(page.text).elements("main"))
    target = next(a.get("href") for a in main.iter("a") if text_of(a).startswith(link))
    assert target is not None
    return desk.get(target)


def fill(
    desk: CheckingClient, page: TestResponse, field: str, values: dict[str, str | list[str]]
) -> TestResponse:
    return desk.submit(page, values, field=field, follow_redirects=True)


def test_the_next_supporter_can_write_to_a_new_office(app: Flask, desk: CheckingClient) -> None:
    with app.app_context():
        slug = store_campaign()
    new = follow(desk, desk.get("/admin/recipients"), "Add an office")
    shown = fill(desk, new, "institution", {**OFFICE})
    assert Page(shown.text).heading == OFFICE["title"]
    assert "No verified e-mail contact" in Page(shown.text).text

    shown = fill(desk, follow(desk, shown, "Add a holder"), "family_name", {**HOLDER})
    contact = follow(desk, shown, "Add a contact")
    shown = fill(desk, contact, "value", {"channel": "email", "value": "warden@rivers.example"})
    assert "Not verified: nothing is sent there" in Page(shown.text).text
    assert "somebody else must verify it" in Page(shown.text).text
    colleague = desk_of(app, "organizer")
    verify = follow(colleague, colleague.get(shown.request.path), "Verify")
    fill(colleague, verify, "how", {"how": "The contact page of the council"})
    shown = desk.get(shown.request.path)
    asked = follow(desk, shown, "Write to it in this campaign")
    shown = fill(
        desk,
        asked,
        "ask",
        {"ask": "Open the upper sluice.", "ask_text": "I ask you to open the upper sluice."},
    )
    told = Page(shown.text).text
    assert "In order" in told
    assert "Supporters can write to it" in told

    supporter = app.test_client()
    assert isinstance(supporter, CheckingClient)
    visitor = Visitor(supporter, slug)
    visitor.opens_form()
    with app.app_context():
        visitor.writes_and_confirms(recipients=["warden"])
        (copy,) = copies()
        assert (copy.state, copy.envelope_to) == ("queued", "warden@rivers.example")
        assert "I ask you to open the upper sluice." in copy.text
        assert "Dear Ms. Hakobyan" in copy.text


def test_everything_typed_is_kept_when_something_is_wrong(app: Flask, desk: CheckingClient) -> None:
    page = desk.get("/admin/recipients/new")
    typed = {**OFFICE, "institution": "", "languages": "English", "checked_on": "last week"}
    answer = desk.submit(page, typed, field="institution")
    assert answer.status_code == 422
    assert set(complaints(answer)) == {"institution", "languages", "checked_on"}
    kept = dict(Page(answer.text).form(field="institution").filled({}))
    assert {name: kept[name].replace("\r\n", "\n") for name in typed} == typed
    with app.app_context():
        assert db.session.scalar(select(func.count(Recipient.id))) == 0


def test_an_office_says_how_many_letters_a_day_it_takes_and_when(
    app: Flask, desk: CheckingClient, office: Recipient
) -> None:
    page = desk.get(f"/admin/recipients/{office.id}/edit")
    wrong = {"daily_limit": "many", "opens_at": "9", "closes_at": "24", "time_zone": "Nowhere"}
    with desk.unchecked():
        answer = desk.submit(page, wrong, field="institution")
    assert answer.status_code == 422
    assert "Write a whole number from 0 to 23." in answer.text
    with desk.unchecked():
        answer = desk.submit(page, wrong | {"daily_limit": "5", "closes_at": "17"}, field="institution")
    assert "This time zone is not known here." in answer.text
    half = {"daily_limit": "5", "opens_at": "9", "time_zone": "America/New_York"}
    assert "write both hours, or neither" in desk.submit(page, half, field="institution").text
    whole = half | {"closes_at": "17", "rhythm": "digest"}
    assert desk.submit(page, whole, field="institution").status_code == 303
    with app.app_context():
        wishes = Wishes(daily_limit=5, opens=9, closes=17, zone="America/New_York", digest=True)
        assert wishes_of(office.id) == wishes
    shown = desk.get(f"/admin/recipients/{office.id}/edit")
    assert dict(Page(shown.text).form(field="institution").filled({}))["rhythm"] == "digest"
    told = text_of(next(Page(desk.get(f"/admin/recipients/{office.id}").text).elements("main")))
    assert "One digest a day · at most 5 a day · from 9 to 17 o’clock (America/New_York)" in told


def test_the_same_form_twice_adds_one_office(app: Flask, desk: CheckingClient) -> None:
    page = desk.get("/admin/recipients/new")
    answers = [desk.submit(page, {**OFFICE}, field="institution") for _click in range(2)]
    assert answers[0].location == answers[1].location
    with app.app_context():
        assert db.session.scalar(select(func.count(Recipient.id))) == 1


def test_of_two_organizers_the_second_is_told_and_loses_nothing(
    app: Flask, desk: CheckingClient, office: Recipient
) -> None:
    path = f"/admin/recipients/{office.id}/edit"
    colleague = desk_of(app, "organizer")
    mine, theirs = desk.get(path), colleague.get(path)
    colleague.submit(theirs, {"mandate": "What they found out.", "note": "theirs"}, field="institution")

    told = desk.submit(mine, {"note": "mine"}, field="institution")
    assert told.status_code == 422
    page = Page(told.text)
    assert "Somebody else changed this" in page.text
    assert "What they found out." in page.text
    assert dict(page.form(field="institution").filled({}))["note"] == "mine"

    assert desk.submit(told, field="institution").status_code == 303
    with app.app_context():
        assert db.session.get_one(Recipient, office.id).note == "mine"


def test_sources_keep_what_the_form_does_not_show(
    app: Flask, desk: CheckingClient, office: Recipient
) -> None:
    source = {"label": "Its page", "url": "https://office.example/a", "checked_on": "2026-11-01"}
    with app.app_context(), transaction() as session:
        session.get_one(Recipient, office.id).sources = [source]
    page = desk.get(f"/admin/recipients/{office.id}/edit")
    typed = "Its page https://office.example/a\nA newspaper, 3 May 2026"
    desk.submit(page, {"sources": typed}, field="institution")
    with app.app_context():
        assert db.session.get_one(Recipient, office.id).sources == [
            source,
            {"label": "A newspaper, 3 May 2026", "url": ""},
        ]


def test_closing_asks_first_and_can_be_undone(app: Flask, desk: CheckingClient, office: Recipient) -> None:
    shown = desk.get(f"/admin/recipients/{office.id}")
    ask = follow(desk, shown, "Close the office")
    with app.app_context():
        assert db.session.get_one(Recipient, office.id).is_open, "asking changes nothing"
    answer = desk.submit(ask, {"closed_on": "", "closed_reason": ""}, field="closed_on")
    assert set(complaints(answer)) == {"closed_on", "closed_reason"}
    shown = fill(desk, ask, "closed_on", {"closed_on": "2026-11-01", "closed_reason": "Its mandate ended."})
    assert "Its mandate ended." in Page(shown.text).text
    shown = desk.submit(
        follow(desk, shown, "Reopen the office"),
        action=f"/admin/recipients/{office.id}/reopen",
        follow_redirects=True,
    )
    assert "Close the office" in Page(shown.text).text


def test_contacts_are_suspended_withdrawn_and_put_to_use_again(
    app: Flask, desk: CheckingClient, office: Recipient
) -> None:
    path = f"/admin/recipients/{office.id}"
    for link, status in (
        ("Suspend", "suspended"),
        ("Put to use again", "active"),
        ("Withdraw", "withdrawn"),
        ("Put to use again", "active"),
    ):
        ask = follow(desk, desk.get(path), link)
        desk.submit(ask, action=f"{path}/contacts/")
        with app.app_context():
            assert db.session.scalars(select(Contact.status)).one() == status


def test_the_desk_leads_to_what_needs_checking(app: Flask, time_travel: TimeTravel) -> None:
    today = time_travel(datetime(2026, 11, 21, 12, tzinfo=UTC)).date()
    with app.app_context(), transaction() as session:
        soon = HolderFactory.build(ends_on=today + timedelta(days=20))
        unverified = ContactFactory.build(verified_at=None)
        session.add_all([
            OfficeFactory.build(title="Term ends", checked_on=today, holders=[soon]),
            OfficeFactory.build(title="Unverified", checked_on=today, contacts=[unverified]),
            OfficeFactory.build(title="In order", checked_on=today),
        ])  # fmt: skip
    desk = desk_of(app, "viewer")
    cards = {
        text_of(card): card.get("href", "")
        for card in Page(desk.get("/admin/").text).elements("a", class_="card")
        if "/recipients" in card.get("href", "")
    }
    found = {}
    for told, path in cards.items():
        page = Page(desk.get(path).text)
        found[told[:20]] = [text_of(cell.find("a")) for cell in page.elements("th", scope="row")]
    assert found == {"1 office whose term ": ["Term ends"], "1 office with a cont": ["Unverified"]}
    everything = Page(desk.get("/admin/recipients?check=any").text)
    assert "2 offices" in everything.text


def test_ending_a_term(app: Flask, desk: CheckingClient, office: Recipient) -> None:
    shown = desk.get(f"/admin/recipients/{office.id}")
    ask = follow(desk, shown, "End the term")
    answer = desk.submit(ask, {"ends_on": "2020-01-01"}, field="ends_on")
    assert complaints(answer) == {"ends_on": "The last day lies before the first."}
    shown = fill(desk, ask, "ends_on", {"ends_on": "2026-01-31"})
    assert "The last known term ended on 31 January 2026" in Page(shown.text).text


def test_a_viewer_sees_no_way_to_change_anything(app: Flask, office: Recipient) -> None:
    with app.app_context():
        store_campaign()
    viewer = desk_of(app, "viewer")
    for path in ("/admin/recipients", f"/admin/recipients/{office.id}"):
        page = Page(viewer.get(path).text)
        main = next(page.elements("main"))
        assert not [form for form in main.iter("form") if form.get("method") == "post"]
        wanted = ("/new", "/edit", "/close", "/verify", "/suspend", "/campaigns/")
        assert not [link for link in page.links if any(part in link for part in wanted)]


HOSTILE = {
    "nothing": "",
    "a control": "a\x00b",
    "an escape": "a\x1bb",
    "a line end": "a\r\nBcc: x@y.example",
    "an encoded word": "=?utf-8?q?x?=",
    "a bidi override": "a\u202eb",
    "a surrogate": "a\ud800b".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
    "one long word": "x" * 5000,
    "markup": "<script>alert(1)</script>{{ 7*7 }}{% raw %}",
    "Armenian": "Հայաստան",
    "Cyrillic": "Москва",
    "NaN": "NaN",
    "a huge number": "9" * 400,
}

LOOKED_AT = {"nothing", "a control", "a bidi override"}
"""After which the whole page is held against the rules, which takes longer than to make it. (“{{” on a page
is a mistake of ours everywhere else; here somebody typed it.)"""


@pytest.mark.backends("sqlite")  # forms refuse or store; which database it is makes no difference
def test_no_value_in_any_field_brings_a_page_down(
    app: Flask, desk: CheckingClient, office: Recipient
) -> None:
    with app.app_context():
        contact_id = db.session.scalars(select(Contact.id)).one()
        holder_id = office.holders[0].id
    base = f"/admin/recipients/{office.id}"
    paths = (
        "/admin/recipients/new",
        f"{base}/edit",
        f"{base}/close",
        f"{base}/holders/new",
        f"{base}/holders/{holder_id}/edit",
        f"{base}/holders/{holder_id}/end",
        f"{base}/contacts/new",
        f"{base}/contacts/{contact_id}/edit",
        f"{base}/contacts/{contact_id}/verify",
    )
    # A form gets each third value, and each value goes into a third of the forms; in a soak all into all.
    turns = 1 if SOAK else 3
    for place, path in enumerate(paths):
        page = desk.get(path)
        form = next(form for form in Page(page.text).forms if form.action == path)
        token = dict(form.filled({}))["csrf_token"]
        for kind, value in [*HOSTILE.items()][place % turns :: turns]:
            with nullcontext() if kind in LOOKED_AT else desk.unchecked():
                answer = desk.post(path, data=dict.fromkeys(form.names, value) | {"csrf_token": token})
            assert answer.status_code in {200, 303, 422}, (path, kind, answer.status_code)
            assert "<script>alert" not in answer.text


@pytest.mark.backends("sqlite")
def test_the_fields_of_a_form_are_typed_line_by_line(
    app: Flask, desk: CheckingClient, office: Recipient
) -> None:
    path = f"/admin/recipients/{office.id}/contacts/new"
    typed = {"channel": "web_form", "value": "https://form.example/"}
    for wrong in ("Your message", "shoes: Size", "body 0: Your message", "body 900000: Your message"):
        answer = desk.submit(desk.get(path), {**typed, "form_fields": wrong}, field="channel")
        assert answer.status_code == 422, wrong
        assert wrong in answer.text
    lines = "name: Full name\nbody 2000: Your message, please: in English\nother: Telephone"
    assert desk.submit(desk.get(path), {**typed, "form_fields": lines}, field="channel").status_code == 303
    with app.app_context():
        contact = db.session.scalars(select(Contact).where(Contact.channel == "web_form")).one()
        assert contact.form_fields == [
            {"label": "Full name", "holds": "name"},
            {"label": "Your message, please: in English", "holds": "body", "limit": 2000},
            {"label": "Telephone", "holds": "other"},
        ]
    again = desk.get(f"/admin/recipients/{office.id}/contacts/{contact.id}/edit")
    shown = dict(Page(again.text).form(field="channel").filled({}))["form_fields"]
    assert shown.splitlines() == lines.splitlines()


@pytest.mark.backends("sqlite")  # as above
def test_no_value_in_any_filter_brings_a_page_down(desk: CheckingClient) -> None:
    filters = {
        "/admin/recipients": ("q", "status", "level", "check", "page"),
        "/admin/letters": ("state", "office", "campaign", "letter", "after"),
    }
    for path, names in filters.items():
        for kind, value in HOSTILE.items():
            with nullcontext() if kind in LOOKED_AT else desk.unchecked():
                assert desk.get(path, query_string=dict.fromkeys(names, value)).status_code == 200


def test_too_much_is_refused(desk: CheckingClient) -> None:
    page = desk.get("/admin/recipients/new")
    answer = desk.submit(page, {**OFFICE, "note": "x" * 400_000}, field="institution")
    assert answer.status_code == 413


def test_a_foreign_origin_changes_nothing(app: Flask, desk: CheckingClient) -> None:
    page = desk.get("/admin/recipients/new")
    answer = desk.submit(
        page, {**OFFICE}, field="institution", headers={"Origin": "https://elsewhere.example"}
    )
    assert answer.status_code == 403
    with app.app_context():
        assert db.session.scalar(select(func.count(Recipient.id))) == 0


def test_what_is_not_there(desk: CheckingClient) -> None:
    assert desk.get(f"/admin/recipients/{uuid.uuid4()}").status_code == 404
    assert desk.get("/admin/recipients/not-an-id").status_code == 404


def test_no_letter_goes_to_an_office_without_a_verified_contact(app: Flask) -> None:
    with app.app_context():
        slug = store_campaign([OfficeFactory.build(slug="warden", contacts=[])])
        supporter = app.test_client()
        assert isinstance(supporter, CheckingClient)
        Visitor(supporter, slug).writes_and_confirms(recipients=["warden"])
        assert [copy.state for copy in copies()] == ["held"]
        assert db.session.scalar(select(func.count(Delivery.id)).where(Delivery.state == "queued")) == 1
