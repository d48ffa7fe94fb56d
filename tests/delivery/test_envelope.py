"""Envelopes: what may leave, and what never may."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from app.delivery.envelope import BrokenEnvelope, ascii_address, bounce_address, subject_of_bounce
from tests.delivery.mails import make_envelope

GOOD = make_envelope()


@pytest.mark.parametrize(
    "address",
    [
        "nobody",
        "a@b\r\nRCPT TO:<c@d>",
        "a@b>c",
        "<a@b>",
        "a b@c.example",
        "a@b@c.example",
        "@c.example",
        "a@",
        "a\x00@b.example",
        "a" * 250 + "@b.example",
    ],
)
def test_an_address_that_could_break_out_of_its_command_is_refused(address: str) -> None:
    with pytest.raises(BrokenEnvelope):
        replace(GOOD, rcpt_to=address)
    with pytest.raises(BrokenEnvelope):
        replace(GOOD, mail_from=address)


def test_the_empty_envelope_sender_is_one() -> None:
    assert replace(GOOD, mail_from="").mail_from == ""
    with pytest.raises(BrokenEnvelope):
        replace(GOOD, rcpt_to="")


@pytest.mark.parametrize("piece", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\r", b"a\x00b", b"\r\r\n"])
def test_bytes_that_could_end_the_message_early_are_refused(piece: bytes) -> None:
    # SMTP smuggling: servers differ in what they take for a line end (CVE-2023-51764 and others).
    with pytest.raises(BrokenEnvelope):
        replace(GOOD, wire=GOOD.wire + piece + b"\r\n")


def test_a_message_ends_with_a_line_end() -> None:
    with pytest.raises(BrokenEnvelope):
        replace(GOOD, wire=GOOD.wire + b"no end")


@pytest.mark.parametrize(
    "message_id", ["<other@site.example>", "letter-0@site.example", "<letter-0@site.example>\r\n"]
)
def test_the_message_bears_the_message_id_that_it_is_known_by(message_id: str) -> None:
    with pytest.raises(BrokenEnvelope):
        replace(GOOD, message_id=message_id)


@pytest.mark.parametrize(
    ("address", "wire_form", "domain", "smtputf8"),
    [
        ("a@Offices.Example", "a@Offices.Example", "offices.example", False),
        ("a@Straße.example", "a@xn--strae-oqa.example", "xn--strae-oqa.example", False),
        ("արցախ@offices.example", "արցախ@offices.example", "offices.example", True),
        ("a@\u00ad.example", "a@\u00ad.example", "\u00ad.example", True),
    ],
)
def test_domains_become_ascii_and_the_rest_needs_smtputf8(
    address: str, wire_form: str, domain: str, smtputf8: bool
) -> None:
    assert ascii_address(address) == wire_form
    envelope = replace(GOOD, rcpt_to=address)
    assert (envelope.domain, envelope.needs_smtputf8) == (domain, smtputf8)


def test_raw_headers_need_smtputf8_and_raw_text_needs_8bitmime() -> None:
    assert (GOOD.needs_smtputf8, GOOD.needs_8bit) == (False, False)
    raw_subject = replace(GOOD, wire=GOOD.wire.replace(b"A letter", "Ein Gruß".encode()))
    assert (raw_subject.needs_smtputf8, raw_subject.needs_8bit) == (True, True)
    raw_text = replace(GOOD, wire=GOOD.wire.replace(b"faithfully", "հարգանքով".encode()))
    assert (raw_text.needs_smtputf8, raw_text.needs_8bit) == (False, True)


@pytest.mark.backends("sqlite")  # it needs keys, not a database
def test_bounce_addresses_are_stable_different_and_short_enough(app_context: object) -> None:
    one, two = uuid.uuid4(), uuid.uuid4()
    address = bounce_address(one)
    assert address == bounce_address(one) == address.lower()
    assert address != bounce_address(two)
    assert len(address.partition("@")[0]) <= 64
    assert one.hex not in address


@pytest.mark.backends("sqlite")
def test_only_what_we_wrote_ourselves_is_a_bounce_address(app_context: object) -> None:
    mail = uuid.uuid4()
    address = bounce_address(mail)
    for spelling in (address, address.upper(), f" <{address}>"):
        assert subject_of_bounce(spelling) == mail
    local, _at, domain = address.partition("@")
    altered = {
        f"{local[:place]}{'a' if local[place] != 'a' else 'b'}{local[place + 1 :]}" for place in range(2, 44)
    }
    made_up = {f"{other}@{domain}" for other in altered}
    made_up |= {
        f"{local}@elsewhere.example",
        local,
        f"{local}a@{domain}",
        f"{local[:-1]}@{domain}",
        "",
        "@",
        "<>",
    }
    assert {subject_of_bounce(other) for other in made_up} == {None}
