"""Fixtures of the journeys: sites that stay up for the whole session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.journeys import DevelopmentSite, development_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevelopmentSite]:
    """A site as `make run` starts it. All journeys use it, each with people and mailboxes of its own."""
    with development_site(tmp_path_factory.mktemp("site")) as found:
        yield found
