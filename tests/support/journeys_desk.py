"""What an organizer does in a real browser: opens an account, signs in, keeps offices."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyotp
from playwright.sync_api import FilePayload, Page, expect

from tests.support.journeys import DevelopmentSite, Visitor, confirmation_link, notice_text
from tests.support.journeys_browser import follow, open_page
from tests.support.nursery import run_borne

CODES = 10


@dataclass
class Organizer:
    """Somebody at the desk, with an authenticator of their own.

    Attributes:
        secret: what their authenticator was given; "" until then.
        recovery_codes: what they wrote down.
    """

    role: str
    email: str = field(default_factory=lambda: f"desk-{secrets.token_hex(4)}@organizers.example")
    password: str = "seven small green herons"
    secret: str = ""
    recovery_codes: list[str] = field(default_factory=list)

    @property
    def code(self) -> str:
        """What the authenticator shows now."""
        return pyotp.TOTP(re.sub(r"[\s-]", "", self.secret)).now()


def invite(site: DevelopmentSite, organizer: Organizer) -> str:
    """Invite somebody from the command line, and return the link that it prints."""
    # All the desks of a tour are in one network, and there are more of them in a minute than anybody has.
    site.execute("DELETE FROM rate_windows")
    done = run_borne(
        "organizers", "invite", organizer.email, "--role", organizer.role, environ=site.site.environ
    )
    assert done.returncode == 0, done.stderr
    link = done.stdout.strip()
    assert link.startswith(f"{site.url}/admin/welcome/")
    return link


def open_account(tab: Page, link: str, organizer: Organizer) -> Iterator[str]:
    """From the link to the desk: password, authenticator, recovery codes. Yields a name at each page."""
    open_page(tab, link)
    yield "welcome"
    tab.get_by_label("A password of your own").fill(organizer.password)
    tab.get_by_label("once more").fill(organizer.password)
    follow(tab, tab.get_by_role("button", name="Open my account"))
    yield "sign-in"
    tab.get_by_label("E-mail address").fill(organizer.email)
    tab.get_by_label("Password").fill(organizer.password)
    follow(tab, tab.get_by_role("button", name="Go on"))
    yield "second-factor"
    follow(tab, tab.get_by_role("button", name="Show the QR code"))
    yield "second-factor-key"
    organizer.secret = tab.locator("dl code").inner_text()
    tab.get_by_label("Six-digit code").fill(organizer.code)
    follow(tab, tab.get_by_role("button", name="Confirm the code"))
    yield "recovery-codes-offered"
    follow(tab, tab.get_by_role("button", name="Show my codes"))
    yield "recovery-codes"
    organizer.recovery_codes = tab.locator(".codes li").all_inner_texts()
    follow(tab, tab.get_by_role("link", name="to the desk"))


def at_the_desk(tab: Page, site: DevelopmentSite, role: str) -> Organizer:
    """Bring a new organizer to the desk."""
    organizer = Organizer(role)
    for _page in open_account(tab, invite(site, organizer), organizer):
        pass
    expect(tab.get_by_role("navigation", name="Desk")).to_be_visible()
    return organizer


def sign_in(visitor: Visitor, organizer: Organizer, link: str) -> None:
    """The same way over HTTP, for somebody of whom only what they may see matters."""
    page = visitor.get(link)
    names = page.page.form().names
    passwords = dict.fromkeys((name for name in names if "password" in name), organizer.password)
    page = visitor.submit(page, passwords)
    page = visitor.submit(page, {"email": organizer.email, "password": organizer.password})
    page = visitor.submit(page, button="authenticator")
    organizer.secret = "".join(next(page.page.elements("code")).itertext())
    page = visitor.submit(page, {"code": organizer.code}, field="code")
    assert page.status == 200, page.page.text
    assert page.url.startswith(f"{visitor.base}/admin/")


@dataclass(frozen=True)
class NewOffice:
    """An office that an organizer adds, with a title for which pages must make room."""

    short_name: str = "Harbour commissioner"
    institution: str = "Intergovernmental Organisation for the Peaceful Use of Harbours and Inland Waterways"
    title: str = (
        "Special Plenipotentiary Commissioner for Humanitarian Correspondence, Repatriation and "
        "Cross-border Family Reunification Questions in Harbours and Inland Waterways"
    )
    holder: str = "Maximiliane Wolkenstein-Trostburg und zu Hohenems-Altenberg"
    address: str = "commissioner@harbours.example"
    ask: str = "Let the families know which ships carry letters."
    ask_text: str = "I respectfully ask you to let the families know which ships carry their letters."


def switch_rule_of_two(tab: Page, site: DevelopmentSite, choice: str) -> Iterator[str]:
    """As an owner: choose who may verify an address, by the beginning of the label."""
    open_page(tab, f"{site.url}/admin/organizers")
    follow(tab, tab.get_by_role("link", name="the rule of two people"))
    yield "rules"
    tab.get_by_label(choice).check()
    _save(tab)


def add_office(tab: Page, site: DevelopmentSite, office: NewOffice) -> Iterator[str]:
    """As the owner of a group of one: add an office with a holder and a contact, verify it after the rule
    of two people is switched off, and let a campaign write to it; then switch the rule on again.
    """
    open_page(tab, f"{site.url}/admin/recipients")
    yield "offices"
    follow(tab, tab.get_by_role("link", name="Add an office"))
    yield "office-new"
    _save(tab)
    expect(tab.locator("#errors")).to_be_visible()
    yield "office-with-errors"
    _fill(tab, {"Institution": office.institution, "Title of the office": office.title})
    _fill(tab, {"Short name": office.short_name})
    _save(tab)
    yield "office-without-anything"
    follow(tab, tab.get_by_role("link", name="Add a holder"))
    yield "holder-new"
    _fill(tab, {"Name": office.holder, "Family name": office.holder.split()[-1]})
    _save(tab)
    follow(tab, tab.get_by_role("link", name="Add a contact"))
    yield "contact-new"
    _fill(tab, {"E-mail address, or address of the form": office.address})
    _save(tab)
    yield "contact-not-verified"
    its_page = tab.url
    follow(tab, tab.get_by_role("link", name="Who can verify it?"))
    yield "contact-for-others"
    yield from switch_rule_of_two(tab, site, "Anybody")
    open_page(tab, its_page)
    follow(tab, tab.get_by_role("link", name="Verify"))
    yield "contact-verify"
    _fill(tab, {"Checked against what?": "the contact page of the office"})
    follow(tab, tab.get_by_role("button", name="Yes, it is verified"))
    follow(tab, tab.get_by_role("link", name="Write to it in this campaign Bring them home"))
    yield "asked"
    tab.get_by_label("Which letter goes there").select_option("un-osce")
    _fill(tab, {"What is asked, in a line for the card": office.ask})
    _fill(tab, {"What is asked, as a sentence in the letter": office.ask_text})
    tab.get_by_label("Ticked when the page opens").uncheck()
    _save(tab)
    yield "office"
    for _stop in switch_rule_of_two(tab, site, "Somebody other"):
        pass
    open_page(tab, its_page)


@dataclass(frozen=True)
class NewCampaign:
    """A campaign that an organizer makes, from its title to the words of its letter."""

    title: str = "Letters for the harbour"
    office: str = "President of the Human Rights Council"
    ask: str = "Let the families know which ships carry letters."
    ask_text: str = "I respectfully ask you to let the families know which ships carry their letters."
    letter: str = (
        "I am writing from {{ supporter.place }}.\n\n{{ personal }}\n\n{{ points }}\n\n"
        "{{ recipient.ask }}\n\nThank you for your time."
    )
    points: str = "# soon: Soon\nThe winter is near.\nor:\nWinter comes soon.\n\n# kindly: Kindly\nThey wait."


def make_campaign(tab: Page, site: DevelopmentSite, new: NewCampaign) -> Iterator[str]:
    """As the owner of a group of one: a campaign with its letter, an office and a fact, launched."""
    for _stop in switch_rule_of_two(tab, site, "Anybody"):
        pass
    open_page(tab, f"{site.url}/admin/campaigns")
    yield "campaigns"
    follow(tab, tab.get_by_role("link", name="Start a campaign"))
    _fill(tab, {"Title": new.title, "Summary": "Ships lie in the harbour.", "What is asked": new.ask})
    _fill(tab, {"The story": "They have lain there since [spring](https://harbours.example/spring)."})
    yield "campaign-new"
    _save(tab)
    yield "campaign-draft"
    its_page = tab.url
    follow(tab, tab.get_by_role("link", name="Add a letter"))
    _fill(tab, {"What the letter is called": "An appeal", "Subject": "Ships and letters"})
    _fill(tab, {"The letter": new.letter})
    tab.get_by_text("Points to choose from, and").click()
    _fill(tab, {"Points to choose from": new.points, "Least points": "1", "Most points": "2"})
    yield "letter-new"
    follow(tab, tab.get_by_role("button", name="Save as a draft"))
    yield "letter-draft"
    follow(tab, tab.get_by_role("button", name="I have read it: publish"))
    open_page(tab, f"{site.url}/admin/recipients?q=president+human+rights+council")
    follow(tab, tab.get_by_role("link", name=new.office).first)
    choice = tab.get_by_role("listitem").filter(has_text=new.title)
    follow(tab, choice.get_by_role("link", name="Write to it in this campaign"))
    _fill(tab, {"What is asked, in a line for the card": new.ask})
    _fill(tab, {"What is asked, as a sentence in the letter": new.ask_text})
    _save(tab)
    open_page(tab, its_page)
    follow(tab, tab.get_by_role("link", name="Choose facts"))
    tab.get_by_role("checkbox").first.check()
    yield "campaign-facts"
    _save(tab)
    yield "campaign-ready"
    follow(tab, tab.get_by_role("button", name="Put it before the public"))
    yield "campaign-live"
    follow(tab, tab.get_by_role("link", name="An appeal"))
    yield "letter-published"
    open_page(tab, its_page)
    for _stop in switch_rule_of_two(tab, site, "Somebody other"):
        pass
    open_page(tab, its_page)


JOINT_LETTER = "Ships wait in the harbour.\n\n{{ recipient.ask }}\n\nThank you for your time."


def make_joint_letter(tab: Page, site: DevelopmentSite) -> Iterator[str]:
    """From a campaign's page: a letter that many sign, signed by one, ordered, and sent after a question."""
    its_page = tab.url
    for _stop in switch_rule_of_two(tab, site, "Anybody"):
        pass
    open_page(tab, its_page)
    follow(tab, tab.get_by_role("link", name="Add a letter"))
    _fill(tab, {"What the letter is called": "A joint appeal", "Subject": "Ships and letters"})
    _fill(tab, {"The letter": JOINT_LETTER})
    follow(tab, tab.get_by_role("button", name="Save as a draft"))
    follow(tab, tab.get_by_role("button", name="I have read it: publish"))
    open_page(tab, its_page)
    follow(tab, tab.get_by_role("link", name="Begin a joint letter"))
    tab.get_by_label("Which letter").select_option(label="A joint appeal (English)")
    follow(tab, tab.get_by_role("button", name="Begin it"))
    yield "joint-new-with-errors"
    tab.get_by_role("checkbox").first.check()
    follow(tab, tab.get_by_role("button", name="Begin it"))
    joint = tab.url
    yield "joint"
    follow(tab, tab.get_by_role("link", name="Begun by mistake"))
    yield "joint-give-up"
    open_page(tab, joint)
    follow(tab, tab.get_by_role("link", name="Its public page"))
    yield "joint-nobody-yet"
    yield from _sign(tab, site)
    for link, name in (
        ("Names and their order", "names"),
        ("Take off", "remove"),
        ("Send the letter", "send"),
    ):
        if name != "remove":
            open_page(tab, joint)
        follow(tab, tab.get_by_role("link", name=link).first)
        yield f"joint-{name}"
    follow(tab, tab.get_by_role("button", name="Send it"))
    yield "joint-sent"
    for _stop in switch_rule_of_two(tab, site, "Somebody other"):
        pass
    open_page(tab, its_page)


