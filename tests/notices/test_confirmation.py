"""The mail that asks to confirm: what it holds, and above all what it does not."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import cast

from flask import Flask

from app import clock
from app.database import transaction
from app.delivery.models import Delivery
from app.notices.confirmation import forget_confirmation
from app.notices.sending import message_id
from tests.factories.campaigns import store_campaign
from tests.factories.letters import (
    Notice,
    WriterFactory,
    notices,
    token_in,
    write_and_find_token,
    write_letter,
)
from tests.support.plugins.database import AppFactory

PLANTED = {
    "name": "Plantedname",
    "title": "Plantedtitle",
    "affiliation": "Plantedgroup",
    "city": "Plantedcity",
    "region": "Plantedregion",
    "postal_code": "PLANTED42",
}


def message_of(mail: Notice) -> EmailMessage:
    """Read a mail as a mail program does."""
    return cast(EmailMessage, email.message_from_bytes(mail.wire, policy=email.policy.default))


def bodies(mail: Notice) -> dict[str, str]:
    """Return the text of each part by its type, line ends as LF."""
    parts = [part for part in message_of(mail).walk() if not part.is_multipart()]
    return {
        part.get_content_type(): cast(bytes, part.get_payload(decode=True)).decode().replace("\r\n", "\n")
        for part in parts
    }


def test_none_of_what_was_typed_is_in_it(app_context: Flask) -> None:
    # Anybody can type anybody's address: the mail must not carry what they want said.
    writer = WriterFactory.build(email="plantedmail@people.example", **PLANTED)
    write_letter(store_campaign(), writer=writer, personal_message="Plantedwords http://planted.example")
    (mail,) = notices()
    whole = " ".join([*bodies(mail).values(), *map(str, message_of(mail).values()), mail.subject])
    assert "planted" not in whole.casefold().replace("plantedmail@people.example", "")
    assert whole.casefold().count("plantedmail") == 1  # in To, and nowhere else


def test_it_says_what_it_is_and_holds_one_link(app_context: Flask) -> None:
    token = write_and_find_token(store_campaign(), now=datetime(2026, 11, 21, 22, tzinfo=UTC))
    (mail,) = notices()
    # No HTML: nothing to load, and nothing by which to count who reads it.
    assert bodies(mail) == {"text/plain": mail.text}
    link = f"http://127.0.0.1:8000/confirm/{token}"
    assert re.findall(r"https?://\S+", mail.text) == [link, "http://127.0.0.1:8000"]
    assert "Water for the valley" in mail.text
    assert "28 November 2026" in mail.text
    assert "never to write to you again" in mail.text


def test_its_headers_are_those_of_a_machine_that_says_so(app_context: Flask) -> None:
    now = clock.now()
    write_letter(store_campaign(), now=now, writer=WriterFactory.build(email="Mariam@people.example"))
    (mail,) = notices()
    message = message_of(mail)
    assert str(message["From"]) == "Redress <noreply@localhost.localdomain>"
    assert str(message["To"]) == "Mariam@people.example"
    assert str(message["Subject"]) == mail.subject == "Please confirm your letter: Water for the valley"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == mail.message_id
    for absent in ("Reply-To", "Cc", "Bcc", "List-Unsubscribe", "Precedence"):
        assert absent not in message, absent
    assert re.fullmatch(r"b\+[a-z2-7]+@localhost\.localdomain", mail.envelope_from)
    assert (mail.envelope_to, mail.state, mail.due_at) == ("Mariam@people.example", "queued", now)


def test_it_leaves_before_letters_do(app_context: Flask) -> None:
    write_letter(store_campaign())
    assert notices()[0].priority < Delivery.__table__.c.priority.default.arg


def test_links_come_from_the_configured_address_and_name(app_factory: AppFactory) -> None:
    app = app_factory(
        REDRESS_BASE_URL="https://letters.example",
        REDRESS_SITE_NAME="Նամակներ",
        REDRESS_BOUNCE_DOMAIN="b.example",
    )
    with app.app_context(), app.test_request_context(headers={"Host": "evil.example"}):
        write_letter(store_campaign())
        (mail,) = notices()
        assert "https://letters.example/confirm/" in mail.text
        assert "evil.example" not in " ".join(bodies(mail).values())
        assert message_of(mail)["From"].addresses[0].display_name == "Նամակներ"
        assert message_of(mail)["From"].addresses[0].domain == "letters.example"
        assert mail.envelope_from.endswith("@b.example")


def test_a_campaign_with_an_odd_title_is_one_subject(app_context: Flask) -> None:
    title = "Ջուր  հովտին\n<b>&amp;</b> " + "long " * 40
    write_letter(store_campaign(title={"en": title}))
    (mail,) = notices()
    message = message_of(mail)
    assert len([name for name in message if name.casefold() == "subject"]) == 1
    assert "\n" not in mail.subject
    assert "<b>&amp;</b>" in mail.text
    assert str(message["Subject"]).endswith("long")


def test_an_international_address_is_written_in_ascii_on_the_wire(app_context: Flask) -> None:
    write_letter(store_campaign(), writer=WriterFactory.build(email="mariam@münchen.example"))
    (mail,) = notices()
    assert mail.envelope_to == "mariam@xn--mnchen-3ya.example"
    assert mail.wire.isascii()


def test_each_mail_has_its_own_name_and_keeps_it(app_context: Flask) -> None:
    slug = store_campaign()
    for _letter in range(3):
        write_letter(slug)
    names = {mail.message_id for mail in notices()}
    assert len(names) == 3
    key = notices()[0].id
    assert message_id("confirmation", key) == message_id("confirmation", key) != message_id("receipt", key)


def test_a_forgotten_mail_is_gone_with_its_journal_and_no_other(app_context: Flask) -> None:
    from app.letters.models import Letter
    from tests.factories.storage import counts

    slug = store_campaign()
    write_letter(slug)
    before = counts()
    write_letter(slug, now=clock.now() + timedelta(seconds=1))
    with transaction() as session:
        newest = session.query(Letter).order_by(Letter.created_at.desc()).first()
        assert newest is not None
        forget_confirmation(session, newest.id)
    assert counts()["deliveries"] == before["deliveries"] + 2  # the copies of the second letter
    assert counts()["state_changes"] == before["state_changes"]
    assert token_in(notices()[0])
