"""Mails as bytes: nothing comes in beside what was meant, and what was meant comes out to the byte."""

from __future__ import annotations

import email.policy
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rendering.mail import (
    EXTRA_HEADERS,
    Mailbox,
    NotAsMeant,
    UnsafeBody,
    UnsafeHeader,
    compose,
    needs_smtputf8,
    wire_address,
)
from app.rendering.mail_check import Expected, check
from tests.support.lengths import length

SENDER = Mailbox("Anna via Bring them home", "letters@redress.example")
TO = Mailbox("President of the Human Rights Council", "office@un.example")
REPLY_TO = Mailbox("Anna Petrosyan", "anna@mail.example")
DATE = datetime(2026, 11, 21, 19, 30, tzinfo=UTC)
LETTER = "Excellency,\n\nI write to you.\n\nRespectfully yours,\n\nAnna Petrosyan\n"
HEADERS = {"Date", "From", "To", "Reply-To", "Subject", "Message-ID", "MIME-Version", "Content-Type"}


def _compose(**given: Any) -> bytes:
    usual = {"sender": SENDER, "to": TO, "reply_to": REPLY_TO, "subject": "An appeal", "date": DATE}
    return compose(**{**usual, "message_id": "<0a1b.2c@redress.example>", "text": LETTER, **given})


def _parsed(message: bytes) -> EmailMessage:
    """Read a message with the standard library's newer parser, which the code under test does not use."""
    return BytesParser(EmailMessage, policy=email.policy.default).parsebytes(message)


def _text(message: bytes | EmailMessage) -> str:
    parsed = message if isinstance(message, EmailMessage) else _parsed(message)
    data = parsed.get_body(("plain",)).get_payload(decode=True)  # type: ignore[union-attr]
    assert isinstance(data, bytes)
    return data.replace(b"\r\n", b"\n").decode()


BREAKS = [
    "\r\n",
    "\n",
    "\r",
    "\n\n",
    "\r\n\r\n",
    "\r\n ",
    "\n\t",
    "\n\r",
    "\r\r\n",
    "\v",
    "\f",
    "\x1c",
    "\x1d",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
    "\0",
    "\0\n",
    "\x00\r\n",
    "\u010a",
    "\u560d\u560a",
    "%0d%0a",
    "%0A",
    "\\r\\n",
    "\\n",
    "=0D=0A",
    "&#13;&#10;",
    "=?utf-8?q?=0d=0a?=",
    "=?utf-8?b?DQo=?=",
    "\u202e",
    "\ud80d",
    "\x7f",
    "\x1b",
]
INJECTED = [
    "Bcc: victim@evil.example",
    "bcc:victim@evil.example",
    "Cc: victim@evil.example",
    "To: victim@evil.example",
    "Resent-To: victim@evil.example",
    "Reply-To: evil@evil.example",
    "From: evil@evil.example",
    "Subject: other",
    "Sender: evil@evil.example",
    "Content-Type: text/html",
    "Content-Transfer-Encoding: 8bit",
    "MIME-Version: 9",
    ".\r\nMAIL FROM:<evil@evil.example>",
    "<html>body</html>",
    ", victim@evil.example",
    "; victim@evil.example",
    "<victim@evil.example>",
    "--boundary",
    "victim@evil.example",
]
PAYLOADS = [
    *(f"x{brk}{text}" for brk, text in itertools.product(BREAKS, INJECTED)),
    *(f"{text}{brk}" for brk, text in itertools.product(BREAKS, INJECTED[:3])),
    '"',
    "\\",
    '"<a@evil.example>',
    'a" <b@evil.example>, "c',
    "(comment)",
    "a, b@evil.example",
    "group: a@evil.example;",
    "undisclosed-recipients:;",
    "=?utf-8?q?Bcc:_a@evil.example?=",
    "=?",
    "?=",
    "a =?us-ascii?q?x?= b",
    "<>",
    "@",
    "a@b",
]
FIELDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "subject": lambda payload: {"subject": payload},
    "sender name": lambda payload: {"sender": Mailbox(payload, SENDER.address)},
    "sender address": lambda payload: {"sender": Mailbox("", payload)},
    "sender local part": lambda payload: {"sender": Mailbox("Anna", f"{payload}@redress.example")},
    "to name": lambda payload: {"to": Mailbox(payload, TO.address)},
    "to address": lambda payload: {"to": Mailbox("", f"office@un.example{payload}")},
    "to local part": lambda payload: {"to": Mailbox("Office", f"{payload}@un.example")},
    "to domain": lambda payload: {"to": Mailbox("Office", f"office@{payload}")},
    "reply-to name": lambda payload: {"reply_to": Mailbox(payload, REPLY_TO.address)},
    "reply-to address": lambda payload: {"reply_to": Mailbox("", f"{payload}@mail.example")},
    "message id": lambda payload: {"message_id": f"<{payload}@redress.example>"},
    "auto-submitted": lambda payload: {"auto_submitted": payload},
    "extra header": lambda payload: {"extra": {"List-Id": payload}},
    "name of an extra header": lambda payload: {"extra": {payload: "x"}},
    "name of an extra header that is allowed": lambda payload: {"extra": {f"List-Id{payload}": "x"}},
}


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 500