def _sign(tab: Page, site: DevelopmentSite) -> Iterator[str]:
    address = f"signs-{secrets.token_hex(4)}@people.example"
    follow(tab, tab.get_by_role("link", name="Sign the joint letter"))
    follow(tab, tab.get_by_role("button", name="Send me the confirmation mail"))
    yield "joint-sign-with-errors"
    for name, typed in {"name": "Ani Գրող", "email": address, "city": "Lyon"}.items():
        tab.locator(f"[name={name}]").fill(typed)
    tab.locator("[name=country]").select_option("FR")
    for box in tab.get_by_role("checkbox").all()[:2]:
        box.check()
    follow(tab, tab.get_by_role("button", name="Send me the confirmation mail"))
    yield "joint-signed"
    open_page(tab, confirmation_link(notice_text(site.wait_for_mail(address))))
    yield "joint-confirm"
    follow(tab, tab.get_by_role("button", name="Yes, I sign"))
    yield "joint-own"
    follow(tab, tab.get_by_role("link", name="Who has signed"))
    yield "joint-list"


def propose_address(tab: Page, address: str) -> Iterator[str]:
    """From an office's page: propose another address for its contact, and look at what that says."""
    its_page = tab.url
    follow(tab, tab.locator("#contacts ~ ul").get_by_role("link", name="Edit").first)
    _fill(tab, {"E-mail address, or address of the form": address})
    _save(tab)
    yield "office-with-proposal"
    follow(tab, tab.get_by_role("link", name="Look at the change"))
    yield "proposal-of-mine"
    open_page(tab, its_page)


