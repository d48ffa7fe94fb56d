"""What leaves: one text on every way, right headers, the same bytes for good."""

from __future__ import annotations

import email
import email.policy
import uuid
from datetime import timedelta
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from typing import cast

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import clock
from app.delivery.models import Delivery
from app.errors import Gone, Refused
from app.evidence.reading import Known
from app.letters.confirming import confirm, look_at
from app.letters.previewing import preview
from app.letters.snapshot import open_snapshot
from app.letters.wording import Words, frame_for, word_letter
from app.rendering.sentences import RenderingError
from app.rendering.typography import clean_line, clean_text
from tests.factories.campaigns import TemplateFactory, store_campaign
from tests.factories.evidence import FactFactory, store
from tests.factories.letters import (
    DraftFactory,
    WriterFactory,
    copies,
    write_and_confirm,
    write_and_find_token,
    write_letter,
)
from tests.factories.recipients import ContactFactory, HolderFactory, OfficeFactory
from tests.factories.storage import everything
from tests.support.lengths import length

HARD_WORDS = [
    "One line.",
    ".\n..\n.dot first\nFrom the start\n>From\nEnd",
    "Բարև ձեզ, ես Անին եմ։\n\nՇնորհակալություն։",
    "Привет. Это моё письмо — «важное»…",
    "שלום, זה מכתב\nمرحبا، هذه رسالة",
    "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 ❤️ e\u0301 naïve",
    "W" * 5000,
    "=20 =? =C3=A9 ?= trailing equals =",
    "a" * 75 + " " + "b" * 76 + "\n" + "c" * 998,
    "  indented\n\ttabbed\n{{ supporter.name }} {% if x %} %(name)s <b>&amp;</b>",
    "ends with many lines\n\n\n\n",
]


HEADERS = ["Content-Transfer-Encoding", "Content-Type", "Date", "From", "MIME-Version", "Message-ID"]
HEADERS += ["Reply-To", "Subject", "To"]


def message_of(copy: Delivery) -> EmailMessage:
    """Read the bytes of a copy as a mail program does."""
    assert copy.wire is not None
    return cast(EmailMessage, email.message_from_bytes(copy.wire, policy=email.policy.default))


def text_of(message: EmailMessage) -> str:
    """Return the text of a message without what a library might do to it."""
    payload = cast(bytes, message.get_payload(decode=True))
    return payload.decode().replace("\r\n", "\n")


def display_name(copy: Delivery, header: str) -> str:
    """Return the name in a header by RFC 2047 (the newer parser of Python 3.11 puts blanks into it)."""
    assert copy.wire is not None
    raw = str(email.message_from_bytes(copy.wire)[header]).replace("\r\n", "")
    name, _address = parseaddr(raw)
    return str(make_header(decode_header(name)))


