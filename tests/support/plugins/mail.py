"""Fixtures: a real SMTP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.certificates import Certificate
    from tests.support.smtp import RecordingSmtpServer

SmtpFactory = Callable[..., "RecordingSmtpServer"]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for 127.0.0.1; clients trust it when given its `path`."""
    from tests.support.certificates import make_certificate

    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def smtp_factory() -> Iterator[SmtpFactory]:
    """Start SMTP servers with options: see `RecordingSmtpServer`. They stop with the test."""
    from tests.support.smtp import RecordingSmtpServer

    with ExitStack() as stack:

        def start(**options: Any) -> RecordingSmtpServer:
            return stack.enter_context(RecordingSmtpServer(**options).running())

        yield start


@pytest.fixture
def smtp_server(smtp_factory: SmtpFactory) -> RecordingSmtpServer:
    """A plain SMTP server that takes everything."""
    return smtp_factory()


@pytest.fixture
def strict_smtp_server(smtp_factory: SmtpFactory, certificate: Certificate) -> RecordingSmtpServer:
    """An SMTP server that insists on STARTTLS and on AUTH (user `redress`, password `correct-horse`)."""
    return smtp_factory(
        starttls=certificate.server_context(),
        require_starttls=True,
        credentials={"redress": "correct-horse"},
    )