@pytest.mark.parametrize("field", FIELDS)
def test_no_payload_adds_a_header_or_a_recipient(field: str) -> None:
    refused = 0
    for payload in PAYLOADS:
        given = FIELDS[field](payload)
        try:
            message = _compose(**given)
        except UnsafeHeader:
            refused += 1
            continue
        parsed = _parsed(message)
        optional = {"List-Id", "Auto-Submitted", "Content-Transfer-Encoding"}
        names = parsed.keys()
        assert HEADERS <= set(names) <= HEADERS | optional, payload
        assert len(names) == len(set(names)), payload
        assert _recipients(parsed) == [wire_address(given.get("to", TO).address)], payload
        assert _text(parsed) == LETTER, payload
    assert refused >= 400


def _recipients(message: bytes | EmailMessage) -> list[str]:
    parsed = message if isinstance(message, EmailMessage) else _parsed(message)
    header = parsed["To"]
    assert isinstance(header, AddressHeader)
    specs = [address.addr_spec for address in header.addresses]
    return [spec.encode(errors="surrogateescape").decode() for spec in specs]


def test_a_message_to_the_byte() -> None:
    """What was frozen once must come out the same from every later version."""
    message = _compose(
        subject="Պահանջ",
        sender=Mailbox('Anna "A." via Redress', "letters@redress.example"),
        to=Mailbox("", "office@un.example"),
        reply_to=None,
        text="Dear Zoë,\n.\n..x \nI write to you from Glendale.\n",
        auto_submitted="auto-generated",
    )

    assert message == (
        b"Date: Sat, 21 Nov 2026 19:30:00 +0000\r\n"
        b'From: "Anna \\"A.\\" via Redress" <letters@redress.example>\r\n'
        b"To: office@un.example\r\n"
        b"Subject: =?utf-8?b?1YrVodWw1aHVttW7?=\r\n"
        b"Message-ID: <0a1b.2c@redress.example>\r\n"
        b"Auto-Submitted: auto-generated\r\n"
        b"MIME-Version: 1.0\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b"\r\n"
        b"Dear Zo=C3=AB,\r\n=2E\r\n=2E.x=20\r\nI write to you from Glendale.\r\n"
    )


