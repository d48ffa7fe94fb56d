"""Areas, postal codes, and who represents a place; on both databases."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db, transaction
from app.recipients.areas import (
    areas_named,
    areas_of_postal_code,
    postal_code_key,
    with_ancestors,
)
from app.recipients.representatives import Candidates, representatives_for
from tests.factories.areas import store_california

DAY = date(2026, 11, 21)
CLOSE = "UPDATE recipients SET status = 'closed', closed_on = '2026-01-01' WHERE slug = 'house-30'"


@pytest.fixture
def california(app_context: Flask) -> Flask:
    """See `store_california`."""
    store_california()
    return app_context


def _names(found: Candidates) -> list[str]:
    return [candidate.recipient.slug for candidate in found.offices]


def test_a_code_in_one_district(california: Flask) -> None:
    found = representatives_for(country="US", postal_code=" 91205-1234 ", day=DAY)
    assert _names(found) == ["house-30", "senate-1", "senate-2"]
    assert (found.fallback, found.to_choose) == ("", ())
    assert found.offices[0].holder is not None
    assert found.offices[0].holder.name == "Holder of house-30"


def test_a_code_in_two_districts_leaves_the_choice(california: Flask) -> None:
    found = representatives_for(country="US", postal_code="91206", day=DAY)
    assert _names(found) == ["house-30", "house-34", "senate-1", "senate-2"]
    assert [candidate.recipient.slug for candidate in found.to_choose] == ["house-30", "house-34"]


def test_a_code_in_two_states_leaves_the_choice_of_senators_too(california: Flask) -> None:
    found = representatives_for(country="US", postal_code="89999", day=DAY)
    assert set(_names(found)) == {"house-34", "house-nv", "senate-1", "senate-2", "senate-nv"}
    assert len(found.to_choose) == 5


def test_the_executive_belongs_to_it_where_asked_for(california: Flask) -> None:
    found = representatives_for(country="US", postal_code="91205", city="glendale", day=DAY, executive=True)
    assert _names(found) == ["house-30", "governor", "senate-1", "senate-2", "mayor"]


@pytest.mark.parametrize("region", ["CA", "ca", " California "])
@pytest.mark.parametrize(("code", "fallback"), [("", "no_postal_code"), ("00000", "unknown_postal_code")])
def test_without_a_known_code_the_region_is_taken(
    california: Flask, region: str, code: str, fallback: str
) -> None:
    found = representatives_for(country="US", region=region, postal_code=code, day=DAY)
    assert _names(found) == ["senate-1", "senate-2"]
    assert found.fallback == fallback


@pytest.mark.parametrize(
    ("country", "region", "code"), [("US", "", ""), ("US", "Atlantis", "00000"), ("FR", "CA", "91205")]
)
def test_a_place_that_nobody_knows_is_said_to_be(
    california: Flask, country: str, region: str, code: str
) -> None:
    found = representatives_for(country=country, region=region, postal_code=code, day=DAY)
    assert (found.offices, found.fallback) == ((), "unknown_place")


def test_a_term_that_is_over_leaves_the_office(california: Flask) -> None:
    found = representatives_for(country="US", postal_code="91205", day=date(2020, 1, 1))
    assert _names(found)[0] == "house-30"
    assert found.offices[0].holder is None


def test_a_closed_office_represents_nobody(california: Flask) -> None:
    with transaction() as session:
        session.execute(sa.text(CLOSE))
    assert "house-30" not in _names(representatives_for(country="US", postal_code="91205", day=DAY))


def test_areas_are_found_by_name_and_with_what_they_lie_in(california: Flask) -> None:
    (district, _other) = areas_of_postal_code(db.session, "US", "91206")
    assert [area.kind for area in with_ancestors(db.session, [district])] == ["district", "region", "country"]
    assert len(areas_named(db.session, "US", ("city",), "GLENDALE")) == 2
    assert areas_named(db.session, "US", ("city",), " ") == []


@pytest.mark.parametrize(
    ("country", "told", "key"),
    [
        ("US", "91205-1234", "91205"),
        ("US", " 91205 ", "91205"),
        ("GB", "sw1a 1aa", "SW1A1AA"),
        ("CZ", "110-00", "11000"),
    ],
)
def test_codes_are_told_apart_as_people_write_them(country: str, told: str, key: str) -> None:
    assert postal_code_key(country, told) == key