def decide_on_address(tab: Page, site: DevelopmentSite) -> Iterator[str]:
    """From today's desk to what waits, and to the change that somebody else proposed."""
    open_page(tab, f"{site.url}/admin/")
    follow(tab, tab.get_by_role("link", name="second pair of eyes"))
    yield "waiting"
    follow(tab, tab.get_by_role("link", name="Look at the change").first)
    yield "proposal"
    follow(tab, tab.get_by_role("button", name="Keep the old address"))
    yield "proposal-with-errors"


def import_offices(tab: Page, site: DevelopmentSite, text: str, newer: str) -> Iterator[str]:
    """Import offices from a file; then see what a newer edition would change, and what a bad one holds."""
    bad = f"{text}- nothing\n"
    for content, name in ((text, "import-plan"), (newer, "import-newer"), (bad, "import-bad")):
        open_page(tab, f"{site.url}/admin/recipients")
        follow(tab, tab.get_by_role("link", name="Import offices"))
        if name == "import-plan":
            yield "import"
        file: FilePayload = {"name": "offices.yaml", "mimeType": "text/yaml", "buffer": content.encode()}
        tab.get_by_label("File", exact=True).set_input_files(file)
        follow(tab, tab.get_by_role("button", name="Show what would change"))
        yield name
        if name == "import-plan":
            follow(tab, tab.get_by_role("button", name="Import it"))
            yield "import-done"


def close_office(tab: Page, reason: str) -> Iterator[str]:
    """From an office's page: close it."""
    follow(tab, tab.get_by_role("link", name="Close the office"))
    yield "office-close"
    _fill(tab, {"What happened": reason})
    follow(tab, tab.get_by_role("button", name="Close the office"))
    yield "office-closed"


def _fill(tab: Page, typed: dict[str, str]) -> None:
    for label, text in typed.items():
        # A label may end in “(optional)”.
        field_of = tab.get_by_label(label, exact=True).or_(
            tab.get_by_label(f"{label} (optional)", exact=True)
        )
        field_of.fill(text)


def _save(tab: Page) -> None:
    follow(tab, tab.get_by_role("button", name="Save"))
