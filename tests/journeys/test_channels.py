"""The four channels, and post at the desk, in a real browser on a telephone: one letter on each way."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

from playwright.sync_api import Page, Response, ViewportSize, expect

from tests.support.journeys import CAMPAIGN, DevelopmentSite, Supporter
from tests.support.journeys_browser import (
    assert_fits,
    assert_heading,
    confirm,
    follow,
    go_to_form,
    open_confirmation,
    open_page,
    reload_until_settled,
)
from tests.support.journeys_desk import at_the_desk
from tests.support.journeys_ways import FORM, MAIL, OTHER, POST, other_ways
from tests.support.plugins.browser import PageFactory

PHONE: ViewportSize = {"width": 360, "height": 740}
WRITTEN = ("supporters", "letters", "deliveries", "consents", "state_changes")


def pressed(tab: Page, name: str) -> Response:
    """Press a button that opens a new tab, and return what came there.

    A page is asked for, not any POST: the preview under the form may still be on its way.
    """
    with tab.context.expect_event("response", _is_page_posted_for) as came:
        tab.get_by_role("button", name=name).first.click()
    answer: Response = came.value
    return answer


def _is_page_posted_for(answer: Response) -> bool:
    return answer.request.method == "POST" and answer.request.is_navigation_request()


def test_each_letter_on_its_own_way(site: DevelopmentSite, page_factory: PageFactory) -> None:
    tab = page_factory(viewport=PHONE, permissions=["clipboard-read", "clipboard-write"])
    supporter = Supporter()
    with other_ways(site):
        form = go_to_form(tab, site)
        form.fill(supporter)
        tab.get_by_label("E-mail", exact=True).fill("")
        tab.locator("[name=consent]").uncheck()
        before = {table: site.count(table) for table in WRITTEN}
        own_before = site.count("own_sending_marks")

        printed = pressed(tab, "Print my letters (PDF)")
        assert (printed.status, printed.headers["content-type"]) == (200, "application/pdf")

        follow(tab, tab.get_by_role("button", name="Send with my own mail"))
        assert_heading(tab, "Your 4 letters, to send yourself")
        assert_fits(tab)
        _mails_it(tab)
        _is_told_field_by_field(tab)
        assert {table: site.count(table) for table in WRITTEN} == before, "nothing of it is stored"

        follow(tab, tab.get_by_role("button", name="Change the letter"))
        expect(tab.get_by_label("Name", exact=True)).to_have_value(supporter.name)
        form.fill(supporter)
        form.send()
        open_confirmation(tab, supporter)
        confirm(tab)
        wanted = {MAIL: "accepted", FORM: "awaiting_confirmation", POST: "to_print", OTHER: "accepted"}
        reload_until_settled(tab, wanted)
        assert_fits(tab)
        tab.get_by_label("Number that the form gave you").fill("CASE 77")
        follow(tab, tab.get_by_role("button", name="I have submitted it"))
        expect(tab.locator(f"[data-recipient={FORM}]")).to_contain_text("The office's reference: CASE 77")

        _posts_it(page_factory(viewport=PHONE), site)
        tab.reload()
        expect(tab.locator(f"[data-recipient={POST}][data-state=posted]")).to_contain_text("RR 123 CH")
        assert_fits(tab)

    open_page(tab, f"{site.url}/campaigns/{CAMPAIGN}")
    # Others who walk over this site before may have sent some themselves, too.
    told = f"{own_before + 2} more were sent by their writers without us"
    expect(tab.locator(".tally")).to_contain_text(told)


def _mails_it(tab: Page) -> None:
    section = tab.locator(f"[data-own={MAIL}]")
    link = urlsplit(str(section.get_by_role("link", name="Open in my mail program").get_attribute("href")))
    assert (link.scheme, unquote(link.path)) == ("mailto", f"{MAIL}@offices.example")
    text = section.get_by_label("First copy the text")
    assert "body" not in parse_qs(link.query), "a page of text is too long for a link"
    section.get_by_role("button", name="Copy First copy the text").click()
    expect(tab.get_by_role("status").first).to_have_text("Copied")
    assert tab.evaluate("navigator.clipboard.readText()") == text.input_value()
    section.get_by_text("I write my mails in the browser").click()
    for name in ("Gmail", "Outlook", "Yahoo"):
        expect(section.get_by_role("link", name=name)).to_have_attribute("rel", "noreferrer noopener")
    assert_fits(tab)
    follow(tab, section.get_by_role("button", name="I have sent it"))
    expect(tab.locator(f"[data-own={MAIL}]")).to_contain_text("Sent by you")


def _is_told_field_by_field(tab: Page) -> None:
    section = tab.locator(f"[data-own={FORM}]")
    expect(section.get_by_role("link", name="Open the form")).to_have_attribute(
        "href", "https://form.example/"
    )
    expect(section.get_by_label("Your name")).to_have_value("Ani Petrosyan")
    assert len(section.get_by_label("Message").input_value()) <= 700
    follow(tab, section.get_by_role("button", name="I have submitted it"))
    expect(tab.locator(f"[data-own={FORM}]")).to_contain_text("Sent by you")
    expect(tab.locator(f"[data-own={MAIL}]")).to_contain_text("Sent by you")
    expect(tab.locator(f"[data-own={POST}]")).to_contain_text("print the letter and post it")


def _posts_it(tab: Page, site: DevelopmentSite) -> None:
    at_the_desk(tab, site, "organizer")
    open_page(tab, f"{site.url}/admin/letters")
    follow(tab, tab.get_by_role("link", name="Letters by post"))
    assert_fits(tab)
    follow(tab, tab.get_by_role("button", name="Make a batch of all that waits"))
    assert_fits(tab)
    paper = tab.get_by_role("link", name="Open the letters (PDF)").get_attribute("href")
    got = tab.context.request.get(site.url + str(paper))
    assert (got.status, got.body()[:4]) == (200, b"%PDF")
    follow(tab, tab.get_by_role("button", name="Yes, they are printed"))
    tab.get_by_label("Tracking number").fill("RR 123 CH")
    assert_fits(tab)
    follow(tab, tab.get_by_role("button", name="They are posted"))
    expect(tab.get_by_role("status")).to_have_text("One letter is posted.")
