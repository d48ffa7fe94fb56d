"""An organizer's whole way: from the one-time link to an office that the next supporter can write to."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.journeys import (
    CAMPAIGN,
    DevelopmentSite,
    Supporter,
    Visitor,
    body_of,
    confirm_letter,
    confirmation_link,
    notice_text,
    parsed,
    settled_page,
    write_letter,
)
from tests.support.journeys_browser import follow
from tests.support.journeys_desk import (
    CODES,
    NewCampaign,
    NewOffice,
    Organizer,
    add_office,
    at_the_desk,
    close_office,
    invite,
    make_campaign,
    sign_in,
)

WRITE = f"/campaigns/{CAMPAIGN}/write"


# The form of an office is sent empty once, and answered with 422.
@pytest.mark.allow_page_errors
def test_an_office_is_added_and_written_to(site: DevelopmentSite, page: Page) -> None:
    """Invited, signed in with a second factor, an office added: the next supporter's letter reaches it."""
    owner, office = at_the_desk(page, site, "owner"), NewOffice()
    assert len(set(owner.recovery_codes)) == CODES
    for _stop in add_office(page, site, office):
        pass
    expect(page.get_by_role("heading", level=1)).to_have_text(office.title)
    expect(page.locator("main")).to_contain_text("Supporters can write to it")
    (slug,) = [text for text in page.locator("dd code").all_inner_texts() if "harbour" in text]
    its_page = page.url

    letter = deliver(site, slug)
    (mail,) = site.mails_to(office.address)
    assert body_of(mail) == letter.encode()
    assert office.ask_text in letter
    assert office.holder in str(parsed(mail)["To"])

    follow(page, page.get_by_role("link", name="Letters", exact=True))
    row = page.get_by_role("row").filter(has_text=office.title)
    expect(row).to_contain_text("Accepted")
    follow(page, row.get_by_role("link"))
    assert "Ani Petrosyan" not in page.content()
    follow(page, page.get_by_role("link", name="Show name and text"))
    expect(page.locator("main")).to_contain_text("Ani Petrosyan")
    assert letter in page.locator(".paper").all_text_contents()

    page.goto(its_page)
    for _stop in close_office(page, "It was dissolved."):
        pass
    boxes = Visitor(site.url).get(WRITE).page.elements("input", name="recipients")
    assert slug not in {box.get("value") for box in boxes}


def test_a_campaign_is_made_launched_and_written_to(site: DevelopmentSite, page: Page) -> None:
    """With nobody's help: texts, letter, points, office, fact; then a supporter's letter arrives."""
    new = NewCampaign()
    at_the_desk(page, site, "owner")
    for _stop in make_campaign(page, site, new):
        pass
    follow(page, page.get_by_role("link", name="Its public page"))
    expect(page.get_by_role("heading", level=1)).to_have_text(new.title)
    slug = page.url.rpartition("/")[2]
    visitor = Visitor(site.url)
    letter = write_letter(visitor, Supporter(), ["un-hrc-president"], campaign=slug)
    link = confirmation_link(notice_text(site.wait_for_mail(letter.supporter.email)))
    settled_page(visitor, confirm_letter(visitor, link), {"un-hrc-president": "accepted"})
    text = letter.previews["un-hrc-president"]
    assert new.ask_text in text
    assert "The winter is near." in text or "Winter comes soon." in text


def deliver(site: DevelopmentSite, slug: str) -> str:
    """Let the next supporter write to one office, and return the letter when it has arrived."""
    visitor = Visitor(site.url)
    letter = write_letter(visitor, Supporter(), [slug])
    link = confirmation_link(notice_text(site.wait_for_mail(letter.supporter.email)))
    settled_page(visitor, confirm_letter(visitor, link), {slug: "accepted"})
    return letter.previews[slug]


def test_a_viewer_looks_and_changes_nothing(site: DevelopmentSite) -> None:
    """What a viewer does not see is refused, too, when its address is known."""
    deliver(site, "un-hrc-president")
    visitor, viewer = Visitor(site.url), Organizer("viewer")
    sign_in(visitor, viewer, invite(site, viewer))
    offices = visitor.get("/admin/recipients")
    assert offices.status == 200
    assert "/admin/recipients/new" not in offices.page.links
    office = next(
        link for link in offices.page.links if re.fullmatch(r"/admin/recipients/[0-9a-f-]{36}", link)
    )
    assert visitor.get(office).status == 200
    for path in (
        "/admin/recipients/new",
        f"{office}/edit",
        f"{office}/holders/new",
        f"{office}/contacts/new",
    ):
        assert visitor.get(path).status == 403, path
    token = ("csrf_token", dict(offices.page.form("/admin/logout").filled({}))["csrf_token"])
    new = [("institution", "X"), ("title", "Y"), ("short_name", "Z"), ("level", "national"), token]
    assert visitor.post("/admin/recipients/new", new).status == 403
    assert (
        visitor.post(f"{office}/close", [("closed_on", "2026-11-21"), ("closed_reason", "X"), token]).status
        == 403
    )

    letters = visitor.get("/admin/letters")
    assert letters.status == 200
    letter = next(link for link in letters.page.links if re.fullmatch(r"/admin/letters/[0-9a-f-]{36}", link))
    shown = visitor.get(letter)
    assert shown.status == 200
    assert "Ani Petrosyan" not in letters.text + shown.text
    assert visitor.get(f"{letter}/personal").status == 403


def test_a_stranger_gets_nothing(site: DevelopmentSite) -> None:
    """Every address that the desk links to leads a stranger to the sign-in page, and tells nothing."""
    visitor, owner = Visitor(site.url), Organizer("owner")
    sign_in(visitor, owner, invite(site, owner))
    found = {"/admin/", "/admin/recipients", "/admin/letters", "/admin/organizers"}
    found |= {link for path in sorted(found) for link in visitor.get(path).page.links}
    found = {link for link in found if link.startswith("/admin/")}
    assert len(found) > 20
    stranger = Visitor(site.url)
    for path in sorted(found):
        answer = stranger.get(path)
        assert answer.url == f"{site.url}/admin/login", path
        assert answer.page.heading == "Sign in to the desk"
        assert "offices.example" not in answer.text
