"""Hypothesis, as the tests use it: no deadline for one example, because the machine is shared."""

from __future__ import annotations

import os


def pytest_configure() -> None:
    """Choose the profile; in CI the examples are the same in every run."""
    from hypothesis import settings

    settings.register_profile("redress", deadline=None, derandomize=os.environ.get("CI") == "true")
    settings.load_profile("redress")
