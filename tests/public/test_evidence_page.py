"""A campaign's evidence page: facts by date, people by office, the appeals marked, the check on top."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.evidence.models import TimelineEvent
from tests.factories.campaigns import store_campaign
from tests.factories.evidence import FactFactory, PersonFactory, store
from tests.support.client import CheckingClient
from tests.support.pages import Page, text_of


@pytest.fixture
def slug(app_context: Flask) -> str:
    """A campaign about wells, on a site that knows something about bridges too."""
    for key, topic, day in (("seven", "wells", 1), ("nine", "wells", 3), ("bridge", "bridges", 2)):
        store(FactFactory.build(key=key, topic=topic, statement={"en": key}, as_of=date(2026, 11, day)))
    store(FactFactory.build(key="gone", topic="wells", statement={"en": "gone"}, status="withdrawn"))
    store(PersonFactory.build(key="robin", topic="wells", name={"en": "Robin Held"}))
    store(PersonFactory.build(key="home", topic="wells", status="released"))
    for key, star in (("flood", False), ("appeal", True)):
        event = TimelineEvent(
            key=key,
            topic="wells",
            day=date(2026, 5, 1),
            precision="month",
            text={"en": key},
            confidence="medium",
            checked_on=date(2026, 10, 1),
            campaign_action=star,
            sources=[{"label": "The paper", "url": "https://paper.example"}],
        )
        store(event)
    return store_campaign(facts=["seven"])


def look(client: CheckingClient, slug: str) -> TestResponse:
    return client.get(f"/campaigns/{slug}/evidence")


def test_facts_of_the_topic_by_date_with_the_oldest_check_on_top(client: CheckingClient, slug: str) -> None:
    page = Page(look(client, slug).text)
    (section,) = [part for part in page.elements("section") if part.get("aria-labelledby") == "facts"]
    assert [text_of(next(li.iter("p"))) for li in section.iter("li")] == ["nine", "seven"]
    (lede,) = [p for p in page.elements("p") if p.get("data-checked")]
    assert lede.get("data-checked") == "2026-10-01"
    assert "The survey" in text_of(section)


def test_people_are_shown_by_office_until_somebody_agreed(client: CheckingClient, slug: str) -> None:
    text = look(client, slug).text
    assert "Former mayor" in text
    assert "Robin" not in text
    assert 'data-person="home"' not in text


def test_the_appeals_are_marked(client: CheckingClient, slug: str) -> None:
    page = Page(look(client, slug).text)
    marked = [text_of(li) for li in page.elements("li") if "data-action" in li.attrib]
    assert len(marked) == 1
    assert "appeal" in marked[0]
    assert "May 2026" in marked[0]
    assert "Rests on one source." in marked[0]


def test_the_campaign_leads_there_and_an_unknown_one_does_not(client: CheckingClient, slug: str) -> None:
    assert f"/campaigns/{slug}/evidence" in client.get(f"/campaigns/{slug}").text
    assert look(client, "nothing").status_code == 404
