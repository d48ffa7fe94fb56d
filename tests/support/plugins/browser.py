"""Fixtures: a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.support.browser import Watch

# Without motion: a page that scrolls smoothly makes each click wait for the end of it.
_LOOKS: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 900},
    "locale": "en-GB",
    "reduced_motion": "reduce",
}

PageFactory = Callable[..., "Page"]
RESULTS = Path(__file__).resolve().parents[3] / "test-results"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser, so that `-m "not browser"` leaves it out."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Leave word of a failure where the fixtures find it when they clean up."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, headless; where there is none the test is skipped, or fails if one is required."""
    from tests.support.browser import executable, launched

    with launched(_there(executable())) as found:
        yield found


@pytest.fixture
def whole_browser_path() -> str:
    """The path of a Chromium that remembers pages as people's do, which its headless shell does not."""
    from tests.support.browser import whole_executable

    return _there(whole_executable())


def _there(path: str | None) -> str:
    from tests.support.browser import REQUIRE, required

    if path is None:
        reason = "no Chromium on this machine (Debian: apt install chromium)"
        if required():
            pytest.fail(f"{reason}, and {REQUIRE}=1 asks for it")
        pytest.skip(reason)
    return path


@pytest.fixture
def page_factory(browser: Browser, request: pytest.FixtureRequest) -> Iterator[PageFactory]:
    """Open tabs, each of a person of their own; keywords are Playwright's options of a context.

    When the test ends, each tab must have had nothing to complain about (see `Watch`), except in
    tests marked `allow_page_errors`. A failed test leaves pictures in test-results/.
    """
    from tests.support.browser import Watch

    watches: list[Watch] = []
    with ExitStack() as stack:

        def open_page(**options: Any) -> Page:
            context = browser.new_context(**(_LOOKS | options))
            stack.callback(context.close)
            context.set_default_timeout(10_000)
            page = context.new_page()
            watches.append(Watch(page))
            return page

        yield open_page
        if request.node.stash.get(_FAILED, False):
            _take_pictures(request.node.name, watches)
    complaints = [complaint for watch in watches for complaint in watch.complaints]
    if complaints and not request.node.get_closest_marker("allow_page_errors"):
        pytest.fail("the browser complained:\n  " + "\n  ".join(complaints))


@pytest.fixture
def page(page_factory: PageFactory) -> Page:
    """One tab, 1280 pixels wide."""
    return page_factory()


@pytest.fixture
def plain_page(page_factory: PageFactory) -> Page:
    """One tab of a person without JavaScript, on a telephone."""
    return page_factory(java_script_enabled=False, viewport={"width": 360, "height": 740})


def _take_pictures(test: str, watches: list[Watch]) -> None:
    RESULTS.mkdir(exist_ok=True)
    safe = "".join(character if character.isalnum() or character in "-_" else "-" for character in test)
    for number, watch in enumerate(watches):
        watch.page.screenshot(path=RESULTS / f"{safe}-{number}.png", full_page=True)
