"""A browser whose requests see nothing of the test's own application context."""

from tests.public.conftest import client

__all__ = ["client"]
