"""The write page: points in one's own words, and wordings picked, as people without JavaScript do it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.database import db, transaction
from app.letters.models import Letter
from app.rendering.points import Said
from tests.factories.campaigns import TemplateFactory, store_campaign
from tests.factories.evidence import ContentRuleFactory, FactFactory
from tests.factories.letters import copies
from tests.factories.recipients import OfficeFactory
from tests.factories.visitor import Visitor, complaints, papers, parsed, typed_in
from tests.support.client import CheckingClient
from tests.support.pages import text_of

WELL, MILL, OPENING = "said-appeal-points-well-1", "said-appeal-points-mill-1", "said-appeal-wording-opening"
OWN = "Our well gave out.\nNobody came."
POINTS: dict[str, Any] = {
    "least": 1,
    "most": 2,
    "editable": True,
    "of": [
        {"key": "well", "label": "The well", "texts": ["The well\n  is dry."]},
        {"key": "mill", "label": "The mill", "texts": ["The mill stands."]},
        {"key": "dam", "label": "The dam", "texts": ["{{ fact.wells.text }} by the dam."]},
    ],
}
BODY = "{{ wording.opening }}\n\n{{ points }}\n\n{{ personal }}\n"


@pytest.fixture
def visitor(app_context: Flask, client: CheckingClient) -> Visitor:
    """Return a visitor of a campaign with two letters that can be edited, one of them in French too."""
    with transaction() as session:
        session.add_all([FactFactory.build(key="wells"), ContentRuleFactory.build()])
    parts = {"points": POINTS, "wordings": {"opening": ["Hello from {{ supporter.city }}.", "Good day."]}}
    french = [point | {"texts": [f"Oui : {point['texts'][0]}"]} for point in POINTS["of"]]
    templates = [
        TemplateFactory.build(body=BODY, **parts),
        TemplateFactory.build(
            body="Bonjour.\n\n{{ points }}\n\n{{ personal }}",
            language="fr",
            points=POINTS | {"of": french},
        ),
    ]
    return Visitor(client, store_campaign([OfficeFactory.build(slug="one")], templates=templates))


def chosen(visitor: Visitor, *points: str, **typed: str) -> TestResponse:
    """Return the page once these points are chosen and the Preview button is pressed."""
    return visitor.forges(button="preview", points=points, **typed)


def stored() -> Letter:
    """Return the letter that was written last."""
    db.session.rollback()
    letter = db.session.scalars(sa.select(Letter).order_by(Letter.created_at.desc())).first()
    assert letter is not None
    return letter


def go_on(visitor: Visitor, page: TestResponse, button: str = "send", **typed: str) -> TestResponse:
    """Type into the form of a page, and press a button of it."""
    return visitor.client.submit(page, typed, button=button, field="personal_message")


def paper(page: TestResponse) -> str:
    """Return the letter that a page shows."""
    return papers(page.text)["one"]


def test_points_open_with_the_text_as_it_stands_and_what_states_a_fact_stays(visitor: Visitor) -> None:
    page = chosen(visitor, "well", "dam")
    kept = typed_in(page)
    assert kept[WELL].strip() == "The well is dry."
    assert "said-appeal-points-dam-1" not in page.text
    assert MILL not in page.text, "it is not chosen"
    assert "The dam: this stays as it is" in parsed(page).text
    assert kept[OPENING] == ""
    assert "Hello from Lyon." in parsed(page).text


def test_what_is_typed_and_picked_goes_the_whole_way(visitor: Visitor) -> None:
    for number, said in ((1, "Hello from Lyon."), (2, "Good day.")):
        page = go_on(visitor, chosen(visitor, "well", "mill"), "preview", **{WELL: OWN, OPENING: str(number)})
        assert f"{said}\n\n{OWN}\n\nThe mill stands.\n\n" in paper(page)
        assert typed_in(page)[WELL].replace("\r\n", "\n").strip() == OWN
        visitor.page = page
        visitor.writes_and_confirms()
        assert copies()[-1].text == paper(page) or paper(page) in {copy.text for copy in copies()}
        picked = {"points.well": 1, "wording.opening": number}
        assert stored().said == {"appeal": Said(picked, {"points.well": OWN})}


def test_what_is_left_as_it_is_is_not_stored_in_whatever_language_it_was_shown(visitor: Visitor) -> None:
    page = chosen(visitor, "well", "mill")
    assert go_on(visitor, page, language="fr").status_code == 303
    letter = stored()
    assert (letter.language, letter.said, letter.edits_sealed, letter.picked) == ("fr", {}, None, None)


@pytest.mark.parametrize(
    ("typed", "said"),
    [("  \n", "This is empty"), ("hidden \u202e words", "cannot be used"), ("x" * 5001, "5000 is the most")],
)
def test_what_cannot_stand_is_refused_at_its_place_and_nothing_typed_is_lost(
    visitor: Visitor, typed: str, said: str
) -> None:
    page = chosen(visitor, "well", "mill")
    answer = go_on(visitor, page, **{WELL: typed, MILL: OWN, OPENING: "2", "name": "Ani Գրող"})
    assert answer.status_code == 422
    assert said in complaints(answer)[WELL]
    area = parsed(answer).by_id(WELL)
    assert area is not None
    assert area.get("aria-invalid") == "true"
    kept = typed_in(answer)
    assert (kept[WELL].strip("\r\n"), kept["name"], kept[OPENING]) == (typed.strip("\r\n"), "Ani Գրող", "2")
    assert kept[MILL].replace("\r\n", "\n").strip() == OWN
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Letter)) == 0


def test_what_was_typed_comes_back_when_its_point_does(visitor: Visitor) -> None:
    page = go_on(visitor, chosen(visitor, "well"), "preview", **{WELL: OWN})
    without = visitor.client.submit(page, {"points": "mill"}, button="preview", field="personal_message")
    assert "gave out" not in paper(without)
    back = visitor.client.submit(without, {"points": "well"}, button="preview", field="personal_message")
    assert OWN in paper(back)


def test_no_more_can_be_changed_than_the_page_offers(visitor: Visitor) -> None:
    forged = {f"said-appeal-points-dam-{n}": "Forged." for n in (0, 1, 2)}
    forged |= {"said-appeal-points-well-7": "Forged.", "said-appeal-recipient-ask": "Forged.", OPENING: "9"}
    assert "Forged" not in paper(chosen(visitor, "dam", "well", **forged))
    visitor.forges(points=["dam", "well"], **forged)
    assert stored().said == {}


def test_the_meter_and_the_advice_see_what_stands_in_points(visitor: Visitor) -> None:
    page = go_on(
        visitor,
        chosen(visitor, "well"),
        "preview",
        **{WELL: "Please help the hostages.", "personal_message": ""},
    )
    assert "hostages" in {text_of(quote) for quote in parsed(page).elements("q")}
    assert "in your own words" in parsed(page).text


def test_who_sends_it_themselves_has_it_in_the_mail_and_the_fragment_brings_the_choices(
    visitor: Visitor,
) -> None:
    answer = go_on(visitor, chosen(visitor, "well"), "own_mail", **{WELL: OWN})
    assert "Nobody came." in answer.text
    assert f'name="{WELL}"' in answer.text
    form = visitor.opens_form().form(field="personal_message").filled({}, "preview")
    asked = {"X-Redress-Fragment": "preview"}
    with visitor.client.unchecked():  # a part of a page
        part = visitor.client.post(visitor.write_path, data=MultiDict(form), headers=asked)
    assert part.text.count("<template data-passages>") == 1
    assert OPENING in part.text.partition("<template data-passages>")[2]
