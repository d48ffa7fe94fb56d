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
    Visitor,
    confirm_letter,
    confirmation_link,
    long_winded,
    notice_text,
    settled_page,
    write_letter,
)
from tests.support.journeys_browser import (
    confirm,
    follow,
    go_to_form,
    open_confirmation,
    open_page,
    reload_until_settled,
)
from tests.support.journeys_desk import (
    NewCampaign,
    NewOffice,
    Organizer,
    add_office,
    at_the_desk,
    close_office,
    decide_on_address,
    import_offices,
    invite,
    make_campaign,
    make_joint_letter,
    open_account,
    propose_address,
)
from tests.support.journeys_news import read_shared, stop_updates, tell_what_came_back, write_update
from tests.support.journeys_own_data import see_to_own_data
from tests.support.journeys_ways import POST, other_ways
from tests.support.ports import HOST, free_port

EVERY_STATE = ("unclear", "bounced", "failed", "held")
"""States that a letter's page must show well and that a healthy mail server brings about for nobody."""


IMPORTED = """\
- external_id: tour-office
  institution: Assembly of a Name That Is So Long That It Hardly Fits On The Screen Of A Telephone
  title: Registrar
  short_name: Registrar
  level: national
  country: AM
  holders:
    - {external_id: tour-holder, name: Nare Hakobyan, starts_on: 2025-03-01}
  contacts:
    - {channel: email, value: registrar.with.a.long.address@assembly-of-names.offices.example}
"""


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
    _put_into_states(site)
    tab.reload()
    yield Stop("letter-in-trouble")
    _correct_a_fact(site)
    tab.reload()
    expect(tab.get_by_role("button", name="Send the corrected letter")).to_be_visible()
    yield Stop("letter-with-a-correction")
    follow(tab, tab.get_by_role("button", name="Take back").last)
    yield Stop("letter-withdrawn")


def _put_into_states(site: DevelopmentSite) -> None:
    one = "confirmed_at IS NOT NULL AND joint_letter_id IS NULL"
    newest = f"(SELECT id FROM letters WHERE {one} ORDER BY confirmed_at DESC LIMIT 1)"
    for place, state in enumerate(EVERY_STATE):
        # Not for want of a contact: there is one, and a worker would let it go.
        reason = HOLDER_CHANGED if state == "held" else ""
        what = "SET state = ?, reason = ?, due_at = NULL"
        where = f"WHERE position = ? AND letter_id = {newest}"
        assert site.execute(f"UPDATE deliveries {what} {where}", state, reason, place) == 1


def _correct_a_fact(site: DevelopmentSite) -> None:
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


DESK_TOURS = ("offices", "campaigns", "letters")
"""Together they lead over all pages of the organizers' desk; each begins with an owner of its own."""


