"""Sites killed while people submit and confirm: what was acknowledged is there, and once.

The short form of the promise; `make faults` has the long one.
"""

from __future__ import annotations

import pytest

from tests.faults.finding import Place
from tests.faults.web_kills import kill_sites
from tests.support.lengths import MOSTLY_POSTGRESQL, length


@pytest.mark.seeded
@pytest.mark.backends(*MOSTLY_POSTGRESQL)  # sites in trouble on SQLite: test_databases_away.py
def test_what_a_killed_site_had_acknowledged_is_there(place: Place) -> None:
    found = kill_sites(place, length(3, 20))
    print(f"\n{found}")
    assert found.kept, found