BODIES = {
    "plain": LETTER,
    "dots": ".\n..\n...\n.hidden\nmiddle\n.",
    "smuggling": "a\n.\nMAIL FROM:<x@evil.example>\nRCPT TO:<y@evil.example>\nDATA\nSubject: x\n\nb\n.\n",
    "armenian": "Հարգելի՛ Գերագույն հանձնակատար,\n\nԳրում եմ Ձեզ։\n",
    "cyrillic": "Ваше Превосходительство!\n\n«Пишу Вам…»\n",
    "georgian, greek, arabic": "გამარჯობა\nΚαλημέρα\nمرحبا\n",
    "emoji": "👩‍⚕️ 🏳️‍🌈 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️\n" * 40,
    "a word of 5,000 letters": "x" * 5_000 + "\n",
    "an armenian word of 5,000 letters": "հ" * 5_000,
    "long lines": "word " * 2_000 + "\n",
    "trailing newline": "a\n",
    "no trailing newline": "a",
    "many trailing newlines": "a\n\n\n\n",
    "leading newlines": "\n\n\na\n",
    "trailing blanks": "a \nb\t\nc  \n \n\t\n",
    "from": "From me to you\nFrom here\n>From there\nfrom\n",
    "equals": "a=b\n=3D\n=\n=20=\n" + "=" * 200,
    "empty": "",
    "newline": "\n",
    "boundary": "--=_x\n--\n-- \n",
    "controls": "\x01\x02\x7f\x85\u2028\n",
    "dots at soft breaks": "x" * 74 + "." * 300,
    "accents at soft breaks": "x" * 74 + "é" * 12 + "x" * 400,
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("html", [None, "<p>Հ é .</p>\n.\n<p>x</p>"])
def test_body_comes_back_to_the_byte(name: str, html: str | None) -> None:
    message = _compose(text=BODIES[name], html=html)

    assert _text(message) == BODIES[name]
    if html is not None:
        assert (
            _parsed(message).get_body(("html",)).get_payload(decode=True)
            == html.replace("\n", "\r\n").encode()
        )  # type: ignore[union-attr]
    _assert_fit_for_the_wire(message)


def _assert_fit_for_the_wire(message: bytes) -> None:
    lines = message.split(b"\r\n")
    assert message.endswith(b"\r\n")
    assert message.isascii()
    assert all(b"\r" not in line and b"\n" not in line and b"\0" not in line for line in lines)
    assert max(map(len, lines)) <= 76
    assert not any(line.startswith((b".", b"From ")) for line in lines)


def test_the_shorter_encoding_is_taken() -> None:
    assert b"quoted-printable" in _compose(text="Zoë writes mostly in plain letters.\n")
    assert b"base64" in _compose(text=BODIES["armenian"])


@settings(max_examples=length(40, 120), deadline=None)
@given(
    st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\0"), max_size=200),
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=120),
    st.text(st.sampled_from(' "\\(),:;<>@[].=_\u00a0éаԲ𝕏ab'), max_size=90),
)
def test_whatever_is_composed_reads_back(text: str, subject: str, name: str) -> None:
    try:
        message = _compose(text=text, subject=subject, to=Mailbox(name, TO.address))
    except UnsafeHeader:
        return

    assert _text(message) == text
    assert _recipients(message) == [TO.address]
    assert max(map(len, message.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78
    assert message == _compose(text=text, subject=subject, to=Mailbox(name, TO.address))


@pytest.mark.parametrize(
    "subject",
    [
        "",
        " ",
        "a",
        " lead",
        "trail ",
        "two  blanks",
        "x" * 300,
        "word " * 60,
        "Ю" * 200,
        "é",
        'q "q" \\',
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿" * 9,
        "?=",
        "= ?",
    ],
)
def test_subject_comes_back(subject: str) -> None:
    message = _compose(subject=subject)

    raw = dict(BytesParser(policy=email.policy.default).parsebytes(message).raw_items())["Subject"]
    assert str(email.policy.default.header_fetch_parse("Subject", raw)) == subject
    assert max(map(len, message.split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Anna",
        "Anna, Dr. (ret.)",
        'A "B" C',
        "back\\slash",
        "a@b.example",
        "Աննա",
        "Анна Ёлкина",
        "é" * 60,
        "x" * 120,
    ],
)
def test_names_come_back(name: str) -> None:
    message = _compose(sender=Mailbox(name, SENDER.address))

    # Not by the newer parser: before Python 3.13 it sets a blank between two encoded words of a name.
    raw = dict(_parsed(message).raw_items())["From"]
    phrase, address = parseaddr("".join(raw.splitlines()))
    assert (str(make_header(decode_header(phrase))), address) == (name, SENDER.address)


@pytest.mark.parametrize("text", ["a\rb", "a\r\nb", "\0", "\ud800", "a\r\n.\r\nb"])
def test_bodies_that_no_mail_can_carry(text: str) -> None:
    for part in ("text", "html"):
        with pytest.raises(UnsafeBody):
            _compose(**{part: text})


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@",
        "a@",
        "@b",
        "a@b@c",
        "a b@c.example",
        '"a b"@c.example',
        "a@[127.0.0.1]",
        "a@-b.example",
        "a@b..c",
        "a@.b",
        ".a@b",
        "a.@b",
        "a..b@c",
        "<a@b>",
        "a@b,c@d",
        "a@b;c@d",
        "a@b (x)",
        "x" * 65 + "@b",
        "a@" + "b." * 130 + "c",
        "a@b_c.example",
        "a\u200b@b.example",
        "a\u3000@b.example",
        "a@ex\u202eample",
        "a@\u2028b",
        "a:b@c.example",
    ],
)
def test_no_plain_address(address: str) -> None:
    with pytest.raises(UnsafeHeader):
        wire_address(address)
    with pytest.raises(UnsafeHeader):
        _compose(to=Mailbox("", address))


