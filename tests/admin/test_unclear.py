"""Unclear mails at the desk: shown by office, settled one by one or all of a kind, by those who may."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import clock
from app.database import db, transaction
from app.delivery.models import Delivery
from app.letters.following import follow
from app.recipients.models import Recipient
from app.security.audit import AuditEntry
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies, notices, write_and_confirm
from tests.factories.organizers import desk_of
from tests.factories.recipients import OfficeFactory
from tests.support.pages import Page, text_of


def break_off(*condition: object, minutes: int = 0) -> None:
    values = {"state": "unclear", "due_at": None, "state_at": clock.now() - timedelta(minutes=minutes)}
    with transaction() as session:
        session.execute(update(Delivery).values(values).where(*condition))


@pytest.fixture
def office(app: Flask) -> uuid.UUID:
    """An office with two unclear letters; the mails that asked to confirm them are unclear, too."""
    with app.app_context(), app.test_request_context():
        row: Recipient = OfficeFactory.build()
        slug = store_campaign([row])
        for _letter in range(2):
            write_and_confirm(slug)
        break_off(minutes=5)
        return row.id


def states(app: Flask) -> Counter[str]:
    with app.app_context():
        return Counter(copy.state for copy in copies())


def links(page: str) -> list[str]:
    main = next(Page(page).elements("main"))
    return [str(a.get("href")) for a in main.iter("a")]


def test_the_desk_leads_to_what_is_unclear(app: Flask, office: uuid.UUID) -> None:
    desk = desk_of(app, "organizer")
    today = desk.get("/admin/").text
    assert "/admin/unclear" in links(today)
    assert "4 mails are unclear" in text_of(next(Page(today).elements("main")))
    page = desk.get("/admin/unclear").text
    told = {str(e.get("data-unclear")): text_of(e) for e in Page(page).elements() if e.get("data-unclear")}
    assert set(told) == {str(office), "own"}
    with app.app_context():
        assert all(str(copy.message_id) in told[str(office)] for copy in copies())
    assert all("2 mails" in text for text in told.values())


@pytest.mark.parametrize(
    ("decision", "state", "said", "action"),
    [
        ("arrived", "accepted", "2 mails count as accepted.", "delivery.all_marked_accepted"),
        ("again", "queued", "2 mails are sent again.", "delivery.all_sent_again"),
        ("give-up", "failed", "2 mails were given up.", "delivery.all_given_up"),
    ],
)
def test_one_decision_for_all_is_asked_first_and_made_once(
    app: Flask, office: uuid.UUID, decision: str, state: str, said: str, action: str
) -> None:
    desk = desk_of(app, "organizer")
    asked = desk.get(f"/admin/unclear/{office}/{decision}")
    assert asked.status_code == 200
    assert states(app) == {"unclear": 2}
    assert said in desk.submit(asked, field="until", follow_redirects=True).text
    assert states(app) == {state: 2}
    again = desk.submit(asked, field="until", follow_redirects=True)
    assert "None of these mails is unclear any more." in again.text
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == action)).one()
        assert entry.detail["copies"] == "2"


def test_what_broke_off_after_the_page_was_shown_is_not_decided_about(app: Flask, office: uuid.UUID) -> None:
    desk = desk_of(app, "organizer")
    asked = desk.get(f"/admin/unclear/{office}/again")
    with app.app_context():
        newer = copies()[0].id
        break_off(Delivery.id == newer)
    desk.submit(asked, field="until")
    assert states(app) == {"queued": 1, "unclear": 1}


def test_our_own_mails_are_settled_too(app: Flask, office: uuid.UUID) -> None:
    desk = desk_of(app, "organizer")
    done = desk.submit(desk.get("/admin/unclear/own/again"), field="until", follow_redirects=True)
    assert "2 mails are sent again." in done.text
    with app.app_context():
        assert [mail.state for mail in notices()] == ["queued", "queued"]
    assert states(app) == {"unclear": 2}


def test_one_copy_is_given_up_and_its_writer_reads_it(app: Flask) -> None:
    with app.app_context(), app.test_request_context():
        page = write_and_confirm(store_campaign([OfficeFactory.build()]))
        break_off(Delivery.kind == "letter")
    desk = desk_of(app, "organizer")
    (link,) = [
        link
        for link in links(desk.get("/admin/unclear").text)
        if link.endswith("/give-up") and "letters" in link
    ]
    desk.submit(desk.get(link), action=link)
    with app.app_context(), app.test_request_context():
        (copy,) = follow(page, "en").copies
        assert (copy.state, copy.standing.label) == ("failed", "Not known")
    assert "Nothing is unclear" in desk.get("/admin/unclear").text


def test_viewers_see_and_decide_nothing(app: Flask, office: uuid.UUID) -> None:
    viewer = desk_of(app, "viewer")
    page = viewer.get("/admin/unclear")
    assert page.status_code == 200
    assert not [link for link in links(page.text) if "again" in link or "arrived" in link]
    assert viewer.get(f"/admin/unclear/{office}/again").status_code == 403
    until = {"until": "2100-01-01T00:00:00+00:00"}
    assert viewer.post(f"/admin/unclear/{office}/again", data=until).status_code == 403
    assert states(app) == {"unclear": 2}


def test_nonsense_is_refused(app: Flask, office: uuid.UUID) -> None:
    desk = desk_of(app, "organizer")
    assert desk.get(f"/admin/unclear/{office}/nonsense").status_code == 404
    gone = desk.get(f"/admin/unclear/{uuid.uuid4()}/again", follow_redirects=True)
    assert "None of these mails is unclear any more." in gone.text
    assert desk.get("/admin/unclear/nonsense/again", follow_redirects=True).status_code == 200
    asked = desk.get(f"/admin/unclear/{office}/again")
    assert desk.submit(asked, {"until": "yesterday"}, field="until").status_code == 303
    assert states(app) == {"unclear": 2}
