"""Hypothesis, as the tests use it: no deadline for one example, because the machine is shared.

Where a property asks for a number of its own, that is `length(short, full)` too.
"""

from __future__ import annotations

import os

from tests.support.lengths import length


def pytest_configure() -> None:
    """Choose the profile; in CI the examples are the same in every run."""
    from hypothesis import settings

    settings.register_profile(
        "redress",
        deadline=None,
        derandomize=os.environ.get("CI") == "true",
        max_examples=length(30, 100),
    )
    settings.load_profile("redress")
