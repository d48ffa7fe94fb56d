"""Every page, as axe and the browser's console see it: in light and dark, on a telephone and on a desk."""

from __future__ import annotations

import itertools
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response

from tests.support.browser import Watch
from tests.support.databases import Backend
from tests.support.journeys import CAMPAIGN, DevelopmentSite, long_winded
from tests.support.journeys_axe import complaints, have_axe_ready, look_at
from tests.support.journeys_browser import NARROWEST, ZOOMED, assert_fits, doubled_text, show_width
from tests.support.journeys_desk_tour import DESK_TOURS, desk_tour
from tests.support.journeys_tour import failing_site, failing_tour, public_tour
from tests.support.lengths import SOAK
from tests.support.plugins.browser import PageFactory

# The tours meet pages that answer with an error, on purpose, and look at everything else themselves.
pytestmark = pytest.mark.allow_page_errors

TURN = itertools.cycle(range(6))

MOST_BYTES = 60_000
"""Of the campaign's page with all that belongs to it, uncompressed."""


def test_public_pages(site: DevelopmentSite, page_factory: PageFactory) -> None:
    """All pages that a supporter meets, who has a long name and a word that has no end."""
    tab = page_factory()
    have_axe_ready(tab)
    watch, stops, problems = Watch(tab), [], []
    for stop in public_tour(tab, site, long_winded()):
        stops.append(stop)
        problems += look_at(tab, stop)
        assert_readable(tab)
    assert problems == []
    assert complaints(watch, stops) == []
    assert len(stops) > 15


@pytest.mark.parametrize("name", DESK_TOURS)
def test_desk_pages(site: DevelopmentSite, page_factory: PageFactory, name: str) -> None:
    """All pages of the organizers' desk, and those that lead to it; with an office of a very long title."""
    tab = page_factory()
    have_axe_ready(tab)
    watch, stops, problems = Watch(tab), [], []
    for stop in desk_tour(name, tab, site):
        stops.append(stop)
        problems += look_at(tab, stop)
        assert_readable(tab)
    assert problems == []
    assert complaints(watch, stops) == []
    assert len(stops) > 12


def assert_readable(tab: Page) -> None:
    """Nobody scrolls sideways: on the narrowest telephone, there with text twice as large, at 200 % zoom.

    The latter two at every page in a soak only.
    """
    show_width(tab, NARROWEST)
    assert_fits(tab)
    if not SOAK and next(TURN):
        return
    with doubled_text(tab):
        assert_fits(tab)
    show_width(tab, ZOOMED)
    assert_fits(tab)


def test_error_pages_and_empty_ones(
    all_backends: dict[str, Backend], tmp_path: Path, page_factory: PageFactory
) -> None:
    """All pages of refusals and failures, and lists with nothing in them."""
    url = all_backends["sqlite"].make("migrated")
    tab = page_factory()
    have_axe_ready(tab)
    watch, stops, problems = Watch(tab), [], []
    with failing_site(tmp_path, url) as address:
        for stop in failing_tour(tab, address):
            stops.append(stop)
            problems += look_at(tab, stop)
    assert problems == []
    assert complaints(watch, stops) == []
    assert len(stops) > 10


def test_the_campaign_page_is_light(site: DevelopmentSite, page: Page) -> None:
    """All that the browser fetches for it, uncompressed."""
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    page.on("response", note)
    page.goto(f"{site.url}/campaigns/{CAMPAIGN}", wait_until="networkidle")
    sizes = {answer.url: len(answer.body()) for answer in answers}
    assert {urlsplit(url).netloc for url in sizes} == {urlsplit(site.url).netloc}
    assert len(sizes) >= 2, "the style sheet belongs to the page"
    assert sum(sizes.values()) < MOST_BYTES, sizes