def test_one_text_from_preview_to_bytes(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    for words in HARD_WORDS:
        own = clean_text(words, limit=5000)
        snapshot = open_snapshot(slug, "en", day=now.date())
        draft = DraftFactory.build(
            personal_message=own, recipients=tuple(office.slug for office in snapshot.offices)
        )
        previewed = [letter.text for letter in preview(snapshot, draft, now=now)]
        token = write_and_find_token(
            slug,
            now=now,
            personal_message=own,
            writer=draft.writer,
            submission_key=draft.submission_key,
        )
        shown = [letter.text for letter in look_at(token, "en", now=now).letters]
        confirm(token, now=now + timedelta(hours=1))
        frozen = [copy for copy in copies() if draft.reference in copy.text]
        assert previewed == shown == [copy.text for copy in frozen]
        assert [text_of(message_of(copy)) for copy in frozen] == shown
        assert all(own in text for text in shown)


def test_headers_are_those_of_a_letter_from_a_person(app_context: Flask) -> None:
    offices = [
        OfficeFactory.build(
            holders=[HolderFactory.build(name="Maria Müller", rank="Ambassador")],
            contacts=[ContactFactory.build(value="desk@münchen.example")],
        )
    ]
    now = clock.now()
    writer = WriterFactory.build(name="Анна Գրող", email="anna@people.example")
    write_and_confirm(store_campaign(offices), now=now, writer=writer)
    (copy,) = copies()
    message = message_of(copy)
    sender, to, reply_to = (cast(AddressHeader, message[name]) for name in ("From", "To", "Reply-To"))
    assert [str(one.addr_spec) for one in sender.addresses] == ["letters@localhost.localdomain"]
    assert sender.addresses[0].display_name == "Анна Գրող via Water for the valley"
    assert [str(one.addr_spec) for one in to.addresses] == ["desk@xn--mnchen-3ya.example"]
    assert "Maria Müller" in to.addresses[0].display_name
    assert [str(one.addr_spec) for one in reply_to.addresses] == ["anna@people.example"]
    assert reply_to.addresses[0].display_name == "Анна Գրող"
    assert message["Subject"] == copy.subject
    assert parsedate_to_datetime(str(message["Date"])) == now.replace(microsecond=0)
    assert message["Message-ID"] == copy.message_id
    for absent in ("Cc", "Bcc", "Auto-Submitted", "List-Unsubscribe", "List-Id", "Precedence", "X-Mailer"):
        assert absent not in message, absent
    assert copy.envelope_to == "desk@xn--mnchen-3ya.example"
    assert copy.envelope_from.startswith("b+")
    assert writer.email not in copy.envelope_from


def test_message_ids_differ_by_letter_and_office_and_tell_nothing(app_context: Flask) -> None:
    slug = store_campaign()
    for _letter in range(3):
        write_and_confirm(slug)
    found = [(copy.message_id or "", copy) for copy in copies()]
    assert len({identifier for identifier, _copy in found}) == 6
    for identifier, copy in found:
        assert identifier.endswith("@localhost.localdomain>")
        assert copy.id.hex not in identifier
        assert str(copy.letter_id).replace("-", "") not in identifier


def test_a_name_that_could_be_a_header_stays_a_name(app_context: Flask) -> None:
    slug = store_campaign([OfficeFactory.build()])
    names = [
        'Anna "A" O\\Neil',
        "anna@evil.example, other",
        "<b@evil.example>",
        "Anna; (comment) [x]",
        "Bcc: b@evil.example",
        "x" * 120,
        "Ж" * 120,
        "👩🏽‍🚀" * 20,
        "a\u0300\u0301\u0302" * 20,
        "=  ?utf-8",
    ]
    for name in names:
        write_and_confirm(slug, writer=WriterFactory.build(name=name, city="Saint-Étienne, (42)"))
        message = message_of(copies()[-1])
        sender = cast(AddressHeader, message["From"])
        assert [str(one.addr_spec) for one in sender.addresses] == ["letters@localhost.localdomain"]
        assert display_name(copies()[-1], "Reply-To") == name
        assert sorted(message.keys()) == HEADERS


LINES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@pytest.mark.backends("sqlite")  # nothing of it is the database's
@settings(max_examples=length(15, 40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=LINES, city=LINES, own=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_whatever_the_form_lets_through_can_be_composed(
    app_context: Flask, name: str, city: str, own: str
) -> None:
    try:
        name, city, own = clean_line(name), clean_line(city), clean_text(own)
    except RenderingError:
        return
    if not (name and city and own):
        return
    slug = _campaign_of(app_context)
    write_and_confirm(slug, writer=WriterFactory.build(name=name, city=city), personal_message=own)
    copy = copies()[-1]
    assert own in copy.text
    assert text_of(message_of(copy)) == copy.text


def _campaign_of(app: Flask) -> str:
    slug = app.extensions.get("test_campaign")
    if slug is None:
        slug = app.extensions["test_campaign"] = store_campaign([OfficeFactory.build()])
    return str(slug)


def test_a_fact_that_was_withdrawn_stops_the_letter_with_a_sentence(app_context: Flask) -> None:
    store(FactFactory.build(key="wells", value="seven"))
    body = "{{ fact.wells.value }} wells are dry.\n\n{{ personal }}\n"
    slug = store_campaign([OfficeFactory.build()], templates=[TemplateFactory.build(body=body)])
    token = write_and_find_token(slug)
    store(FactFactory.build(key="wells", value="seven"), status="withdrawn")
    with pytest.raises(Gone, match="withdrew something that your letter states"):
        look_at(token, "en", now=clock.now())
    with pytest.raises(Gone):
        confirm(token, now=clock.now())
    assert {copy.state for copy in copies()} == {"awaiting_confirmation"}
    store(FactFactory.build(key="wells", value="seven"), status="current")
    confirm(token, now=clock.now())
    assert copies()[0].text.count("seven wells are dry.") == 1


def test_a_letter_without_words_of_ones_own_where_none_are_asked_for(app_context: Flask) -> None:
    body = "A request.\n\n{% if personal %}{{ personal }}\n\n{% endif %}{{ recipient.ask }}\n"
    slug = store_campaign(
        [OfficeFactory.build()], personal={"required": False}, templates=[TemplateFactory.build(body=body)]
    )
    write_and_confirm(slug, personal_message="")
    assert "\n\n\n" not in copies()[0].text
    assert "A request.\n\nI ask you to have the sluice opened." in copies()[0].text


def test_what_the_letter_shows_and_the_supporter_left_empty_is_asked_for_at_its_field(
    app_context: Flask,
) -> None:
    body = "I write as {{ supporter.title }}.\n\n{{ personal }}\n"
    slug = store_campaign([OfficeFactory.build()], templates=[TemplateFactory.build(body=body)])
    before = everything()
    for draft, field in (({}, "title"), ({"personal_message": ""}, "personal_message")):
        writer = WriterFactory.build(title="" if field == "title" else "Dr.")
        with pytest.raises(Refused, match="needs it") as refusal:
            write_letter(slug, writer=writer, **draft)
        assert refusal.value.field == field
    assert everything() == before
    write_and_confirm(slug, writer=WriterFactory.build(title="Dr."))
    assert "I write as Dr." in copies()[0].text


def test_words_come_from_the_letter_alone(app_context: Flask) -> None:
    """The same letter worded twice is the same text: neither clock nor chance is in it."""
    slug, now = store_campaign([OfficeFactory.build()]), clock.now()
    snapshot = open_snapshot(slug, "en", day=now.date())
    (office,) = snapshot.offices
    words = Words(WriterFactory.build(), "Mine.", "AAAA-BBBB-CC", now.date(), "en", (), uuid.uuid4())
    version = snapshot.version_for(office, "en", now=now)
    texts = {
        word_letter(
            frame_for(
                campaign=snapshot.campaign,
                office=office,
                version=version,
                known=Known({}, {}, {}),
                written_on=words.written_on,
            ),
            words,
        ).text
        for _time in range(3)
    }
    assert len(texts) == 1
    assert "AAAA-BBBB-CC" in texts.pop()
