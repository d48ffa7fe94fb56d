"""Tours: every page of the site, one after the other, in a tab. Who walks along looks at what they like."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from app.letters.dispatch import HOLDER_CHANGED
from tests.support.environment import installation
from tests.support.journeys import (
    CAMPAIGN,
    OFFICES,
    DevelopmentSite,
    Supporter,
    confirmation_link,
    notice_text,
)
from tests.support.journeys_browser import (
    confirm,
    follow,
    go_to_form,
    open_confirmation,
    open_page,
    reload_until_settled,
)
from tests.support.journeys_news import stop_updates, tell_what_came_back
from tests.support.journeys_own_data import see_to_own_data
from tests.support.journeys_ways import other_ways
from tests.support.ports import HOST, free_port

EVERY_STATE = ("unclear", "bounced", "failed", "held")
"""States that a letter's page must show well and that a healthy mail server brings about for nobody."""


@dataclass(frozen=True)
class Stop:
    """A page of a tour.

    Attributes:
        name: what to call it in a failure, and its picture.
        status: with which the page answered.
    """

    name: str
    status: int = 200


def public_tour(tab: Page, site: DevelopmentSite, supporter: Supporter) -> Iterator[Stop]:
    """Walk over all pages that a supporter can meet on a site that works."""
    yield from _reading(tab, site)
    yield from _looking_at_offices(tab, site)
    yield from _writing(tab, site, supporter)
    yield from _confirming(tab, supporter)
    yield from _following(tab, site)
    for name in see_to_own_data(tab, site, supporter):
        yield Stop(name, {"privacy-with-errors": 422, "privacy-used": 410}.get(name, 200))
    yield from _declining(tab, site)
    yield from _finding_representatives(tab, site)


