"""Keys rotated under load, and the rotation killed: everything can be opened, nothing is lost or sent twice.

The short form of the promise; REDRESS_SOAK=1 makes it 40 kills in ten rotations.
"""

from __future__ import annotations

import pytest

from tests.faults.finding import Place
from tests.faults.key_rotation import rotate_keys
from tests.support.lengths import MOSTLY_SQLITE, length


@pytest.mark.seeded
@pytest.mark.backends(*MOSTLY_SQLITE)
def test_a_rotation_that_is_killed_leaves_nothing_that_cannot_be_opened(place: Place) -> None:
    found = rotate_keys(place, length(3, 40))
    print(f"\n{found}")
    assert found.kept, found
