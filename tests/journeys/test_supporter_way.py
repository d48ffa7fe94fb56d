"""A supporter's whole way in a real browser, on a site as `make run` starts it."""

from __future__ import annotations

import re
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.support.browser import ARGUMENTS
from tests.support.journeys import OFFICES, DevelopmentSite, Supporter, body_of, parsed
from tests.support.journeys_browser import (
    assert_fits,
    assert_heading,
    confirm,
    follow,
    go_to_form,
    open_confirmation,
    papers_in,
    reload_until_settled,
    states_in,
    text_in,
)
from tests.support.plugins.browser import PageFactory

PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 900}

POINT = "My aunt reads the old letters. {{ recipient.ask }}"
ACCEPTED = dict.fromkeys(OFFICES, "accepted")
WORDS = (
    "Բարեւ ձեզ, my name is Ani.\n.A line that begins with a dot,\nFrom a desk in Lyon — with “care” & <hope>."
)


def assert_arrived(site: DevelopmentSite, supporter: Supporter, shown: dict[str, str]) -> None:
    """Each office has one mail, and its text is what the browser showed, byte for byte."""
    for slug, text in shown.items():
        mails = site.mails_to(f"{slug}@offices.example")
        mine = [mail for mail in mails if supporter.email in str(parsed(mail)["Reply-To"])]
        assert len(mine) == 1, f"{len(mine)} mails to {slug}"
        assert body_of(mine[0]) == text.encode()


def say_a_point(tab: Page) -> None:
    """Choose a point, open it, and say it in other words: all letters that leave room for it follow."""
    tab.get_by_label("Point 1").select_option("families")
    area = tab.get_by_label("Your words: The families who wait")
    tab.get_by_text("Put this in your own words: The families who wait").click()
    area.fill(POINT)
    for slug in OFFICES[:3]:
        expect(tab.locator(f"[data-paper={slug}] .own").last).to_have_text(POINT)
    expect(area).to_be_focused()


@pytest.mark.parametrize("window", [PHONE, DESK], ids=["360", "1280"])
def test_the_whole_way(window: ViewportSize, site: DevelopmentSite, page_factory: PageFactory) -> None:
    """From the campaign to letters that were accepted; the preview follows what is typed."""
    tab = page_factory(viewport=window)
    supporter = Supporter(words=WORDS)
    form = go_to_form(tab, site)
    assert_fits(tab)
    assert form.chosen() == list(OFFICES)
    assert all("[your own words]" in text for text in papers_in(tab).values())
    form.fill(supporter)
    for sheet in tab.locator("[data-paper]").all():
        expect(sheet.locator(".own")).to_have_text(WORDS)
        expect(sheet.locator(".signature")).to_have_text(f"{supporter.name} Lyon, France")
    say_a_point(tab)
    shown = papers_in(tab)
    assert list(shown) == list(OFFICES)
    assert all(WORDS in text for text in shown.values())
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


def test_the_back_button_keeps_what_was_typed(site: DevelopmentSite, page_factory: PageFactory) -> None:
    """Who goes to read once more, or sees that something is missing, does not type twice."""
    tab = page_factory(viewport=PHONE)
    supporter = Supporter()
    form = go_to_form(tab, site)
    form.fill(supporter, OFFICES[1:3])
    assert supporter.typed.items() <= form.typed().items()
    follow(tab, tab.get_by_role("link", name="Bring them home").first)
    tab.go_back()
    assert supporter.typed.items() <= form.typed().items()
    assert form.chosen() == list(OFFICES[1:3])

    form.send()
    assert_heading(tab, "Now look into your mailbox")
    tab.go_back()
    assert supporter.typed.items() <= form.typed().items()
    assert form.chosen() == list(OFFICES[1:3])


