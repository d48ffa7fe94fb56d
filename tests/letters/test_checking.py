"""A wording held against every office, point and wording that it can meet."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.campaigns.models import Campaign
from app.database import db
from app.letters.checking import problems_of_template
from tests.factories.campaigns import TemplateFactory, store_campaign
from tests.factories.evidence import FactFactory, store
from tests.factories.recipients import OfficeFactory

POINTS = {
    "least": 1,
    "most": 1,
    "of": [{"key": "well", "label": "The well", "texts": ["One.", "Two words."]}],
}
BODY = "{{ wording.opening }}\n\n{{ points }}\n\n{{ personal }}\n\n{{ recipient.ask }}\n"
FINE = {"points": POINTS, "wordings": {"opening": ["Dear all."]}}


def problems(
    body: str = BODY, *, length: tuple[int, int] | None = None, **texts: Any
) -> list[tuple[object, ...]]:
    """Return what is wrong with a campaign's letter: place, line, column, sentence."""
    template = TemplateFactory.build(body=body, **{**FINE, **texts})
    if length:
        template.shortest, template.longest = length
    offices = [OfficeFactory.build(slug="named"), OfficeFactory.build(slug="vacant", holders=[])]
    store_campaign(offices, templates=[template])
    campaign = db.session.scalars(sa.select(Campaign)).one()
    version = campaign.templates[0].versions[-1]
    found = problems_of_template(db.session, campaign, version, day=clock.now().date())
    return [(one.where, one.line, one.column, one.sentence) for one in found]


def test_a_sound_wording_has_no_problem(app_context: Flask) -> None:
    assert problems() == []


def test_unknown_names_are_told_with_their_place_and_a_suggestion(app_context: Flask) -> None:
    points = {**POINTS, "of": [{"key": "well", "label": "x", "texts": ["One.", "Two\n{{ recipient.aks }}."]}]}
    ((where, line, column, sentence),) = problems(points=points)
    assert (where, line, column) == ("points.well.2", 2, 4)
    assert "recipient.ask" in str(sentence)


def test_a_name_that_is_empty_for_one_office_is_told(app_context: Flask) -> None:
    ((where, line, column, sentence),) = problems(
        wordings={"opening": ["Dear all.", "Dear {{ holder.name }}."]}
    )
    assert (where, line, column) == ("wording.opening.2", 1, 9)
    assert "holder.name" in str(sentence)


def test_a_withdrawn_fact_is_told(app_context: Flask) -> None:
    store(FactFactory.build(key="wells", status="withdrawn"))
    assert "fact.wells.value" in str(problems(wordings={"opening": ["{{ fact.wells.value }} wells."]}))


@pytest.mark.parametrize(("length", "fine"), [((8, 13), True), ((12, 13), False), ((8, 11), False)])
@pytest.mark.backends("sqlite")  # a sum
def test_a_length_that_some_choice_leaves_is_told(
    app_context: Flask, length: tuple[int, int], fine: bool
) -> None:
    found = problems(length=length)  # two words of opening, one or two of the point, eight of the ask
    assert (found == []) is fine, found


@pytest.mark.backends("sqlite")  # words only
def test_what_is_untidy_or_has_no_place_is_told(app_context: Flask) -> None:
    assert "Twice  blank" in str(problems(wordings={"opening": ["Twice  blank."]}))


@pytest.mark.backends("sqlite")  # words only
def test_points_without_a_place_in_the_text_are_told(app_context: Flask) -> None:
    ((where, _line, _column, sentence),) = problems("{{ wording.opening }}\n\n{{ personal }}\n")
    assert where == ""
    assert "{{ points }}" in str(sentence)