def desk_tour(name: str, tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    """Walk one of `DESK_TOURS`."""
    tours = {"offices": _tour_of_offices, "campaigns": _tour_of_campaigns, "letters": _tour_of_letters}
    return tours[name](tab, site)


def _tour_of_offices(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    """From the owner's one-time link on."""
    owner = Organizer("owner")
    for name in open_account(tab, invite(site, owner), owner):
        yield Stop(f"desk-{name}")
    yield Stop("desk-today")
    for name in add_office(tab, site, NewOffice()):
        yield Stop(f"desk-{name}", 422 if name.endswith("errors") else 200)
    yield from _second_look(tab, site)
    yield from _office(tab)
    for name in import_offices(tab, site, IMPORTED, IMPORTED.replace("Registrar", "Chancellor")):
        yield Stop(f"desk-{name}")


def _tour_of_campaigns(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    at_the_desk(tab, site, "owner")
    for name in make_campaign(tab, site, NewCampaign()):
        yield Stop(f"desk-{name}")
    yield from _groups_and_deeds(tab)
    for name in make_joint_letter(tab, site):
        yield Stop(f"desk-{name}", 422 if name.endswith("errors") else 200)
    for name in write_update(tab, site):
        yield Stop(f"desk-{name}", 422 if name.endswith("errors") else 200)
    open_page(tab, f"{site.url}/admin/campaigns/import")
    yield Stop("desk-campaign-import")


def _groups_and_deeds(tab: Page) -> Iterator[Stop]:
    """From a campaign's page and back: its rules, a group, and that an office has acted."""
    campaign = tab.url
    follow(tab, tab.get_by_role("link", name="Groups and order"))
    yield Stop("desk-campaign-rules")
    follow(tab, tab.get_by_role("link", name="Add a group"))
    yield Stop("desk-campaign-group")
    open_page(tab, campaign)
    follow(tab, tab.locator("main table a[href*='/recipients/']").first)
    deed = f"{tab.url}/deed"
    open_page(tab, deed)
    tab.get_by_label("On which day").fill("2026-05-04")
    tab.get_by_label("What it has done, in English").fill("In May, it spoke up for the ships.")
    tab.get_by_label("Where that stands").fill("Minutes https://harbours.example/minutes")
    yield Stop("desk-deed")
    follow(tab, tab.get_by_role("button", name="It has acted"))
    open_page(tab, deed)
    yield Stop("desk-deed-recorded")
    follow(tab, tab.get_by_role("button", name="Undo this"))
    open_page(tab, campaign)


def _tour_of_letters(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    write_to_everybody(site)
    owner = at_the_desk(tab, site, "owner")
    yield from _letters(tab, site)
    for name in read_shared(tab, site):
        yield Stop(f"desk-{name}", 422 if name.endswith("errors") else 200)
    yield from _post(tab, site)
    yield from _evidence(tab, site)
    yield from _corrections(tab, site)
    yield from _organizers(tab, site)
    yield from _account(tab, site, owner)


def _second_look(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    office = tab.url
    for name in propose_address(tab, "another-" + NewOffice().address):
        yield Stop(f"desk-{name}")
    # As if a colleague had proposed it.
    assert site.execute("UPDATE contacts SET proposed_by = ? WHERE proposed IS NOT NULL", "a colleague") == 1
    for name in decide_on_address(tab, site):
        yield Stop(f"desk-{name}", 422 if name.endswith("errors") else 200)
    open_page(tab, office)


def _office(tab: Page) -> Iterator[Stop]:
    office = tab.url
    for link, name in (
        ("Edit the office", "office-edit"),
        ("End the term", "holder-end"),
        ("Suspend", "contact-suspend"),
    ):
        follow(tab, tab.get_by_role("link", name=link).first)
        yield Stop(f"desk-{name}")
        open_page(tab, office)
    for name in close_office(tab, "It was dissolved, and its tasks went to several others."):
        yield Stop(f"desk-{name}")
    follow(tab, tab.get_by_role("link", name="Reopen"))
    yield Stop("desk-office-reopen")


def _letters(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    open_page(tab, f"{site.url}/admin/held")
    yield Stop("desk-held-none")
    open_page(tab, f"{site.url}/admin/unclear")
    yield Stop("desk-unclear-none")
    _put_into_states(site)
    open_page(tab, f"{site.url}/admin/letters")
    yield Stop("desk-letters")
    open_page(tab, f"{site.url}/admin/letters?letter=NOTHING")
    yield Stop("desk-letters-none")
    open_page(tab, f"{site.url}/admin/letters?state=unclear")
    follow(tab, tab.locator("tbody a").first)
    yield Stop("desk-letter")
    letter = tab.url
    follow(tab, tab.get_by_role("link", name="Send it again"))
    yield Stop("desk-letter-decide")
    open_page(tab, letter)
    follow(tab, tab.get_by_role("link", name="Show name and text"))
    yield Stop("desk-letter-personal")
    open_page(tab, f"{site.url}/admin/recipients?q=nothing-of-that-name")
    yield Stop("desk-offices-none")
    open_page(tab, f"{site.url}/admin/")
    yield Stop("desk-today-with-letters")
    open_page(tab, f"{site.url}/admin/held")
    yield Stop("desk-held")
    follow(tab, tab.get_by_role("link", name="Cancel them").first)
    yield Stop("desk-held-cancel")
    open_page(tab, f"{site.url}/admin/stops")
    yield Stop("desk-sending")
    follow(tab, tab.get_by_role("link", name="Stop sending"))
    yield Stop("desk-stop")
    tab.get_by_label("Why").fill("A figure in the letter turned out to be wrong")
    follow(tab, tab.get_by_role("button", name="Stop now"))
    yield Stop("desk-sending-stopped")
    follow(tab, tab.get_by_role("link", name="Let it go on"))
    yield Stop("desk-stop-lift")
    follow(tab, tab.get_by_role("button", name="Let letters go on"))
    open_page(tab, f"{site.url}/admin/unclear")
    yield Stop("desk-unclear")
    follow(tab, tab.get_by_role("link", name="Send them again").first)
    yield Stop("desk-unclear-again")


def _post(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    open_page(tab, f"{site.url}/admin/post")
    yield Stop("desk-post-none")
    with other_ways(site):
        # Of all copies to that office one waits: the long-winded supporter's.
        newest = "(SELECT id FROM letters ORDER BY confirmed_at DESC LIMIT 1)"
        what = "state = 'to_print', channel = 'post', due_at = NULL"
        where = f"recipient_id = (SELECT id FROM recipients WHERE slug = ?) AND letter_id = {newest}"
        assert site.execute(f"UPDATE deliveries SET {what} WHERE {where}", POST) == 1
        open_page(tab, f"{site.url}/admin/post")
        yield Stop("desk-post")
        follow(tab, tab.get_by_role("button", name="Make a batch of all that waits"))
        yield Stop("desk-batch")
    follow(tab, tab.get_by_role("button", name="Yes, they are printed"))
    yield Stop("desk-batch-printed")
    tab.get_by_label("Posted on").fill("2001-01-01")
    follow(tab, tab.get_by_role("button", name="They are posted"))
    yield Stop("desk-batch-with-errors", 422)


def _evidence(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    _correct_a_fact(site)
    open_page(tab, f"{site.url}/admin/held")
    yield Stop("desk-held-stated")
    for link in ("Ask their writers", "Send them as they are", "Cancel them"):
        open_page(tab, f"{site.url}/admin/held")
        follow(tab, tab.get_by_role("link", name=link).first)
        yield Stop(f"desk-held-{link.split()[0].lower()}-stated")
    for path in ("", "/people", "/measures", "/rules", "/facts/new"):
        open_page(tab, f"{site.url}/admin/evidence{path}")
        yield Stop(f"desk-evidence{path.replace('/', '-')}")
    for path, link in (("/people", "Record what became"), ("/measures", "I looked it up")):
        open_page(tab, f"{site.url}/admin/evidence{path}")
        follow(tab, tab.get_by_role("link", name=link).first)
        yield Stop(f"desk-evidence-one-of{path.replace('/', '-')}")
    open_page(tab, f"{site.url}/admin/evidence")
    follow(tab, tab.get_by_role("link", name="held_count", exact=True))
    yield Stop("desk-fact")
    fact = tab.url
    for link in ("Edit", "Another fact takes its place", "Withdraw it"):
        open_page(tab, fact)
        follow(tab, tab.get_by_role("link", name=link, exact=True))
        yield Stop(f"desk-fact-{link.split()[0].lower()}")
    follow(tab, tab.get_by_role("button", name="Withdraw it"))
    expect(tab.locator("#errors")).to_be_visible()
    yield Stop("desk-fact-withdraw-with-errors", 422)


def _corrections(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    open_page(tab, f"{site.url}/admin/corrections")
    if tab.get_by_role("link", name="Decide").count() == 0:  # nobody has walked over the public pages before
        yield Stop("desk-corrections-none")
        _propose(site)
        tab.reload()
    yield Stop("desk-corrections")
    follow(tab, tab.get_by_role("link", name="Decide").first)
    yield Stop("desk-correction")
    follow(tab, tab.get_by_role("button", name="Decide"))
    expect(tab.locator("#errors")).to_be_visible()
    yield Stop("desk-correction-with-errors", 422)
    tab.get_by_label("Not taken over").check()
    tab.get_by_label("Note for colleagues").fill("The page says nothing of the kind.")
    follow(tab, tab.get_by_role("button", name="Decide"))
    yield Stop("desk-corrections-decided")
    open_page(tab, f"{site.url}/admin/recipients?q=chairman-in-office")
    follow(tab, tab.locator("tbody a").first)
    yield Stop("desk-office-with-letters")


def _propose(site: DevelopmentSite) -> None:
    visitor = Visitor(site.url)
    typed = {"text": "Since 1 December somebody else holds it.", "source": "See https://office.example/news."}
    page = visitor.get(f"/offices/{OFFICES[2]}/correct")
    assert visitor.submit(page, typed, field="source").status == 200


def _organizers(tab: Page, site: DevelopmentSite) -> Iterator[Stop]:
    open_page(tab, f"{site.url}/admin/organizers")
    yield Stop("desk-organizers")
    follow(tab, tab.get_by_role("link", name="Invite"))
    yield Stop("desk-invite")
    tab.get_by_label("E-mail address").fill(Organizer("viewer").email)
    follow(tab, tab.get_by_role("button", name="invitation"))
    yield Stop("desk-invited")
    open_page(tab, f"{site.url}/admin/audit")
    yield Stop("desk-audit")


def _account(tab: Page, site: DevelopmentSite, owner: Organizer) -> Iterator[Stop]:
    for path, name in (("account", "account"), ("change", "password"), ("mf-recovery-codes", "codes-left")):
        open_page(tab, f"{site.url}/admin/{path}")
        yield Stop(f"desk-{name}")
    follow(tab, tab.get_by_role("button", name="Sign out"))
    for password in ("wrong", owner.password):
        tab.get_by_label("E-mail address").fill(owner.email)
        tab.get_by_label("Password").fill(password)
        follow(tab, tab.get_by_role("button", name="Go on"))
        yield Stop("desk-sign-in-failed" if password == "wrong" else "desk-sign-in-code")
    follow(tab, tab.get_by_role("link", name="Use a recovery code"))
    yield Stop("desk-sign-in-recovery")


def write_to_everybody(site: DevelopmentSite) -> None:
    """Let somebody write to all offices of the campaign, and confirm."""
    visitor = Visitor(site.url)
    letter = write_letter(visitor, long_winded())
    link = confirmation_link(notice_text(site.wait_for_mail(letter.supporter.email)))
    settled_page(visitor, confirm_letter(visitor, link), dict.fromkeys(OFFICES, "accepted"))


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
