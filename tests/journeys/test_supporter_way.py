"""A supporter's whole way in a real browser, on a site as `make run` starts it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.journeys import OFFICES, DevelopmentSite, Supporter, body_of, parsed
from tests.support.journeys_browser import (
    WritePage,
    assert_fits,
    assert_heading,
    confirm,
    go_to_form,
    open_confirmation,
    papers_in,
    reload_until_settled,
    states_in,
    text_in,
)
from tests.support.plugins.browser import PageFactory

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
NARROWEST: dict[str, Any] = {"viewport": {"width": 320, "height": 568}}
# A window of 1280 pixels at 200 % zoom: half as many of CSS, each of them two by two.
ZOOMED: dict[str, Any] = {"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2}

ACCEPTED = dict.fromkeys(OFFICES, "accepted")
WORDS = "Բարեւ ձեզ, my name is Ani.\n.A line that begins with a dot,\nFrom a desk in Lyon — with “care” & <hope>."


def assert_arrived(site: DevelopmentSite, supporter: Supporter, shown: dict[str, str]) -> None:
    """Each office has one mail, and its text is what the browser showed, byte for byte."""
    for slug, text in shown.items():
        mails = site.mails_to(f"{slug}@offices.example")
        mine = [mail for mail in mails if supporter.email in str(parsed(mail)["Reply-To"])]
        assert len(mine) == 1, f"{len(mine)} mails to {slug}"
        assert body_of(mine[0]) == text.encode()


@pytest.mark.parametrize("window", [PHONE, DESK], ids=["360", "1280"])
def test_the_whole_way(window: dict[str, Any], site: DevelopmentSite, page_factory: PageFactory) -> None:
    """From the campaign to letters that were accepted; the preview follows what is typed."""
    tab = page_factory(**window)
    supporter = Supporter(words=WORDS)
    form = go_to_form(tab, site)
    assert_fits(tab)
    assert form.chosen() == list(OFFICES)
    form.fill(supporter)

    for sheet in tab.locator("[data-paper]").all():
        expect(sheet.locator(".own")).to_have_text(WORDS)
        expect(sheet.locator(".signature")).to_contain_text(supporter.name)
    shown = papers_in(tab)
    assert list(shown) == list(OFFICES)
    assert all(WORDS in text and "Lyon, France" in text for text in shown.values())
    assert_fits(tab)

    form.send()
    assert_heading(tab, "Now look into your mailbox")
    assert_fits(tab)
    open_confirmation(tab, supporter)
    assert papers_in(tab) == shown
    assert_fits(tab)

    confirm(tab)
    reload_until_settled(tab, ACCEPTED)
    expect(tab.locator("[data-state=accepted]").first).to_contain_text("Accepted")
    assert_fits(tab)
    assert {slug: text_in(tab.locator(f"[data-recipient={slug}] .paper")) for slug in OFFICES} == shown
    assert_arrived(site, supporter, shown)


def test_the_whole_way_without_javascript(site: DevelopmentSite, plain_page: Page) -> None:
    """The Preview button does what the script does; everything else needs none."""
    supporter = Supporter(words=WORDS)
    chosen = OFFICES[:1] + OFFICES[3:]
    form = go_to_form(plain_page, site)
    form.fill(supporter, chosen)
    form.preview()
    assert form.chosen() == list(chosen)
    shown = papers_in(plain_page)
    assert list(shown) == list(chosen)
    assert all(WORDS in text for text in shown.values())
    assert all(paper.is_visible() for paper in plain_page.locator(".paper").all())
    assert_fits(plain_page)

    form.send()
    open_confirmation(plain_page, supporter)
    assert papers_in(plain_page) == shown
    confirm(plain_page)
    reload_until_settled(plain_page, dict.fromkeys(chosen, "accepted"))
    assert_arrived(site, supporter, shown)
