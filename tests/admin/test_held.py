"""Held letters at the desk: shown by office and reason, decided about at once, by those who may."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask

from app import clock
from app.database import db, transaction
from app.delivery import causes
from app.delivery.models import Delivery
from app.delivery.outbox import hold
from app.letters.dispatch import HOLDER_CHANGED
from app.recipients import editing
from app.recipients.models import Recipient
from tests.factories.campaigns import store_campaign
from tests.factories.letters import (
    WriterFactory,
    copies,
    notices,
    write_and_confirm,
    write_letter,
)
from tests.factories.organizers import desk_of
from tests.factories.recipients import OfficeFactory
from tests.support.pages import Page, text_of

WHO = "organizer:00000000-0000-0000-0000-000000000001"


@pytest.fixture
def office(app: Flask) -> uuid.UUID:
    """An office with two letters that are held because its holder changed."""
    with app.app_context(), app.test_request_context():
        row: Recipient = OfficeFactory.build()
        slug = store_campaign([row])
        for _letter in range(2):
            write_and_confirm(slug)
        with transaction() as session:
            for copy in copies():
                mine = session.get_one(Delivery, copy.id)
                hold(session, mine, now=clock.now(), cause=HOLDER_CHANGED, actor="worker")
        return row.id


def states(app: Flask) -> list[str]:
    with app.app_context():
        return sorted(copy.state for copy in copies())


def links(page: str) -> list[str]:
    """Return where a page's main part leads."""
    main = next(Page(page).elements("main"))
    return [str(a.get("href")) for a in main.iter("a")]


def test_the_desk_leads_to_what_is_held(app: Flask, office: uuid.UUID) -> None:
    desk = desk_of(app, "organizer")
    assert "/admin/held" in links(desk.get("/admin/").text)
    page = desk.get("/admin/held").text
    (group,) = [e for e in Page(page).elements() if e.get("data-held")]
    assert "2 letters" in text_of(group)
    assert "Somebody else holds the office" in text_of(group)


def test_one_decision_for_all_is_asked_first_and_made_once(app: Flask, office: uuid.UUID) -> None:
    desk = desk_of(app, "organizer")
    (link,) = [link for link in links(desk.get("/admin/held").text) if "/readdress" in link]
    asked = desk.get(link)
    assert asked.status_code == 200
    assert "Address these letters anew?" in asked.text
    assert states(app) == ["held", "held"]
    done = desk.submit(asked, field="reason", follow_redirects=True)
    assert "2 letters were addressed anew." in done.text
    assert "No letter is held" in done.text
    assert states(app) == ["queued", "queued"]
    again = desk.submit(asked, field="reason", follow_redirects=True)
    assert "None of these letters is held any more." in again.text


def test_cancelling_all(app: Flask, office: uuid.UUID) -> None:
    desk = desk_of(app, "organizer")
    (link,) = [link for link in links(desk.get("/admin/held").text) if "/cancel" in link]
    done = desk.submit(desk.get(link), field="reason", follow_redirects=True)
    assert "2 letters were cancelled." in done.text
    assert states(app) == ["cancelled", "cancelled"]


def test_a_closed_office_offers_only_what_is_possible(app: Flask, office: uuid.UUID) -> None:
    with app.app_context(), app.test_request_context():
        successor: Recipient = OfficeFactory.build()
        with transaction() as session:
            session.add(successor)
        editing.close_recipient(
            office, on=clock.now().date(), reason="", successor_id=successor.id, actor=WHO, now=clock.now()
        )
        db.session.rollback()
    desk = desk_of(app, "organizer")
    offered = links(desk.get("/admin/held").text)
    assert not [link for link in offered if "/readdress" in link]
    (link,) = [link for link in offered if "/successor" in link]
    assert "2 letters were sent on" in desk.submit(desk.get(link), field="reason", follow_redirects=True).text


def test_viewers_see_and_decide_nothing(app: Flask, office: uuid.UUID) -> None:
    viewer = desk_of(app, "viewer")
    page = viewer.get("/admin/held")
    assert page.status_code == 200
    assert not [link for link in links(page.text) if "readdress" in link or "cancel" in link]
    assert viewer.get(f"/admin/held/{office}/cancel?reason={HOLDER_CHANGED}").status_code == 403
    assert viewer.post(f"/admin/held/{office}/cancel", data={"reason": HOLDER_CHANGED}).status_code == 403
    assert states(app) == ["held", "held"]


def test_what_somebody_else_decided_meanwhile_is_said_so(app: Flask, office: uuid.UUID) -> None:
    desk = desk_of(app, "organizer")
    gone = desk.get(f"/admin/held/{office}/cancel?reason=nonsense", follow_redirects=True)
    assert "None of these letters is held any more." in gone.text
    assert desk.get(f"/admin/held/{office}/nonsense?reason={HOLDER_CHANGED}").status_code == 404
    assert states(app) == ["held", "held"]


def test_our_own_mails_that_were_put_aside_are_counted_and_tried_again(app: Flask) -> None:
    with app.app_context(), app.test_request_context():
        slug = store_campaign([OfficeFactory.build()])
        address = "waits@people.example"
        write_letter(slug, writer=WriterFactory.build(email=address))
        (mail,) = notices(address)
        with transaction() as session:
            mine = session.get_one(Delivery, mail.id)
            hold(session, mine, now=clock.now(), cause=causes.QUARANTINED, actor="worker")
    viewer, desk = desk_of(app, "viewer"), desk_of(app, "organizer")
    today = next(Page(viewer.get("/admin/").text).elements("main"))
    assert "1 mail in our own name was put aside" in text_of(today)
    page = viewer.get("/admin/held").text
    (told,) = [e for e in Page(page).elements("section") if e.get("data-own") is not None]
    assert "1 mail was put aside" in text_of(told)
    assert address not in page
    assert "Try them again" not in page
    assert viewer.post("/admin/held/own").status_code == 403
    page = desk.get("/admin/held")
    done = desk.submit(page, action="/admin/held/own", follow_redirects=True)
    assert "1 mail is tried again." in done.text
    with app.app_context():
        assert [mail.state for mail in notices(address)] == ["queued"]
    again = desk.submit(page, action="/admin/held/own", follow_redirects=True)
    assert "None of these mails is put aside any more." in again.text
