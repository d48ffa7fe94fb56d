"""E-mail addresses: what is taken, what is refused and why, and which of them are one mailbox."""

from __future__ import annotations

import contextlib
import socket
import uuid

import pytest
from email_validator import EmailNotValidError, validate_email
from flask import Flask
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.delivery.envelope import Envelope
from app.errors import Refused
from app.rendering.mail import UnsafeHeader, wire_address
from app.supporters.addresses import LONGEST_ADDRESS, address_index, canonical, checked_address
from tests.support.lengths import length

pytestmark = pytest.mark.backends("sqlite")  # no row is written or read
RARELY = settings(max_examples=length(50, 150), suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(
    "spelling",
    ["a.b@people.example", "A.B@PEOPLE.example", "a.b+one@people.example", "A.b+one+two@People.Example"],
)
def test_case_and_tag_make_no_new_mailbox(spelling: str) -> None:
    assert canonical(spelling) == "a.b@people.example"


@pytest.mark.parametrize("spelling", ["a.b.c@gmail.com", "abc@googlemail.com", "A.BC+x@GMail.com"])
def test_dots_make_none_at_gmail_either(spelling: str) -> None:
    assert canonical(spelling) == "abc@gmail.com"


def test_dots_count_everywhere_else() -> None:
    assert canonical("a.b@people.example") != canonical("ab@people.example")


def test_an_address_that_is_all_tag_stays_one_of_its_own() -> None:
    assert canonical("+one@people.example") != canonical("+two@people.example")


def test_both_spellings_of_a_domain_are_one_mailbox(app_context: Flask) -> None:
    spellings = ["me@münchen.example", "me@xn--mnchen-3ya.example", "ME@MÜNCHEN.example"]
    assert {canonical(checked_address(spelling)) for spelling in spellings} == {"me@münchen.example"}


def test_the_index_is_the_mailbox_and_tells_nothing_without_the_key(app_context: Flask) -> None:
    index = address_index("Me+tag@people.example")
    assert index == address_index("me@people.example")
    assert index != address_index("you@people.example")
    assert len(index) == 32
    assert b"people" not in index


def test_blanks_around_an_address_are_no_mistake(app_context: Flask) -> None:
    assert checked_address("  me@People.example\t") == "me@people.example"


def test_no_name_is_looked_up(app_context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    for name in ("getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, lambda *host, **_options: asked.append(host))
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: asked.append(address))
    checked_address("somebody@a-domain-that-nobody-has-ever-registered.example")
    assert asked == []


def test_a_refusal_names_the_field(app_context: Flask) -> None:
    with pytest.raises(Refused) as refusal:
        checked_address("nobody", field="contact")
    assert refusal.value.field == "contact"
    assert refusal.value.sentence.startswith("This e-mail address cannot be right: an email address must")


@RARELY
@given(
    st.one_of(
        st.emails(),
        st.builds("{}@{}".format, st.text(min_size=1, max_size=70), st.just("people.example")),
        st.builds("a@{}.example".format, st.text(min_size=1, max_size=70)),
        st.text(max_size=40),
    )
)
def test_whatever_is_taken_can_be_written_to(app_context: Flask, typed: str) -> None:
    try:
        address = checked_address(typed)
    except Refused:
        return
    wire = wire_address(address)
    identifier = f"<{uuid.uuid4().hex}@people.example>"
    envelope = Envelope(
        mail_from="",
        rcpt_to=wire,
        subject="",
        text="",
        wire=f"Message-ID: {identifier}\r\n\r\nx\r\n".encode(),
        message_id=identifier,
    )
    assert envelope.domain.isascii()
    assert canonical(canonical(address)) == canonical(address)


@RARELY
@given(
    local=st.from_regex(r"[a-z][a-z0-9._-]{0,20}[a-z0-9]", fullmatch=True), tag=st.text("abc+.", max_size=9)
)
def test_a_tag_never_makes_a_new_mailbox(local: str, tag: str) -> None:
    assume(".." not in local)
    assert canonical(f"{local}+{tag}@people.example") == canonical(f"{local.upper()}@PEOPLE.EXAMPLE")


@pytest.mark.parametrize(
    "typed",
    [
        *("me@people.example", "a.b+c-d_e@gmail.com", "A.B@people.example", "me@PEOPLE.example", "1@2.org"),
        *("me@localhost", "me@people", "me@people.test", "me@-people.org", "me@people-.org", "me@127.0.0.1"),
        *("me@people..org", "me@.people.org", "me@people.org.", "me@xn--mnchen-3ya.example", "me@xn--a.org"),
        *("a..b@people.org", ".a@people.org", "a.@people.org", "a+@people.org", "-@people.org", "me@@a.org"),
        *(f"{'a' * 64}@people.org", f"{'a' * 65}@people.org", f"a@{'b' * 63}.org", f"a@{'b' * 64}.org"),
        *(f"{'a' * 60}@{'b.' * 94}org", f"{'a' * 64}@{'b.' * 94}org", "me@people.org\n"),
    ],
)
def test_what_many_have_is_taken_as_email_validator_takes_it(app_context: Flask, typed: str) -> None:
    # The domain is known the second time, and then nothing but it is asked about.
    assert _taken(typed) == _taken(typed) == _by_email_validator(typed.strip())


def _taken(typed: str) -> str | None:
    with contextlib.suppress(Refused):
        return checked_address(typed)
    return None


def _by_email_validator(typed: str) -> str | None:
    with contextlib.suppress(EmailNotValidError, UnsafeHeader):
        address = validate_email(typed, check_deliverability=False, strict=True).normalized
        wire_address(address)
        return address if len(typed) <= LONGEST_ADDRESS else None
    return None
