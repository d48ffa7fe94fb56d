"""Letters at the desk: states for everybody, names for few, and decisions that are made once."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.database import db, transaction
from app.delivery.models import Delivery
from app.delivery.states import lock, move
from app.letters import deciding, desk
from app.letters.models import Letter
from app.organizers import audit
from app.recipients import reaching
from app.recipients.models import Contact, Recipient
from app.recipients.second_look import seen_of
from app.security.audit import AuditEntry
from tests.factories.campaigns import store_campaign
from tests.factories.letters import OWN_WORDS, copies, write_and_confirm, write_letter
from tests.factories.organizers import desk_of
from tests.factories.recipients import OfficeFactory
from tests.factories.threads import at_once
from tests.support.client import CheckingClient
from tests.support.pages import Page, text_of
from tests.support.plugins.database import TimeTravel

WHO = "organizer:00000000-0000-0000-0000-000000000001"


@pytest.fixture
def letter(app: Flask) -> uuid.UUID:
    """A confirmed letter with two copies."""
    with app.app_context(), app.test_request_context():
        write_and_confirm(store_campaign())
        found = db.session.scalars(select(Delivery.letter_id).where(Delivery.kind == "letter")).first()
    assert found is not None
    return found


def bring_to(state: str, *way: str) -> uuid.UUID:
    """Take the first copy along a way of states and return its id. Needs an application context."""
    copy_id = copies()[0].id
    with transaction() as session:
        for step in (*way, state):
            row = lock(session, copy_id)
            assert row is not None
            move(session, row, step, now=clock.now(), cause="a test", actor="worker")
    db.session.rollback()
    return copy_id


def state_of(copy_id: uuid.UUID) -> str:
    db.session.rollback()
    return db.session.get_one(Delivery, copy_id).state


def rows(page: str) -> list[tuple[str, str]]:
    """Return (delivery, state) of every copy that a page shows."""
    found = Page(page).elements()
    return [(e.get("data-delivery", ""), e.get("data-state", "")) for e in found if e.get("data-delivery")]


@pytest.mark.parametrize("role", ["viewer", "organizer"])
def test_neither_list_nor_letter_tells_who_wrote(app: Flask, letter: uuid.UUID, role: str) -> None:
    client = desk_of(app, role)
    for path in ("/admin/", "/admin/letters", f"/admin/letters/{letter}"):
        page = client.get(path)
        assert page.status_code == 200
        for word in ("Mariam Writer", "people.example", "My grandmother", "Lyon"):
            assert word not in page.text, (path, word)
    assert [element.text for element in Page(page.text).elements("dd", lang="en")] == ["English"]


def test_a_name_is_shown_to_those_who_may_and_the_look_is_written_down(app: Flask, letter: uuid.UUID) -> None:
    organizer = desk_of(app, "organizer")
    asked = organizer.get(f"/admin/letters/{letter}")
    link = next(link for link in Page(asked.text).links if link.endswith("/personal"))
    for _look in range(2):
        page = organizer.get(link)
        assert "Mariam Writer" in page.text
        assert OWN_WORDS.splitlines()[0] in page.text
    with app.app_context():
        looks = [line for line in audit.lines() if line.entry.action == "letter.viewed"]
        assert [line.entry.object_id for line in looks] == [letter, letter]
        assert "Mariam" not in repr([line.entry.detail for line in looks])

    viewer = desk_of(app, "viewer")
    assert viewer.get(link).status_code == 403
    assert not [
        link for link in Page(viewer.get(f"/admin/letters/{letter}").text).links if "personal" in link
    ]


def test_no_look_without_its_line_in_the_log(app: Flask) -> None:
    organizer = desk_of(app, "organizer")
    assert organizer.get(f"/admin/letters/{uuid.uuid4()}/personal").status_code == 404
    with app.app_context():
        assert not db.session.scalars(select(AuditEntry).where(AuditEntry.action == "letter.viewed")).all()


def test_filters(app: Flask) -> None:
    with app.app_context(), app.test_request_context():
        office = OfficeFactory.build()
        first, second = store_campaign([office]), store_campaign()
        for slug in (first, second):
            write_and_confirm(slug)
        write_letter(second)
        campaigns = [campaign_id for campaign_id, _title in desk.campaigns("en")]
        reference = db.session.scalars(select(Letter.reference).order_by(Letter.created_at.desc())).first()
    client = desk_of(app, "viewer")

    def shown(**query: object) -> int:
        return len(rows(client.get("/admin/letters", query_string=query).text))

    assert shown() == 5
    assert shown(state="queued") == 3
    assert shown(state="awaiting_confirmation") == 2
    assert shown(state="nonsense") == 5
    assert shown(office=office.id) == 1
    assert sorted(shown(campaign=campaign) for campaign in campaigns) == [1, 4]
    assert shown(letter=str(reference).lower()) == 2
    assert shown(office="nonsense", campaign="nonsense", letter="", after="nonsense") == 5
    assert shown(office=uuid.uuid4()) == 0


def test_pages_hold_every_copy_once_newest_first(app: Flask) -> None:
    with app.app_context(), app.test_request_context():
        slug = store_campaign()
        begin = datetime(2026, 11, 1, tzinfo=UTC)
        for number in range(4):
            write_letter(slug, now=begin + timedelta(minutes=number))
        seen, after = [], None
        while True:
            page = desk.copies(language="en", after=after, limit=3)
            seen += [line.delivery for line in page.lines]
            after = page.after
            if after is None:
                break
        assert len(seen) == len({copy.id for copy in seen}) == 8
        assert [copy.created_at for copy in seen] == sorted((copy.created_at for copy in seen), reverse=True)


def test_a_letter_whole(app: Flask, letter: uuid.UUID) -> None:
    with app.app_context():
        bring_to("unclear", "sending")
    page = Page(desk_of(app, "viewer").get(f"/admin/letters/{letter}").text)
    assert [state for _delivery, state in rows(page.html)] == ["unclear", "queued"]
    for word in ("No attempt yet", "3 entries in the journal", "It is ready to leave.", "the worker"):
        assert word in page.text
    assert not [link for link in page.links if "/copies/" in link], "a viewer decides nothing"


WAYS = [
    ("release", "held", (), "queued"),
    ("cancel", "held", (), "cancelled"),
    ("mark-accepted", "unclear", ("sending",), "accepted"),
    ("send-again", "unclear", ("sending",), "queued"),
]


@pytest.mark.parametrize(("decision", "state", "way", "after"), WAYS)
def test_decisions(
    app: Flask, letter: uuid.UUID, decision: str, state: str, way: tuple[str, ...], after: str
) -> None:
    with app.app_context():
        copy_id = bring_to(state, *way)
        wire = copies()[0].wire
    client = desk_of(app, "organizer")
    page = client.get(f"/admin/letters/{letter}")
    link = next(link for link in Page(page.text).links if link.endswith(f"{copy_id}/{decision}"))
    ask = client.get(link)
    with app.app_context():
        assert state_of(copy_id) == state, "asking changes nothing"
    told = client.submit(ask, action=link, follow_redirects=True)
    assert "Done. It is in the journal below." in Page(told.text).text
    again = client.submit(ask, action=link, follow_redirects=True)
    assert "This copy has moved on in the meantime" in Page(again.text).text
    with app.app_context():
        assert state_of(copy_id) == after
        assert copies()[0].wire == wire, "frozen means frozen"
        changes = db.session.get_one(Delivery, copy_id).changes
        assert changes[-1].to_state == after
        assert changes[-1].actor.startswith("organizer:")
        decided = [line for line in audit.lines() if line.entry.action.startswith("delivery.")]
        assert len(decided) == 1


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_of_many_who_decide_at_once_one_decides(app_context: Flask) -> None:
    with app_context.test_request_context():
        write_and_confirm(store_campaign())
    copy_id = bring_to("held")

    def decide() -> bool:
        try:
            deciding.release_copy(copy_id, actor=WHO, now=clock.now())
        except deciding.Refused:
            return False
        return True

    assert sum(at_once(4, app_context, decide)) == 1


def test_a_letter_that_waited_for_a_contact_is_released_to_it(app_context: Flask) -> None:
    with app_context.test_request_context():
        slug = store_campaign([OfficeFactory.build(contacts=[])])
        write_and_confirm(slug)
    (copy,) = copies()
    text, subject = copy.text, copy.subject
    assert (copy.state, copy.wire) == ("held", None)

    def release() -> None:
        deciding.release_copy(copy.id, actor=WHO, now=clock.now())

    with pytest.raises(deciding.Refused, match="no verified contact"):
        release()
    contact = Contact(recipient_id=copy.recipient_id, channel="email", value="new@office.example")
    with transaction() as session:
        session.add(contact)
    seen = seen_of(contact)
    reaching.verify_contact(contact.id, seen=seen, by="a test", how="a call", actor=WHO, now=clock.now())
    release()
    (copy,) = copies()
    assert (copy.state, copy.envelope_to) == ("queued", "new@office.example")
    assert (copy.text, copy.subject) == (text, subject)
    assert copy.wire is not None
    assert b"new@office.example" in copy.wire


def test_nothing_is_released_to_a_closed_office(app_context: Flask) -> None:
    with app_context.test_request_context():
        write_and_confirm(store_campaign())
    copy_id = bring_to("held")
    with transaction() as session:
        office = session.get_one(Recipient, copies()[0].recipient_id)
        office.status, office.closed_on = "closed", clock.now().date()
    with pytest.raises(deciding.Refused, match="closed"):
        deciding.release_copy(copy_id, actor=WHO, now=clock.now())
    assert state_of(copy_id) == "held"


def test_what_left_cannot_be_cancelled(app_context: Flask) -> None:
    with app_context.test_request_context():
        write_and_confirm(store_campaign())
    copy_id = bring_to("accepted", "sending")
    with pytest.raises(deciding.Refused):
        deciding.cancel_copy(copy_id, actor=WHO, now=clock.now())
    with pytest.raises(deciding.NotFound):
        deciding.cancel_copy(uuid.uuid4(), actor=WHO, now=clock.now())


def test_letters_confirmed_day_by_day(app: Flask, time_travel: TimeTravel) -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    with app.app_context(), app.test_request_context():
        slug = store_campaign()
        for days, count in ((13, 1), (1, 2), (0, 1), (14, 3)):
            for _letter in range(count):
                write_and_confirm(slug, now=noon - timedelta(days=days))
        write_letter(slug, now=noon)
        days = desk.confirmed_by_day(today=noon.date())
    assert [count for _day, count in days] == [1, *[0] * 11, 2, 1]
    assert (days[0][0].isoformat(), days[-1][0].isoformat()) == ("2026-11-08", "2026-11-21")
    time_travel(noon)
    page = Page(desk_of(app, "viewer").get("/admin/").text)
    (chart,) = page.elements(class_="chart")
    assert chart.get("aria-label") == "Letters confirmed each day: 4 in all, at most 2"


def test_the_desk_says_what_needs_somebody(app: Flask, letter: uuid.UUID) -> None:
    client = desk_of(app, "viewer")
    assert "held" not in Page(client.get("/admin/").text).text
    with app.app_context():
        bring_to("held")
    page = Page(client.get("/admin/").text)
    (card,) = [a for a in page.elements("a", class_="card") if "held" in text_of(a)]
    assert text_of(card).startswith("1 letter is held")
    (group,) = [e for e in Page(client.get(card.get("href", "")).text).elements() if e.get("data-held")]
    assert "1 letter" in text_of(group)


@pytest.mark.seeded
def test_the_desk_of_a_seeded_installation(app: Flask) -> None:
    client = desk_of(app, "owner")
    assert isinstance(client, CheckingClient)
    page = Page(client.get("/admin/").text)
    names = [text_of(th) for th in page.elements("th", scope="row") if th.find("a") is not None]
    assert len(names) == 11
    assert client.get("/admin/recipients").status_code == 200
    for link in Page(client.get("/admin/recipients?status=closed").text).links:
        if link.startswith("/admin/recipients/") and not link.endswith("/new"):
            assert client.get(link).status_code == 200


def test_a_copy_is_printed_by_those_who_may_read_it_and_that_is_written_down(
    app: Flask, letter: uuid.UUID
) -> None:
    organizer = desk_of(app, "organizer")
    page = Page(organizer.get(f"/admin/letters/{letter}/personal").text)
    link = next(link for link in page.links if link.endswith(".pdf"))
    answer = organizer.get(link)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Cache-Control"] == "no-store"
    assert organizer.get(f"/admin/letters/{letter}/copies/{uuid.uuid4()}.pdf").status_code == 404
    with app.app_context():
        looks = [line for line in audit.lines() if line.entry.action == "letter.viewed"]
        assert [line.entry.object_id for line in looks] == [letter, letter], "the page, and the PDF"
    assert desk_of(app, "viewer").get(link).status_code == 403
