"""What journeys share: a site as `make run` starts it, and people who go through a site over HTTP."""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from functools import cached_property
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener

from tests.support.lengths import SOAK
from tests.support.pages import Page, Values
from tests.support.processes import Program, Site, new_site, running

CAMPAIGN = "bring-them-home"
OFFICES = ("un-hrc-president", "un-high-commissioner", "osce-chairman-in-office", "us-secretary-of-state")
"""Slugs of the offices that the seeded campaign writes to, in its order."""

DURING_THE_CAMPAIGN = "2026-12-01T10:00:00+00:00"
"""For REDRESS_TEST_NOW: a day on which the seeded campaign takes letters, whenever the tests run."""

CONFIRM_LINK = re.compile(r"https?://[^\s<>\"]+/confirm/[^\s<>\"/]+")
INVITATION = re.compile(r"https?://\S+/admin/welcome/\S+")


@dataclass(frozen=True)
class Answer:
    """What a visitor got: the last answer, after redirects."""

    status: int
    url: str
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """The body, read as UTF-8."""
        return self.body.decode("utf-8")

    @cached_property
    def page(self) -> Page:
        """The body, parsed."""
        return Page(self.text)


class Visitor:
    """A person with a browser of their own, without JavaScript: keeps cookies, follows redirects.

    Args:
        base: scheme, host and port of the site.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.csrf_token = ""
        """Of the last form that was sent: a page keeps it after it was used."""

    def get(self, address: str) -> Answer:
        """Open a page; `address` may be a path."""
        return self._open(Request(urljoin(self.base, address)))

    def post(self, address: str, fields: Sequence[tuple[str, str]]) -> Answer:
        """Send a form, with the `Origin` that a browser would send."""
        target = urljoin(self.base, address)
        self.csrf_token = dict(fields).get("csrf_token", "")
        return self._open(Request(target, urlencode(fields).encode(), {"Origin": self.base}))

    def submit(
        self,
        answer: Answer,
        values: Values | None = None,
        *,
        button: str | None = None,
        action: str | None = None,
        field: str | None = None,
    ) -> Answer:
        """Fill in a form of a page and send it: arguments as of `CheckingClient.submit`."""
        form = answer.page.form(action, field=field)
        fields = form.filled(values or {}, button)
        target = urljoin(answer.url, form.action)
        if form.method == "GET":
            return self.get(f"{target.partition('?')[0]}?{urlencode(fields)}")
        return self.post(target, fields)

    def _open(self, request: Request) -> Answer:
        try:
            with self.opener.open(request, timeout=20) as got:
                return Answer(got.status, got.url, got.headers, got.read())
        except HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.url, refused.headers, refused.read())


def new_address() -> str:
    """Return a mailbox of somebody new: a site writes to the same one only a few times a day."""
    return f"ani.{secrets.token_hex(4)}@example.org"


@dataclass(frozen=True)
class Supporter:
    """Somebody who writes, and what they type."""

    words: str = "My grandmother was born in Shushi.\n\nI think of those who wait at home, every day."
    name: str = "Ani Petrosyan"
    city: str = "Lyon"
    country: str = "FR"
    email: str = field(default_factory=new_address)

    @property
    def typed(self) -> dict[str, str]:
        """The fields of the write page, by name, that are typed or chosen."""
        return {
            "personal_message": self.words,
            "name": self.name,
            "email": self.email,
            "city": self.city,
            "country": self.country,
        }


def long_winded() -> Supporter:
    """Return somebody new for whom a page must make room: long names, and a word that has no end."""
    return Supporter(
        name="Մարիամ-Արփինե Տեր-Հովհաննիսյան-Խաչատրյան-Բաղդասարյանի Սարգսյան",
        words=f"{'Աշխարհագրություն' * 20} is one word. The rest of my letter has some more.",
        city="Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    )


@dataclass(frozen=True)
class WrittenLetter:
    """A letter that was sent from the write page: the texts that its writer saw, by office."""

    supporter: Supporter
    previews: Mapping[str, str]
    submission: Sequence[tuple[str, str]]
    """The fields of the form, as they were sent."""


def write_letter(
    visitor: Visitor, supporter: Supporter, offices: Sequence[str] = OFFICES, campaign: str = CAMPAIGN
) -> WrittenLetter:
    """Open the campaign, go to its form, look at a preview, and send the letter."""
    place = f"/campaigns/{campaign}"
    assert f"{place}/write" in visitor.get(place).page.links
    form = visitor.get(f"{place}/write")
    typed = {**supporter.typed, "recipients": offices, "consent": "y"}
    shown = visitor.submit(form, typed, button="preview", field="recipients")
    assert shown.status == 200, shown.page.text[:500]
    submission = shown.page.form(field="recipients").filled({}, "send")
    sent = visitor.post(form.url, submission)
    assert (sent.status, sent.url) == (200, f"{visitor.base}{place}/sent"), sent.page.text[:500]
    return WrittenLetter(supporter, papers_of(shown.page), submission)


def papers_of(page: Page) -> dict[str, str]:
    """Return the letters that a page shows, by office, to the character."""
    papers = {}
    for sheet in page.elements("section"):
        slug = sheet.get("data-paper")
        if slug:
            box = next(part for part in sheet.iter("div") if part.get("class") == "paper")
            papers[slug] = "".join(box.itertext())
    return papers


def confirm_letter(visitor: Visitor, link: str) -> Answer:
    """Open a confirmation link, confirm, and return the page of the letter."""
    asked = visitor.get(link)
    assert asked.status == 200, asked.page.text[:500]
    return visitor.submit(asked)


def settled_page(visitor: Visitor, page: Answer, wanted: Mapping[str, str], within: float = 30.0) -> Answer:
    """Open a letter's page again and again until every copy is in the state that is wanted, and return it."""
    deadline = time.monotonic() + within
    while page.page.states != wanted:
        assert time.monotonic() < deadline, f"after {within} s: {page.page.states}"
        time.sleep(0.1)
        page = visitor.get(page.url)
    return page


