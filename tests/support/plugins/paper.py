"""Fixture: programs that read PDFs."""

from __future__ import annotations

import pytest

from tests.support.poppler import MISSING, REQUIRE, Poppler, installed, required


@pytest.fixture(scope="session")
def poppler() -> Poppler:
    """Debian's poppler-utils; where they are not, the test is skipped, or fails if they are required."""
    if not installed():
        if required():
            pytest.fail(f"{MISSING}, and {REQUIRE}=1 asks for it")
        pytest.skip(MISSING)
    return Poppler()
