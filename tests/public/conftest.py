"""A browser whose requests see nothing of the test's own application context."""

from __future__ import annotations

from contextvars import Context
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.client import CheckingClient


class OutsideClient(CheckingClient):
    """A client as if in another process.

    Flask lets a request share an application context that is pushed already, and with it `g`: language,
    nonce and CSRF token of one request would be those of the next.
    """

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        return Context().run(super().open, *arguments, **options)


@pytest.fixture
def client(app: Flask) -> OutsideClient:
    """A browser without JavaScript that holds every page against the rules."""
    app.test_client_class = OutsideClient
    made = app.test_client()
    assert isinstance(made, OutsideClient)
    return made
