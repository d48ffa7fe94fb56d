"""Writing to one's own representatives: found by postal code, chosen between districts, or by hand."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from app.database import transaction
from app.recipients.models import Recipient
from tests.factories.areas import store_california
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies
from tests.factories.recipients import OfficeFactory
from tests.factories.visitor import Typed, Visitor, complaints, parsed
from tests.support.client import CheckingClient
from tests.support.pages import Page, text_of

ASKED = {
    "country": "US",
    "template": "appeal",
    "ask": {"en": "Open the sluice."},
    "ask_text": {"en": "As your constituent I ask you to have the sluice opened."},
}
GLENDALE = {"country": "US", "city": "Glendale", "region": "CA"}


@pytest.fixture
def visitor(app_context: Flask, client: CheckingClient) -> Visitor:
    """Somebody at a campaign that writes to one office, and to the supporter's representatives."""
    store_california()
    return Visitor(client, store_campaign([OfficeFactory.build(slug="council")], representatives=ASKED))


def offered(page: Page) -> dict[str, bool]:
    """Return the offices that a page offers, with whether each is ticked."""
    boxes = [e for e in page.elements() if e.get("name") == "recipients"]
    return {str(box.get("value")): box.get("checked") is not None for box in boxes}


def find(visitor: Visitor, **typed: Typed) -> Page:
    visitor.opens_form()
    visitor.page = visitor.sends(button="find", **typed)
    assert visitor.page.status_code == 200
    assert complaints(visitor.page) == {}
    return parsed(visitor.page)


def test_a_postal_code_finds_those_who_represent_it(visitor: Visitor) -> None:
    page = find(visitor, postal_code="91205", **GLENDALE)
    assert offered(page) == {"council": True, "house-30": True, "senate-1": True, "senate-2": True}


def test_a_code_in_two_districts_lets_the_person_choose(visitor: Visitor) -> None:
    page = find(visitor, postal_code="91206", **GLENDALE)
    assert offered(page)["house-30"] is offered(page)["house-34"] is False
    assert offered(page)["senate-1"] is True
    assert "Tick the one that is yours" in text_of(next(page.elements("main")))
    visitor.page = visitor.sends(postal_code="91206", recipients=["house-30", "house-34"], **GLENDALE)
    assert visitor.page.status_code == 422
    assert "Only one of these districts is yours" in complaints(visitor.page)["recipients"]
    assert visitor.sends(postal_code="91206", recipients=["house-34"], **GLENDALE).status_code == 303


@pytest.mark.parametrize(
    ("typed", "said", "by_hand"),
    [
        ({"postal_code": "00000", "region": "CA"}, "do not know this postal code", True),
        ({"postal_code": "", "region": "California"}, "With your postal code we can say", True),
        ({"postal_code": "", "region": ""}, "do not know who represents this place", False),
        ({"postal_code": "91205", "country": "FR"}, "another country than yours", False),
    ],
)
def test_what_is_not_known_is_said(visitor: Visitor, typed: dict[str, str], said: str, by_hand: bool) -> None:
    page = find(visitor, **{**GLENDALE, "city": "Elsewhere", **typed})
    assert said in text_of(next(page.elements("main")))
    assert ("house-34" in offered(page)) is by_hand


def test_a_district_is_chosen_by_hand(visitor: Visitor) -> None:
    find(visitor, postal_code="", **GLENDALE)
    assert visitor.sends(postal_code="", recipients=["house-34"], **GLENDALE).status_code == 303
    (copy,) = copies()
    assert copy.state == "awaiting_confirmation"


@pytest.mark.parametrize("slug", ["house-nv", "senate-nv", "president", "tribunal", "governor", "nonsense"])
def test_nobody_writes_to_those_who_represent_others(visitor: Visitor, slug: str) -> None:
    refused = visitor.forges(postal_code="91205", recipients=[slug], **GLENDALE)
    assert refused.status_code == 422
    assert "recipients" in complaints(refused)
    assert copies() == []


def test_the_letter_goes_to_the_representative_once_it_is_confirmed(visitor: Visitor) -> None:
    find(visitor, postal_code="91205", **GLENDALE)
    visitor.writes_and_confirms(postal_code="91205", recipients=["council", "house-30"], **GLENDALE)
    council, house = copies()
    assert house.state == "queued"
    assert "As your constituent I ask you" in house.text
    assert "Holder of house-30" in house.text
    assert "As your constituent" not in council.text


def test_the_preview_shows_the_letter_to_a_representative(visitor: Visitor) -> None:
    find(visitor, postal_code="91205", **GLENDALE)
    page = visitor.previews(postal_code="91205", recipients=["house-30"], **GLENDALE)
    assert "As your constituent I ask you" in page.text


def test_it_is_offered_only_where_districts_are_known(app_context: Flask, client: CheckingClient) -> None:
    visitor = Visitor(client, store_campaign(representatives=ASKED))
    visitor.opens_form()
    assert "Find my representatives" not in visitor.page.text
    assert visitor.forges(intent="find").status_code == 400


def test_an_office_that_closed_is_not_found(visitor: Visitor) -> None:
    with transaction() as session:
        row = session.scalars(select(Recipient).where(Recipient.slug == "house-30")).one()
        row.status, row.closed_on = "closed", date(2026, 1, 1)
    assert "house-30" not in offered(find(visitor, postal_code="91205", **GLENDALE))