def test_a_corrected_address_gets_its_mail(
    site: DevelopmentSite, browser: Browser, whole_browser_path: str
) -> None:
    """Back from “look into your mailbox”, the address put right, sent again: a browser that kept the page
    as it was (with its submission key) must not have the correction taken for a double click.
    """
    # Playwright switches that memory off, which every browser that people use has.
    kept = browser.browser_type.launch(
        executable_path=whole_browser_path,
        args=ARGUMENTS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    wrong, right = Supporter(), Supporter()
    with closing(kept):
        tab = kept.new_page(viewport=PHONE)
        form = go_to_form(tab, site)
        form.fill(wrong)
        tab.evaluate("window.kept = true")
        form.send()
        assert_heading(tab, "Now look into your mailbox")
        tab.evaluate("history.back()")
        assert_heading(tab, "Your letter")
        assert tab.evaluate("window.kept"), "the browser did not keep the page: nothing is shown here"
        expect(tab.get_by_label("E-mail", exact=True)).to_have_value(wrong.email)
        tab.get_by_label("E-mail", exact=True).fill(right.email)
        form.send()
        assert_heading(tab, "Now look into your mailbox")
        site.wait_for_mail(right.email)


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_a_double_click_makes_one_letter(
    javascript: bool, site: DevelopmentSite, page_factory: PageFactory
) -> None:
    """With the script the second click is not sent; without it the server knows the form again."""
    tab = page_factory(java_script_enabled=javascript, viewport=PHONE)
    supporter = Supporter()
    before = site.count("letters")
    form = go_to_form(tab, site)
    form.fill(supporter)
    tab.get_by_role("button", name="Send me the confirmation mail").dblclick(no_wait_after=True)
    tab.wait_for_url("**/sent")
    site.wait_for_mail(supporter.email)
    tab.wait_for_timeout(500)
    assert site.count("letters") == before + 1
    assert len(site.mails_to(supporter.email)) == 1


# A form with errors is answered with 422, which the browser logs.
@pytest.mark.allow_page_errors
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_the_error_summary_leads_to_the_fields(
    javascript: bool, site: DevelopmentSite, page_factory: PageFactory
) -> None:
    """The summary has the focus, each of its links moves it to a field, and nothing typed is lost."""
    tab = page_factory(java_script_enabled=javascript, viewport=PHONE)
    form = go_to_form(tab, site)
    form.choose([])
    tab.get_by_label("Name", exact=True).fill("Ani Petrosyan")
    tab.get_by_label("E-mail", exact=True).fill("ani@")
    form.send()
    summary = tab.locator("#errors")
    expect(summary).to_be_focused()
    expect(tab).to_have_title(re.compile("^Please check: "))
    expect(tab.get_by_label("Name", exact=True)).to_have_value("Ani Petrosyan")
    expect(tab.get_by_label("E-mail", exact=True)).to_have_value("ani@")

    led_to = []
    for link in summary.get_by_role("link").all():
        field = tab.locator(str(link.get_attribute("href")))
        link.click()
        expect(field).to_be_focused()
        expect(field).to_be_in_viewport()
        expect(field).to_have_accessible_description(re.compile(re.escape(text_in(link))))
        led_to.append(field.get_attribute("name"))
    assert set(led_to) == {"recipients", "personal_message", "email", "city", "country", "consent"}
    assert len(led_to) == 6


def test_what_has_not_left_can_be_taken_back(site: DevelopmentSite, page_factory: PageFactory) -> None:
    """Three copies leave; the fourth waits for an address, and its writer takes it back."""
    tab = page_factory(viewport=PHONE)
    supporter = Supporter()
    waiting, leaving = OFFICES[3], OFFICES[:3]
    form = go_to_form(tab, site)
    form.fill(supporter)
    form.send()
    with site.without_checked_address(waiting):
        open_confirmation(tab, supporter)
        confirm(tab)
        reload_until_settled(tab, {**dict.fromkeys(leaving, "accepted"), waiting: "held"})
        tab.get_by_role("button", name="Take back what has not left").click()
    expect(tab.get_by_role("status")).to_have_text("One copy was taken back.")
    assert states_in(tab) == {**dict.fromkeys(leaving, "accepted"), waiting: "cancelled"}
    assert not tab.get_by_role("button", name="Take back").is_visible()
    assert not [m for m in site.mails_to(f"{waiting}@offices.example") if supporter.email.encode() in m]
