"""Pictures of every page, to be looked at: `python -m tests.support.journeys_screens [FOLDER]`.

Each page in light and dark, at 360 and 1280 pixels, into test-results/screens/ or FOLDER; names that
begin with “long-” show a supporter with long names and a word without an end.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.support.browser import executable, launched
from tests.support.databases import SqliteBackend
from tests.support.journeys import Supporter, development_site, long_winded
from tests.support.journeys_axe import EVERY_APPEARANCE, appearances
from tests.support.journeys_desk_tour import DESK_TOURS, desk_tour
from tests.support.journeys_tour import (
    Stop,
    failing_site,
    failing_tour,
    public_tour,
)

RESULTS = Path(__file__).resolve().parents[2] / "test-results" / "screens"


def take_pictures(tab: Page, stops: Iterator[Stop], folder: Path, before: str = "") -> None:
    """Take each stop of a tour in each appearance."""
    for stop in stops:
        for look in appearances(tab, EVERY_APPEARANCE):
            name = f"{before}{stop.name}-{look.width}-{look.scheme}.png"
            tab.screenshot(path=folder / name, full_page=True)
        print(f"{before}{stop.name}")


def main() -> int:
    """Take all pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    path = executable()
    if path is None:
        print("There is no Chromium on this machine (Debian: apt install chromium).")
        return 2
    with tempfile.TemporaryDirectory(prefix="redress-screens-") as scratch, launched(path) as browser:
        _take_all(browser, Path(scratch), folder)
    return 0


def _take_all(browser: Browser, scratch: Path, folder: Path) -> None:
    with development_site(scratch) as site:
        for before, supporter in (("", Supporter()), ("long-", long_winded())):
            tab = browser.new_page()
            take_pictures(tab, public_tour(tab, site, supporter), folder, before)
            tab.close()
        for name in DESK_TOURS:
            tab = browser.new_page()
            take_pictures(tab, desk_tour(name, tab, site), folder)
            tab.close()
    with failing_site(scratch / "failing", _migrated(scratch)) as address:
        tab = browser.new_page()
        take_pictures(tab, failing_tour(tab, address), folder)
        tab.close()


def _migrated(scratch: Path) -> str:
    from app import create_app
    from app.extensions import alembic
    from app.settings import Settings
    from tests.support.environment import installation

    def prepare(url: str, _kind: str) -> None:
        environ = installation(scratch / "failing", url)
        with create_app(Settings.from_environ(environ)).app_context():
            alembic.upgrade()

    return SqliteBackend(scratch, prepare).make("migrated")


if __name__ == "__main__":
    sys.exit(main())
