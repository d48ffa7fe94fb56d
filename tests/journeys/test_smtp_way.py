"""A supporter's whole way over HTTP, through a real mail server, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.support.certificates import Certificate
from tests.support.journeys import (
    DURING_THE_CAMPAIGN,
    OFFICES,
    Supporter,
    Visitor,
    WrittenLetter,
    body_of,
    confirm_letter,
    confirmation_link,
    notice_text,
    settled_page,
    write_letter,
)
from tests.support.lengths import MOSTLY_POSTGRESQL
from tests.support.nursery import run_borne
from tests.support.plugins.mail import SmtpFactory
from tests.support.plugins.processes import SiteFactory, WorkerFactory
from tests.support.smtp import Envelope, RecordingSmtpServer

pytestmark = pytest.mark.seeded

SITE = "letters.example"
DOMAINS = {"REDRESS_MAIL_FROM": SITE, "REDRESS_BOUNCE_DOMAIN": f"bounce.{SITE}"}
PATIENCE = 30.0
"""Seconds; generous, because the machine is shared."""
WORDS = "Բարեւ ձեզ, my name is Անի.\n\n.One line begins with a dot,\nFrom Lyon, “with care”. 🕊️\n.\nThe end."
HEADERS = {
    "Date",
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
}


@pytest.fixture(params=["plain", "starttls-and-auth"])
def mail_server(
    request: pytest.FixtureRequest, smtp_factory: SmtpFactory, certificate: Certificate
) -> RecordingSmtpServer:
    """A mail server that asks for nothing, and one that takes mail only encrypted and from those it knows."""
    if request.param == "plain":
        return smtp_factory()
    return smtp_factory(
        starttls=certificate.server_context(),
        require_starttls=True,
        credentials={"redress": "correct-horse"},
    )


@pytest.mark.backends(*MOSTLY_POSTGRESQL)  # the ways in a browser are SQLite's
def test_each_office_gets_its_letter_once(
    mail_server: RecordingSmtpServer,
    certificate: Certificate,
    live_server: SiteFactory,
    worker_process: WorkerFactory,
) -> None:
    """One message for each office, to nobody else, with the right headers and the previewed text."""
    url = mail_server.url
    if mail_server.starttls:
        # The certificate is checked: it is one that only this file vouches for.
        url += f"&ca={certificate.path}"
    variables = {"REDRESS_SMTP_URL": url, "REDRESS_TEST_NOW": DURING_THE_CAMPAIGN, **DOMAINS}
    site = live_server(**variables)
    worker = worker_process(REDRESS_BASE_URL=site.url, **variables)
    visitor = Visitor(site.url)
    letter = write_letter(visitor, Supporter(name="Ani Պետրոսյան", words=WORDS))
    (notice,) = mail_server.wait_for(1, PATIENCE)
    assert notice.rcpt_tos == (letter.supporter.email,)
    assert "Ani" not in notice_text(notice.content)
    assert "Lyon" not in notice_text(notice.content)

    link = confirmation_link(notice_text(notice.content))
    confirmed = confirm_letter(visitor, link)
    settled = settled_page(visitor, confirmed, dict.fromkeys(OFFICES, "accepted"))
    # Asking twice is answered, and changes nothing.
    again = visitor.post(link, [("csrf_token", visitor.csrf_token)])
    assert (again.status, again.url) == (200, settled.url)

    assert (site.stop(), worker.stop()) == (0, 0)
    sent = {one.rcpt_tos: one for one in mail_server.envelopes[1:]}
    assert len(mail_server.envelopes) == 1 + len(OFFICES)
    assert set(sent) == {(f"{slug}@offices.example",) for slug in OFFICES}
    assert {one.tls for one in sent.values()} == {mail_server.starttls is not None}
    assert {one.user for one in sent.values()} == {"redress" if mail_server.credentials else None}
    for slug in OFFICES:
        assert_letter(sent[(f"{slug}@offices.example",)], slug, letter)
    # A bounce, or a question, must lead to one copy.
    assert len({one.mail_from for one in sent.values()}) == len(OFFICES)
    assert len({one.message["Message-ID"] for one in sent.values()}) == len(OFFICES)


def assert_letter(sent: Envelope, slug: str, letter: WrittenLetter) -> None:
    """Headers as promises.md has them under “Deliverability”; the text is the previewed one, to the byte."""
    mail, supporter = sent.message, letter.supporter
    assert sent.mail_from.startswith("b+")
    assert sent.mail_from.endswith(f"@bounce.{SITE}")
    assert set(mail.keys()) == HEADERS
    assert len(mail.keys()) == len(HEADERS)
    (sender,) = mail["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (
        f"{supporter.name} via Bring them home",
        f"letters@{SITE}",
    )
    (to,) = mail["To"].addresses
    assert to.addr_spec == f"{slug}@offices.example"
    assert to.display_name == letter.previews[slug].splitlines()[0]
    (reply_to,) = mail["Reply-To"].addresses
    assert (reply_to.display_name, reply_to.addr_spec) == (supporter.name, supporter.email)
    assert mail["Message-ID"].endswith(f"@{SITE}>")
    late = parsedate_to_datetime(mail["Date"]) - datetime.fromisoformat(DURING_THE_CAMPAIGN)
    assert timedelta() <= late < timedelta(minutes=5)
    assert mail["Subject"] in letter.previews[slug]
    assert body_of(sent.content) == letter.previews[slug].encode()


# On one database: how a delivery is cancelled is tested on both in tests/delivery.
@pytest.mark.backends("sqlite")
def test_a_letter_taken_back_in_time_is_not_sent(
    smtp_server: RecordingSmtpServer, live_server: SiteFactory, environ: dict[str, str]
) -> None:
    """Without a worker nothing leaves; what its writer takes back meanwhile never does."""
    mail = {"REDRESS_SMTP_URL": smtp_server.url, **DOMAINS}
    site = live_server(REDRESS_TEST_NOW=DURING_THE_CAMPAIGN, **mail)
    visitor = Visitor(site.url)
    write_letter(visitor, Supporter())
    a_minute_later = datetime.fromisoformat(DURING_THE_CAMPAIGN) + timedelta(minutes=1)
    later = {**environ, **mail, "REDRESS_TEST_NOW": a_minute_later.isoformat()}
    assert run_borne("worker", "--drain", environ=later).returncode == 0
    (notice,) = smtp_server.envelopes

    confirmed = confirm_letter(visitor, confirmation_link(notice_text(notice.content)))
    assert confirmed.page.states == dict.fromkeys(OFFICES, "queued")
    withdrawn = visitor.submit(confirmed, action="/letters/")
    assert withdrawn.page.states == dict.fromkeys(OFFICES, "cancelled")
    assert "4 copies were taken back." in withdrawn.page.text
    assert run_borne("worker", "--drain", environ=later).returncode == 0
    assert smtp_server.envelopes == [notice]
