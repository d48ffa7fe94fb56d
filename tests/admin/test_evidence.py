"""The evidence desk: what is to be checked is told, and what is taken back is asked about first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.database import db
from app.evidence.models import Fact, Measure, Person
from tests.factories.campaigns import reword, store_campaign
from tests.factories.evidence import FactFactory, MeasureFactory, PersonFactory, store
from tests.factories.letters import copies, write_and_confirm
from tests.factories.organizers import desk_of
from tests.factories.recipients import OfficeFactory
from tests.support.pages import Page, text_of

BODY = "{{ personal }}\n\n{{ fact.wells.value }} wells are dry.\n\n{{ recipient.ask }}\n"
pytestmark = pytest.mark.backends("sqlite")  # the services are tried on both


@pytest.fixture
def waiting(app: Flask) -> str:
    """The address of a fact that two letters state, which have not left."""
    with app.app_context(), app.test_request_context():
        today = clock.now().date()
        fact = FactFactory.build(key="wells", checked_on=today)
        store(fact)
        store(FactFactory.build(key="old_wells", checked_on=today - timedelta(days=31)))
        slug = store_campaign([OfficeFactory.build()])
        reword(slug, BODY)
        for _letter in range(2):
            write_and_confirm(slug)
        return f"/admin/evidence/facts/{fact.id}"


def fact(app: Flask, key: str = "wells") -> Fact:
    with app.app_context():
        return db.session.scalars(select(Fact).where(Fact.key == key)).one()


def states(app: Flask) -> list[str]:
    with app.app_context():
        return [copy.state for copy in copies()]


def test_stale_facts_stand_first_with_their_templates(app: Flask, waiting: str) -> None:
    page = Page(desk_of(app, "viewer").get("/admin/evidence").text)
    rows = [row for row in page.elements("li") if row.get("data-fact")]
    assert [(row.get("data-fact"), "data-stale" in row.attrib) for row in rows] == [
        ("old_wells", True),
        ("wells", False),
    ]
    assert "Water for the valley: An appeal (en)" in text_of(rows[1])


def test_checked_again_it_is_not_stale_any_more(app: Flask, waiting: str) -> None:
    desk = desk_of(app, "organizer")
    address = f"/admin/evidence/facts/{fact(app, 'old_wells').id}"
    done = desk.submit(desk.get(address), action=f"{address}/check", follow_redirects=True)
    assert "Checked today." in done.text
    assert "data-stale" not in desk.get("/admin/evidence").text


def test_withdrawing_asks_first_and_leads_to_the_screen_that_resolves(app: Flask, waiting: str) -> None:
    desk = desk_of(app, "organizer")
    asked = desk.get(f"{waiting}/withdraw")
    assert "2 letters state it and have not left. They will be held." in asked.text
    assert states(app) == ["queued", "queued"]
    assert desk.submit(asked, {"reason": ""}, field="reason").status_code == 422
    held = desk.submit(asked, {"reason": "Counted twice"}, field="reason", follow_redirects=True)
    assert "2 letters are held." in held.text
    assert states(app) == ["held", "held"]
    (group,) = [row for row in Page(held.text).elements("li") if row.get("data-stated")]
    (cancel,) = [a.get("href") for a in group.iter("a") if "/cancel" in a.get("href", "")]
    empty = desk.submit(desk.get(cancel), {"message": ""}, field="message")
    assert "Tell the writers" in empty.text
    done = desk.submit(
        desk.get(cancel), {"message": "The wells are counted again."}, field="message", follow_redirects=True
    )
    assert "2 letters were cancelled." in done.text
    assert states(app) == ["cancelled", "cancelled"]


def test_another_fact_takes_its_place_and_writers_are_asked(app: Flask, waiting: str) -> None:
    desk = desk_of(app, "organizer")
    asked = desk.get(f"{waiting}/supersede")
    answer = {"by": "old_wells", "reason": "Counted twice"}
    held = desk.submit(asked, answer, field="reason", follow_redirects=True)
    (group,) = [row for row in Page(held.text).elements("li") if row.get("data-stated")]
    (ask,) = [a.get("href") for a in group.iter("a") if "/ask" in a.get("href", "")]
    assert (
        "The writers of 2 letters are asked."
        in desk.submit(desk.get(ask), field="reason", follow_redirects=True).text
    )
    assert fact(app).superseded_by == "old_wells"
    assert states(app) == ["held", "held"]


def test_a_fact_is_added_and_edited(app: Flask) -> None:
    desk = desk_of(app, "organizer")
    form = {
        "key": "wells_2026",
        "statement": "Nine wells are dry.",
        "value": "9",
        "counted_by": "the survey",
        "as_of": "2026-11-01",
        "confidence": "high",
        "sources": "The survey https://survey.example/wells",
    }
    for missing in ("sources", "as_of", "counted_by"):
        wrong = desk.submit(desk.get("/admin/evidence/facts/new"), {**form, missing: ""}, field="statement")
        assert wrong.status_code == 422, missing
    desk.submit(desk.get("/admin/evidence/facts/new"), form, field="statement")
    there = fact(app, "wells_2026")
    assert there.sources == [{"label": "The survey", "url": "https://survey.example/wells"}]
    address = f"/admin/evidence/facts/{there.id}/edit"
    stale = desk.get(address)
    desk.submit(desk.get(address), {"value": "10"}, field="statement")
    assert fact(app, "wells_2026").value == "10"
    assert "Somebody else changed this" in desk.submit(stale, {"value": "11"}, field="statement").text
    assert fact(app, "wells_2026").value == "10"


def test_people_and_measures(app: Flask) -> None:
    person, measure = PersonFactory.build(), MeasureFactory.build(status="unverified", last_verified_on=None)
    with app.app_context():
        store(person)
        store(measure)
    desk = desk_of(app, "organizer")
    page = desk.get("/admin/evidence/people")
    done = desk.submit(page, action=f"/admin/evidence/people/{person.id}/name", follow_redirects=True)
    assert "Family or counsel agreed to the name on" in done.text
    answer = {
        "status": "released",
        "day": "2026-11-20",
        "said": "released on 20 November 2026",
        "source": "The radio",
        "confidence": "medium",
    }
    desk.submit(desk.get(f"/admin/evidence/people/{person.id}"), answer, field="said")
    desk.submit(desk.get(f"/admin/evidence/measures/{measure.id}"), {"status": "introduced"}, field="sponsor")
    assert "Can be asked for" in desk.get("/admin/evidence/measures").text
    with app.app_context():
        assert db.session.scalars(select(Person)).one().status == "released"
        assert db.session.scalars(select(Measure)).one().last_verified_on == clock.now().date()


def test_viewers_change_nothing(app: Flask, waiting: str) -> None:
    viewer = desk_of(app, "viewer")
    assert "Withdraw" not in viewer.get(waiting).text
    assert viewer.get(f"{waiting}/withdraw").status_code == 403
