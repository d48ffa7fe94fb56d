"""A clock that goes wrong: nothing ends, is sent again, or is deleted before its time. All: `make faults`."""

from __future__ import annotations

import pytest

from tests.factories.campaigns import store_campaign
from tests.faults.clocks import TURNS, one_turn
from tests.faults.finding import Finding, Place


@pytest.mark.backends("sqlite")
def test_a_clock_that_is_a_year_fast_ends_nothing_early(place: Place) -> None:
    finding = Finding()
    one_turn(place, finding, TURNS[3], store_campaign())
    assert finding.kept, finding
