"""The order of the tests: whole journeys first."""

from __future__ import annotations

import pytest

FIRST = ("tests/journeys/", "tests/faults/", "tests/recipients/importer/test_real")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests in front: one that begins last would be waited for by all processes."""
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))
