"""What a supporter does in a real browser, step by step, and what the pages must look like on the way."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, Response, expect

from tests.support.journeys import CAMPAIGN, OFFICES, DevelopmentSite, Supporter

NARROWEST = 320
# To a page, a window of 1280 pixels at 200 % zoom is one of half as many.
ZOOMED = 640
MAIL_WITHIN = 30.0
ACCEPTED_WITHIN = 15.0

# The machine is shared, and a form that sends a password is slow on purpose.
expect.set_options(timeout=15_000)


@dataclass
class WritePage:
    """The write page in a tab."""

    tab: Page

    def fill(self, supporter: Supporter, offices: Sequence[str] = OFFICES) -> None:
        """Choose offices, type everything that must be typed, and consent."""
        self.choose(offices)
        for label, typed in (
            ("In your own words", supporter.words),
            ("Name", supporter.name),
            ("E-mail", supporter.email),
            ("City", supporter.city),
        ):
            self.tab.get_by_label(label, exact=True).fill(typed)
        self.tab.get_by_label("Country", exact=True).select_option(supporter.country)
        self.tab.locator("[name=consent]").check()

    def choose(self, offices: Sequence[str]) -> None:
        """Tick these offices and no others."""
        boxes = self.tab.locator("[name=recipients]")
        for box in boxes.all():
            box.set_checked(box.get_attribute("value") in offices)

    def typed(self) -> dict[str, str]:
        """Return what stands in the fields of the form."""
        fields = self.tab.locator("form[data-write] :is(input:not([type=checkbox]), textarea, select)")
        values: dict[str, str] = fields.evaluate_all(
            "fields => Object.fromEntries(fields.map(field => [field.name, field.value]))"
        )
        return {name: value for name, value in values.items() if name not in {"csrf_token", "website"}}

    def chosen(self) -> list[str]:
        """Return the slugs of the offices that are ticked."""
        boxes = self.tab.locator("[name=recipients]:checked").all()
        return [str(box.get_attribute("value")) for box in boxes]

    def send(self) -> None:
        """Press the button that sends the form."""
        self.tab.get_by_role("button", name="Send me the confirmation mail").click()

    def preview(self) -> None:
        """Press the button that shows the letters: the way without JavaScript."""
        follow(self.tab, self.tab.get_by_role("button", name="Preview", exact=True))


def papers_in(tab: Page) -> dict[str, str]:
    """Return the letters of a page by office, to the character, whether or not they are in view."""
    sheets = tab.locator("[data-paper]").all()
    return {str(sheet.get_attribute("data-paper")): text_in(sheet.locator(".paper")) for sheet in sheets}


def text_in(element: Locator) -> str:
    """Return the text of an element as it stands in the document, white space and all."""
    text = element.text_content()
    assert text is not None
    return text


def go_to_form(tab: Page, site: DevelopmentSite) -> WritePage:
    """Walk from the home page over the campaign to its form, by the links that a person would press."""
    open_page(tab, f"{site.url}/")
    follow(tab, tab.get_by_role("link", name="Bring them home"))
    assert tab.url == f"{site.url}/campaigns/{CAMPAIGN}"
    follow(tab, tab.get_by_role("link", name="Write my letter").first)
    assert tab.url == f"{site.url}/campaigns/{CAMPAIGN}/write"
    return WritePage(tab)


def follow(tab: Page, control: Locator) -> None:
    """Press a link or a button, and wait for the page that it leads to, even if that has the same address."""
    with tab.expect_navigation():
        control.click()


def open_page(tab: Page, address: str) -> Response:
    """Open a page and return its answer."""
    answer = tab.goto(address)
    assert answer is not None
    return answer


def open_confirmation(tab: Page, supporter: Supporter) -> None:
    """From the page that says “sent”: open the mailbox, wait for the mail, open it, follow its link."""
    follow(tab, tab.get_by_role("link", name="Open the mailbox"))
    mail = tab.locator("main li", has_text=supporter.email).get_by_role("link").first
    reload_until(tab, mail, within=MAIL_WITHIN)
    follow(tab, mail)
    follow(tab, tab.locator("main a[href*='/confirm/']"))


def confirm(tab: Page) -> None:
    """Confirm, and arrive at the letter's page."""
    follow(tab, tab.get_by_role("button", name=re.compile("Yes, send my letter")))


def states_in(tab: Page) -> dict[str, str]:
    """Return `data-state` by `data-recipient` of a letter's page."""
    rows = tab.locator("[data-recipient][data-state]").all()
    return {str(row.get_attribute("data-recipient")): str(row.get_attribute("data-state")) for row in rows}


def reload_until_settled(tab: Page, wanted: dict[str, str], within: float = ACCEPTED_WITHIN) -> None:
    """Reload a letter's page until every copy is in the state that is wanted."""
    deadline = time.monotonic() + within
    while (states := states_in(tab)) != wanted:
        assert time.monotonic() < deadline, f"after {within} s: {states}"
        tab.wait_for_timeout(250)
        tab.reload()


def reload_until(tab: Page, element: Locator, within: float) -> None:
    """Reload a page until something is on it."""
    deadline = time.monotonic() + within
    while not element.is_visible():
        assert time.monotonic() < deadline, f"not on {tab.url} after {within} s: {element}"
        tab.wait_for_timeout(250)
        tab.reload()


def assert_fits(tab: Page) -> None:
    """A page must not be wider than its window: nobody should have to scroll sideways to read."""
    wide = tab.evaluate("[document.scrollingElement.scrollWidth, document.documentElement.clientWidth]")
    if wide[0] <= wide[1]:
        return
    culprits = tab.evaluate(
        """() => [...document.querySelectorAll("body *")]
        .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .map(one => one.tagName + "." + one.className).slice(0, 8)"""
    )
    raise AssertionError(f"{tab.url} is {wide[0]} pixels wide in a window of {wide[1]}: {culprits}")


def show_width(tab: Page, width: int) -> None:
    """Let the window be so wide, if it is not."""
    if tab.viewport_size is None or tab.viewport_size["width"] != width:
        tab.set_viewport_size({"width": width, "height": 800})


def assert_heading(tab: Page, text: str) -> None:
    """The page's main heading must say this."""
    expect(tab.get_by_role("heading", level=1)).to_have_text(text)


@contextmanager
def doubled_text(tab: Page) -> Iterator[None]:
    """Let the page be read by somebody whose browser shows text twice as large, for the length of a block."""
    devtools = tab.context.new_cdp_session(tab)
    before = _text_size(tab)
    devtools.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    assert _text_size(tab) == 2 * before, "the page's text does not follow the reader's size"
    try:
        yield
    finally:
        devtools.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
        devtools.detach()


def _text_size(tab: Page) -> float:
    return float(tab.evaluate("parseFloat(getComputedStyle(document.body).fontSize)"))