def test_international_addresses() -> None:
    assert wire_address("info@straße.example") == "info@xn--strae-oqa.example"
    assert wire_address("info@հայ.example") == "info@xn--y9a3aq.example"
    domain_only = _compose(to=Mailbox("", "info@straße.example"))
    assert not needs_smtputf8("info@straße.example")
    assert not needs_smtputf8(domain_only)
    assert _recipients(domain_only) == ["info@xn--strae-oqa.example"]

    local_part = _compose(to=Mailbox("Աննա", "աննա@un.example"))
    assert needs_smtputf8("աննա@un.example")
    assert needs_smtputf8(local_part)
    assert "<աննա@un.example>\r\n".encode() in local_part
    assert not needs_smtputf8(_compose(text="Բարեւ", subject="Բարեւ", sender=Mailbox("Բարեւ", "a@b.example")))


def test_dates_keep_their_time_zone() -> None:
    moved = DATE.astimezone(timezone(timedelta(hours=4)))

    assert b"Date: Sat, 21 Nov 2026 23:30:00 +0400\r\n" in _compose(date=moved)
    with pytest.raises(ValueError, match="time zone"):
        _compose(date=datetime(2026, 11, 21))  # noqa: DTZ001


def test_extra_headers() -> None:
    url = f"<https://redress.example/{'u' * 300}>"
    message = _parsed(
        _compose(extra={"List-Unsubscribe": url, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"})
    )

    assert message["List-Unsubscribe"] == url
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert not {"Bcc", "Cc", "To", "From", "Sender", "Content-Type", "Received"} & EXTRA_HEADERS
    for extra in ({"Bcc": "a@b.example"}, {"List-Id": "é"}, {"List-Id": "x" * 1_000}, {"list-id": "x"}):
        with pytest.raises(UnsafeHeader):
            _compose(extra=extra)


EXPECTED = Expected(SENDER, TO, REPLY_TO, "An appeal", LETTER, None, frozenset({"Reply-To"}))
TAMPERED: dict[str, tuple[bytes, bytes]] = {
    "a blind copy": (b"Subject:", b"Bcc: victim@evil.example\r\nSubject:"),
    "a copy": (b"Subject:", b"Cc: victim@evil.example\r\nSubject:"),
    "a second To": (b"Subject:", b"To: victim@evil.example\r\nSubject:"),
    "a second recipient": (b"<office@un.example>", b"<office@un.example>, victim@evil.example"),
    "another recipient": (b"<office@un.example>", b"<victim@evil.example>"),
    "another sender": (b"<letters@redress.example>", b"<evil@evil.example>"),
    "another reply address": (b"<anna@mail.example>", b"<evil@evil.example>"),
    "another name": (b'"Anna Petrosyan"', b'"Anna"'),
    "another subject": (b"An appeal", b"A threat"),
    "another text": (b"I write", b"I threaten"),
    "a longer text": (b"Anna Petrosyan\r\n", b"Anna Petrosyan\r\nP. S.\r\n"),
    "a bare line feed": (b"I write", b"I\nwrite"),
    "a bare carriage return": (b"I write", b"I\rwrite"),
    "a NUL": (b"I write", b"I\0write"),
    "a very long line": (b"I write", b"I write" + b" " * 1_000),
    "HTML instead": (b"text/plain", b"text/html"),
    "a header too few": (b"MIME-Version: 1.0\r\n", b""),
    "an end of headers": (b"Subject:", b"\r\nSubject:"),
    "an unknown header": (b"Subject:", b"X-Mailer: x\r\nSubject:"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_tampered_bytes_are_not_let_go(what: str) -> None:
    message = _compose()
    check(message, EXPECTED)

    before, after = TAMPERED[what]
    tampered = message.replace(before, after)
    assert tampered != message
    with pytest.raises(NotAsMeant):
        check(tampered, EXPECTED)


def test_html_may_not_hide_a_part() -> None:
    message = _compose(html="<p>x</p>")
    expected = Expected(SENDER, TO, REPLY_TO, "An appeal", LETTER, "<p>x</p>", frozenset({"Reply-To"}))
    check(message, expected)

    boundary = message.partition(b'boundary="')[2].partition(b'"')[0]
    attachment = b"--" + boundary + b"\r\nContent-Type: text/calendar\r\n\r\nx\r\n--" + boundary + b"--"
    with pytest.raises(NotAsMeant):
        check(message.replace(b"--" + boundary + b"--", attachment), expected)


def test_error_sentences_tell_no_value() -> None:
    with pytest.raises(UnsafeHeader) as caught:
        _compose(to=Mailbox("Secret Name\n", "secret@un.example"))

    assert "ecret" not in caught.value.sentence
    assert caught.value.header == "To"


ENCLOSED = st.lists(
    st.builds(
        lambda text: _compose(text=text, subject="Another"),
        st.text(st.characters(codec="utf-8", exclude_characters="\r\x00")),
    ),
    min_size=1,
    max_size=4,
)


@given(letters=ENCLOSED)
def test_messages_in_a_digest_come_out_to_the_byte(letters: list[bytes]) -> None:
    message = _compose(enclosed=letters, reply_to=None)
    cover, digest = _parsed(message).iter_parts()
    assert isinstance(digest, EmailMessage)
    assert (_text(cover), digest.get_content_type()) == (LETTER, "multipart/digest")  # type: ignore[arg-type]
    pieces = message.split(f"\r\n--{digest.get_boundary()}".encode())[1:-1]
    assert [piece.partition(b"\r\n\r\n")[2] for piece in pieces] == letters
    assert [part.get_content().get_content_type() for part in digest.iter_parts()] == ["text/plain"] * len(
        letters
    )  # type: ignore[attr-defined]


def test_a_digest_is_not_let_go_with_a_letter_that_says_its_boundary_or_needs_eight_bits() -> None:
    boundary = _parsed(_compose(enclosed=[_compose()])).get_payload(1).get_boundary()  # type: ignore[union-attr]
    for hostile in (f"X: y\r\n\r\n--{boundary}--\r\n".encode(), "To: é@office.example\r\n\r\n".encode()):
        with pytest.raises(NotAsMeant):
            _compose(enclosed=[_compose(), hostile])
