"""Somebody's way to what is stored about them, in a tab: asked for, shown, erased."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.support.journeys import DevelopmentSite, Supporter
from tests.support.journeys_browser import MAIL_WITHIN, follow, open_page, reload_until


def see_to_own_data(tab: Page, site: DevelopmentSite, supporter: Supporter) -> Iterator[str]:
    """From the page about data to a link that is used up; the supporter has confirmed a letter before."""
    open_page(tab, f"{site.url}/privacy")
    follow(tab, tab.get_by_role("button", name="Send me the link"))
    expect(tab.locator("#errors")).to_be_visible()
    yield "privacy-with-errors"
    tab.get_by_label("E-mail").fill(supporter.email)
    follow(tab, tab.get_by_role("button", name="Send me the link"))
    yield "privacy-asked"
    follow(tab, tab.get_by_role("link", name="Open the mailbox"))
    mine = tab.locator("main li", has_text=supporter.email)
    mail = mine.filter(has_text="Your link to what is stored").get_by_role("link").first
    reload_until(tab, mail, within=MAIL_WITHIN)
    follow(tab, mail)
    follow(tab, tab.locator("main a[href*='/privacy/']"))
    expect(tab.get_by_text(supporter.email).first).to_be_visible()
    yield "privacy-own"
    own = tab.url
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Take it with me").click()
    assert supporter.email in download.value.path().read_text("utf-8")
    follow(tab, tab.get_by_role("link", name="Erase it"))
    yield "privacy-erase"
    follow(tab, tab.get_by_role("button", name="Erase everything about me"))
    expect(tab.get_by_role("heading", level=1)).to_contain_text("erased")
    yield "privacy-erased"
    open_page(tab, own)
    yield "privacy-used"
