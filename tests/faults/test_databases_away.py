"""The database goes away, or its disk is full, while people write: nothing acknowledged is lost.

The short form of the promise; `make faults` has the long one.
"""

from __future__ import annotations

import pytest

from tests.faults.finding import Place
from tests.faults.full_disk import fill_disks
from tests.faults.restarts import restart_databases
from tests.support.lengths import length


@pytest.mark.seeded
@pytest.mark.backends("sqlite")  # other tests are using the server of PostgreSQL: make faults
def test_a_database_that_goes_away_loses_nothing(place: Place) -> None:
    found = restart_databases(place, length(1, 10))
    print(f"\n{found}")
    assert found.kept, found


@pytest.mark.seeded
@pytest.mark.backends("sqlite")  # PostgreSQL: make faults
def test_a_full_disk_is_told_in_a_sentence_and_got_over(place: Place) -> None:
    found = fill_disks(place, length(1, 10))
    print(f"\n{found}")
    if found.skipped:
        pytest.skip(found.skipped)
    assert found.kept, found