def confirmation_link(text: str) -> str:
    """Return the link of a mail that asks to confirm."""
    found = CONFIRM_LINK.findall(text)
    assert len(set(found)) == 1, f"not one link to confirm by: {found}"
    return str(found[0])


def parsed(content: bytes) -> EmailMessage:
    """Return a mail, parsed as its reader's program does."""
    return message_from_bytes(content, policy=policy.default)


def body_of(content: bytes) -> bytes:
    """Return the text of a mail of one part as its reader gets it: decoded, lines ended by LF."""
    mail = message_from_bytes(content)
    assert mail.get_content_type() == "text/plain"
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.replace(b"\r\n", b"\n")


def notice_text(content: bytes) -> str:
    """Return the plain text of a mail that the site sent in its own name."""
    part = parsed(content).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@dataclass
class DevelopmentSite:
    """A site in `development`, as `make run` starts it: with a worker, and a Maildir for a mail server."""

    site: Site
    data_dir: Path

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return self.site.url

    @property
    def invitation(self) -> str:
        """The first organizer's one-time link, as it was printed."""
        found = INVITATION.search(self.site.output)
        assert found, self.site.output
        return found[0]

    def mails_to(self, address: str) -> list[bytes]:
        """Return what lies in the Maildir for one recipient."""
        folder = self.data_dir / "mailbox"
        found = [path.read_bytes() for part in ("new", "cur") for path in (folder / part).glob("*")]
        return [content for content in found if _is_to(parsed(content), address)]

    def wait_for_mail(self, address: str, within: float = 30.0) -> bytes:
        """Wait for the first mail to somebody, and return it."""
        deadline = time.monotonic() + within
        while not (mails := self.mails_to(address)):
            assert time.monotonic() < deadline, f"no mail within {within} s:\n{self.site.output}"
            time.sleep(0.1)
        return mails[0]

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        with closing(self._connect()) as database:
            return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    @contextmanager
    def without_checked_address(self, slug: str) -> Iterator[None]:
        """Let an office's address be one that nobody has checked, for the length of a block."""
        where = "WHERE channel = 'email' AND recipient_id = (SELECT id FROM recipients WHERE slug = ?)"
        with closing(self._connect()) as database:
            kept = database.execute(f"SELECT verified_at, id FROM contacts {where}", (slug,)).fetchall()
        assert self.execute(f"UPDATE contacts SET verified_at = NULL {where}", slug) == len(kept) > 0
        try:
            yield
        finally:
            for verified_at, contact_id in kept:
                self.execute("UPDATE contacts SET verified_at = ? WHERE id = ?", verified_at, contact_id)

    def execute(self, statement: str, *values: object) -> int:
        """Change the database behind the site's back, and return how many rows that met."""
        with closing(self._connect()) as database, database:
            # The site keeps what it read of offices and campaigns until this number changes.
            database.execute("UPDATE content_version SET number = number + 1")
            return database.execute(statement, values).rowcount

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.data_dir / "redress.sqlite", timeout=10)


def _is_to(mail: EmailMessage, address: str) -> bool:
    return address in {box.addr_spec for box in mail["To"].addresses}


@contextmanager
def development_site(folder: Path) -> Iterator[DevelopmentSite]:
    """Start a site in an empty folder, as `make run` does, for the length of a block.

    The one difference: its campaign stays open, so that these tests still run when it is over.
    """
    data_dir = folder / "instance"
    environ = {"REDRESS_ENV": "development", "REDRESS_DATA_DIR": str(data_dir)}
    with _site_with_worker(environ, folder) as site:
        site.wait_until_alive()
        found = DevelopmentSite(site, data_dir)
        assert found.execute("UPDATE campaigns SET closes_on = NULL") == 1
        yield found


@contextmanager
def _site_with_worker(environ: Mapping[str, str], folder: Path) -> Iterator[Site]:
    """Start both as one program; where they are to be there quickly, as two that are born."""
    if SOAK:
        with running(new_site(environ, folder / "serve.log", "--worker", "--prepare")) as together:
            yield together
        return
    site = new_site(environ, folder / "serve.log", "--prepare", borne=True)
    with running(site):
        site.wait_until_alive()
        with running(Program(["worker"], site.environ, folder / "worker.log", borne=True)):
            yield site