def _finding_representatives(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    """The write page of a campaign that writes to representatives: a code that lies in two districts."""
    asked = {"country": "US", "template": "us-state", "ask": {}, "ask_text": {"en": "I ask for your help."}}
    site.execute("UPDATE campaigns SET representatives = ? WHERE slug = ?", json.dumps(asked), CAMPAIGN)
    for number, slug in enumerate(("us-bureau-eur", "us-bureau-drl"), 1):
        area, key = f"{number:032x}", f"us/ca/cd:{number}"
        columns = "(id, key, kind, country, name, code, edition)"
        site.execute(
            f"INSERT OR IGNORE INTO areas {columns} VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(area, key, "district", "US", f"District {number}", str(number), "a tour"),
        )
        codes = (
            "INSERT OR IGNORE INTO area_postal_codes (id, area_id, country, postal_code) VALUES (?, ?, ?, ?)"
        )
        site.execute(codes, area, area, "US", "91206")
        site.execute("UPDATE recipients SET area_id = ? WHERE slug = ?", area, slug)
    go_to_form(tab, site)
    yield Stop("write-with-representatives")
    tab.get_by_label("Postal code").fill("91206")
    follow(tab, tab.get_by_role("button", name="Find my representatives"))
    expect(tab.get_by_text("Tick the one that is yours")).to_be_visible()
    yield Stop("write-representatives-found")


def _reading(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    campaign = f"/campaigns/{CAMPAIGN}"
    pages = {
        "home": "/",
        "campaign": campaign,
        "evidence": f"{campaign}/evidence",
        "joint": f"{campaign}/signatures",
        "privacy": "/privacy",
    }
    for name, path in pages.items():
        open_page(tab, site.url + path)
        yield Stop(name)


def _looking_at_offices(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    open_page(tab, f"{site.url}/offices")
    yield Stop("offices")
    open_page(tab, f"{site.url}/offices?q=nothing-of-that-name")
    yield Stop("offices-none")
    for slug, name in (
        ("osce-minsk-cochair-france", "closed"),
        ("un-wgad", "cases"),
        (OFFICES[2], "open"),
    ):
        open_page(tab, f"{site.url}/offices/{slug}")
        yield Stop(f"office-{name}")
    follow(tab, tab.get_by_role("link", name="Propose a correction", exact=True))
    yield Stop("correct")
    follow(tab, tab.get_by_role("button", name="Send the correction"))
    expect(tab.locator("#errors")).to_be_visible()
    yield Stop("correct-with-errors", 422)
    tab.get_by_label("What is wrong").fill("Since 1 December somebody else holds it: Nare Hakobyan.")
    tab.get_by_label("Where can we check that?").fill(f"https://office.example/{'long-address-' * 12}page")
    follow(tab, tab.get_by_role("button", name="Send the correction"))
    yield Stop("corrected")
    open_page(tab, f"{site.url}/offices/no-such-office")
    yield Stop("office-unknown", 404)


def _writing(tab: Page, site: DevelopmentSite, supporter: Supporter) -> Iterator[Stop]:
    form = go_to_form(tab, site)
    yield Stop("write")
    form.choose([])
    tab.locator("[name=email]").fill("nobody@")
    form.send()
    expect(tab.locator("#errors")).to_be_visible()
    yield Stop("write-with-errors", 422)
    form.choose(OFFICES[:1])
    form.preview()
    yield Stop("write-unfinished-preview")
    form.fill(supporter)
    form.preview()
    yield Stop("write-preview")
    with other_ways(site):
        follow(tab, tab.get_by_role("button", name="Send with my own mail"))
        yield Stop("own-mail")
        tab.locator("summary").first.click()
        follow(tab, tab.get_by_role("button", name="I have sent it").first)
        yield Stop("own-mail-sent")
    follow(tab, tab.get_by_role("button", name="Change the letter"))
    form.fill(supporter)
    form.send()
    tab.wait_for_url("**/sent")
    yield Stop("sent")


def _confirming(tab: Page, supporter: Supporter) -> Iterator[Stop]:
    sent = tab.url
    open_confirmation(tab, supporter)
    link = tab.url
    tab.goto(sent)
    follow(tab, tab.get_by_role("link", name="Open the mailbox"))
    yield Stop("mailbox")
    follow(tab, tab.locator("main li", has_text=supporter.email).get_by_role("link").first)
    yield Stop("mailbox-mail")
    tab.goto(link)
    yield Stop("confirm")
    tab.goto(f"{link}/decline")
    yield Stop("decline")
    tab.goto(link)
    confirm(tab)
    yield Stop("letter-on-its-way")
    letter = tab.url
    tab.goto(link)
    yield Stop("used", 410)
    tab.goto(letter)


def _following(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    reload_until_settled(tab, dict.fromkeys(OFFICES, "accepted"))
    yield Stop("letter")
    for name in tell_what_came_back(tab, site):
        yield Stop(name, 422 if name.endswith("errors") else 200)
    for name in stop_updates(tab, site):
        yield Stop(name)
    tab.locator("summary").first.click()
    yield Stop("letter-open")
    put_into_states(site)
    tab.reload()
    yield Stop("letter-in-trouble")
    correct_a_fact(site)
    tab.reload()
    expect(tab.get_by_role("button", name="Send the corrected letter")).to_be_visible()
    yield Stop("letter-with-a-correction")
    follow(tab, tab.get_by_role("button", name="Take back").last)
    yield Stop("letter-withdrawn")


def put_into_states(site: DevelopmentSite) -> None:
    one = "confirmed_at IS NOT NULL AND joint_letter_id IS NULL"
    newest = f"(SELECT id FROM letters WHERE {one} ORDER BY confirmed_at DESC LIMIT 1)"
    for place, state in enumerate(EVERY_STATE):
        # Not for want of a contact: there is one, and a worker would let it go.
        reason = HOLDER_CHANGED if state == "held" else ""
        what = "SET state = ?, reason = ?, due_at = NULL"
        where = f"WHERE position = ? AND letter_id = {newest}"
        assert site.execute(f"UPDATE deliveries {what} {where}", state, reason, place) == 1


def correct_a_fact(site: DevelopmentSite) -> None:
    """Let what is held state a fact in whose place there is another one."""
    reason = "fact corrected: ecthr_march_2021"
    assert site.execute("UPDATE deliveries SET reason = ? WHERE state = 'held'", reason) > 0


def _declining(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    supporter = Supporter()
    form = go_to_form(tab, site)
    form.fill(supporter)
    form.send()
    tab.wait_for_url("**/sent")
    tab.goto(f"{confirmation_link(notice_text(site.wait_for_mail(supporter.email)))}/decline")
    follow(tab, tab.get_by_role("button", name="Delete the letter"))
    yield Stop("declined")
    tab.goto(f"{site.url}/letters/wrong")
    yield Stop("letter-unknown", 404)


def failing_tour(tab: Page, url: str) -> Iterator[Stop]:
    """Walk over all error pages of a `failing_site`, and over what is empty there."""
    from app.error_pages import PAGES

    for status in sorted(PAGES):
        open_page(tab, f"{url}/fails/{status}")
        yield Stop(f"error-{status}", status)
    for name, path in (("home-empty", "/"), ("mailbox-empty", "/dev/mailbox")):
        open_page(tab, url + path)
        yield Stop(name)


@contextmanager
def failing_site(folder: Path, database_url: str) -> Iterator[str]:
    """Serve a site on a migrated, empty database, with one more page for each way to fail.

    Args:
        folder: for its keys and mailbox.
        database_url: of the database.

    Yields:
        Its address.
    """
    from flask import abort

    from app import create_app
    from app.error_pages import PAGES
    from app.security.guard import PUBLIC, audience, declare
    from app.settings import Settings

    port = free_port()
    url = f"http://{HOST}:{port}"
    environ = installation(folder, database_url, REDRESS_ENV="development", REDRESS_BASE_URL=url)
    app = create_app(Settings.from_environ(environ))

    @audience(PUBLIC)
    def fails(status: int) -> str:
        abort(status)

    app.add_url_rule("/fails/<int:status>", "fails", fails)
    declare(app, "fails", PUBLIC)
    assert PAGES, "there are error pages to look at"
    server = make_server(HOST, port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
