"""A letter that kills its worker: it is quarantined, and it takes nobody with it."""

from __future__ import annotations

import pytest

from tests.faults.finding import Finding, Place
from tests.faults.poison import one_poison


@pytest.mark.backends("sqlite")  # on PostgreSQL: make faults
@pytest.mark.parametrize("connections", [1, 4])
def test_a_deadly_letter_is_quarantined_and_the_others_go_on(place: Place, connections: int) -> None:
    finding = Finding()
    one_poison(place, finding, deadly=True, connections=connections)
    assert finding.kept, finding
