"""Tours of the organizers' desk, as `journeys_tour` has those of the public pages."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.support.journeys import (
    OFFICES,
    DevelopmentSite,
    Visitor,
    confirm_letter,
    confirmation_link,
    long_winded,
    notice_text,
    settled_page,
    write_letter,
)
from tests.support.journeys_browser import follow, open_page
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
from tests.support.journeys_news import read_shared, write_update
from tests.support.journeys_tour import Stop, correct_a_fact, put_into_states
from tests.support.journeys_ways import POST, other_ways

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
    tab.get_by_label("Level").select_option("international")
    tab.get_by_label("What is asked, in a line").fill("Speak up for the ships.")
    tab.get_by_label("What is asked, as a sentence").fill("I ask you to speak up for the ships.")
    follow(tab, tab.get_by_role("button", name="Save"))
    follow(tab, tab.get_by_role("link", name="Change").last)
    follow(tab, tab.get_by_role("link", name="Take this rule out"))
    yield Stop("desk-campaign-group-remove")
    follow(tab, tab.get_by_role("button", name="Take it out"))
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
    put_into_states(site)
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
    correct_a_fact(site)
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
