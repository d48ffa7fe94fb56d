"""A real Chromium, driven by Playwright: Debian's own, never a downloaded one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

from tests.support.ports import HOST

REQUIRE = "REDRESS_REQUIRE_BROWSER"
EXECUTABLE = "REDRESS_CHROMIUM"
SHELL = "chromium-headless-shell"
"""Chromium without windows, and without some of what goes with them: it takes a fifth less of the machine."""
WHOLE = ("chromium", "chromium-browser", "google-chrome")

# Chromium looks up its maker's hosts at every start: those services are off, and no other host resolves.
ARGUMENTS = (
    "--no-sandbox",  # Chromium refuses to run as root with it, and the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HOST}, EXCLUDE localhost",
)


def executable() -> str | None:
    """Return the path of the browser, or None where there is none."""
    named = os.environ.get(EXECUTABLE)
    if named:
        return named if Path(named).exists() else None
    return shutil.which(SHELL) or whole_executable()


def whole_executable() -> str | None:
    """Return the path of a browser as people have it, with a memory of pages, or None."""
    return next((path for name in WHOLE if (path := shutil.which(name))), None)


def required() -> bool:
    """Whether a missing browser is a failure (.ci/run) and not a reason to skip."""
    return os.environ.get(REQUIRE) == "1"


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """Run a headless browser for the length of a block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watch:
    """Listens to a tab: to what a person would not see and should not happen.

    Attributes:
        complaints: console errors (a refused inline style among them), uncaught exceptions,
            requests to other hosts, failed requests and answers from 400 on.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in {HOST, "localhost"}:
            self.complaints.append(f"asked another host: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {urlsplit(response.url).path}")
