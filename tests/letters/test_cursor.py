"""A place in a list, as it stands in a link."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.letters.cursor import Cursor

INSTANTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1))  # noqa: DTZ001


@given(INSTANTS, st.uuids())
def test_it_survives_being_put_into_a_link(instant: datetime, row: object) -> None:
    place = Cursor(instant.replace(tzinfo=UTC), row)  # type: ignore[arg-type]
    assert Cursor.parse(str(place)) == place


@pytest.mark.parametrize(
    "text", ["", "x", "1-2", "9" * 20 + "-" + "a" * 32, "1-" + "g" * 32, "-1-" + "a" * 32, "١-" + "a" * 32]
)
def test_what_is_no_place_leads_to_the_beginning(text: str) -> None:
    assert Cursor.parse(text) is None
