"""The SMTP sender against a real server that behaves; how it meets one that does not: tests/faults."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.envelope import Envelope
from app.delivery.senders import choose
from app.delivery.senders.base import Outcome, Sender, Step
from app.delivery.senders.channel import Hurried, Lost, TooSlow
from app.delivery.senders.maildir import MaildirSender
from app.delivery.senders.replies import Garbled
from app.delivery.senders.server import SmtpServer
from app.delivery.senders.smtp import SmtpSender, outcome_of, stuffed
from app.settings import Settings
from tests.delivery.mails import make_envelope
from tests.support.certificates import Certificate
from tests.support.plugins.mail import SmtpFactory
from tests.support.smtp import RecordingSmtpServer


def sender_to(url: str) -> SmtpSender:
    return SmtpSender(SmtpServer.parse(url, greeting="site.example"), hurry=threading.Event())


def send(sender: Sender, envelope: Envelope) -> Outcome:
    return sender.send(envelope=envelope, before_dot=lambda: True)


def send_one(url: str, envelope: Envelope | None = None) -> Outcome:
    sender = sender_to(url)
    try:
        return send(sender, envelope or make_envelope())
    finally:
        sender.close()


def test_a_mail_arrives_byte_for_byte(smtp_server: RecordingSmtpServer) -> None:
    envelope = make_envelope()
    outcome = send_one(smtp_server.url, envelope)
    assert (outcome.kind, outcome.step, outcome.code) == ("accepted", "dot", 250)
    (taken,) = smtp_server.envelopes
    assert taken.content == envelope.wire
    assert (taken.mail_from, taken.rcpt_tos) == (envelope.mail_from, (envelope.rcpt_to,))


DOTS = [b".", b"..", b".\r\n.", b"text\r\n.\r\n.. \r\n...three", b"\r\n\r\n.\r\n"]


@pytest.mark.parametrize("body", DOTS)
def test_lines_that_begin_with_dots_arrive_as_they_are(smtp_server: RecordingSmtpServer, body: bytes) -> None:
    envelope = make_envelope(body=body.decode() + "\r\n")
    assert send_one(smtp_server.url, envelope).kind == "accepted"
    assert smtp_server.envelopes[0].content == envelope.wire


@given(st.lists(st.sampled_from([b".", b"\r\n", b"a", b" "])).map(b"".join))
def test_stuffing_is_undone_by_what_servers_do(body: bytes) -> None:
    wire = body + b"\r\n"
    lines = stuffed(wire).split(b"\r\n")
    assert b"." not in lines[:-1], "no line is a lone dot"
    assert b"\r\n".join(line.removeprefix(b".") for line in lines) == wire


def test_a_session_is_kept_for_the_next_mail(smtp_server: RecordingSmtpServer) -> None:
    sender = sender_to(smtp_server.url)
    assert [send(sender, make_envelope(number)).kind for number in range(5)] == ["accepted"] * 5
    sender.close()
    assert (len(smtp_server.envelopes), smtp_server.connections) == (5, 1)


def test_after_a_refusal_the_session_goes_on_with_the_next_mail(smtp_server: RecordingSmtpServer) -> None:
    smtp_server.fail("RCPT", "550 5.1.1 <office1@offices.example> unknown", address="office1@offices.example")
    smtp_server.fail("MAIL", "451 4.3.0 not now", times=1)
    sender = sender_to(smtp_server.url)
    outcomes = [send(sender, make_envelope(number)) for number in (0, 1, 2)]
    sender.close()
    assert [outcome.kind for outcome in outcomes] == ["temporary", "permanent", "accepted"]
    assert outcomes[1].reply == "5.1.1 [address] unknown"
    assert smtp_server.connections == 1


def test_a_session_that_the_server_has_closed_is_opened_again_unnoticed(
    smtp_server: RecordingSmtpServer,
) -> None:
    sender = sender_to(smtp_server.url)
    assert send(sender, make_envelope(0)).kind == "accepted"
    smtp_server.fail("MAIL", "421 4.7.0 enough for one session", times=1)
    assert send(sender, make_envelope(1)).kind == "accepted"
    smtp_server.fail("MAIL", None, times=1)
    assert send(sender, make_envelope(2)).kind == "accepted"
    sender.close()
    assert (len(smtp_server.envelopes), smtp_server.connections) == (3, 3)


def test_without_the_word_to_go_on_the_server_never_has_a_message(smtp_server: RecordingSmtpServer) -> None:
    sender = sender_to(smtp_server.url)
    outcome = sender.send(envelope=make_envelope(0), before_dot=lambda: False)
    assert (outcome.kind, outcome.step) == ("withheld", "before_dot")
    assert send(sender, make_envelope(1)).kind == "accepted"
    sender.close()
    assert [taken.rcpt_tos for taken in smtp_server.envelopes] == [("office1@offices.example",)]


def test_an_error_of_the_caller_leaves_no_open_connection(smtp_server: RecordingSmtpServer) -> None:
    sender = sender_to(smtp_server.url)

    def before_dot() -> bool:
        raise LookupError

    with pytest.raises(LookupError):
        sender.send(envelope=make_envelope(), before_dot=before_dot)
    sender.close()
    assert smtp_server.envelopes == []


def test_starttls_and_sign_in(strict_smtp_server: RecordingSmtpServer, certificate: Certificate) -> None:
    outcome = send_one(f"{strict_smtp_server.url}&ca={certificate.path}")
    assert outcome.kind == "accepted"
    (taken,) = strict_smtp_server.envelopes
    assert (taken.tls, taken.user) == (True, "redress")


def test_tls_from_the_first_byte(smtp_factory: SmtpFactory, certificate: Certificate) -> None:
    server = smtp_factory(tls=certificate.server_context())
    assert send_one(f"{server.url}?ca={certificate.path}").kind == "accepted"
    assert server.envelopes[0].tls


def test_a_large_mail_goes_through_tls(smtp_factory: SmtpFactory, certificate: Certificate) -> None:
    server = smtp_factory(tls=certificate.server_context())
    envelope = make_envelope(body="A long letter, with one line after the other.\r\n" * 20_000)
    assert send_one(f"{server.url}?ca={certificate.path}", envelope).kind == "accepted"
    assert server.envelopes[0].content == envelope.wire


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_that_is_not_trusted_ends_the_session(
    smtp_factory: SmtpFactory, certificate: Certificate, tls: str
) -> None:
    server = smtp_factory(**{tls: certificate.server_context()})
    query = "?starttls=required" if tls == "starttls" else ""
    outcome = send_one(server.url + query)
    assert (outcome.kind, outcome.server_away, outcome.reply) == (
        "temporary",
        True,
        "certificate not trusted",
    )
    assert server.envelopes == []


def test_on_loopback_a_certificate_of_its_own_making_will_do(
    smtp_factory: SmtpFactory, certificate: Certificate
) -> None:
    server = smtp_factory(starttls=certificate.server_context())
    assert send_one(server.url).kind == "accepted"
    assert server.envelopes[0].tls


def test_a_server_without_starttls_gets_nothing_where_it_is_required(
    smtp_server: RecordingSmtpServer,
) -> None:
    outcome = send_one(f"{smtp_server.url}?starttls=required")
    assert (outcome.kind, outcome.step, outcome.server_away) == ("temporary", "starttls", True)


def test_a_wrong_password_is_the_servers_trouble_not_the_mails(smtp_factory: SmtpFactory) -> None:
    server = smtp_factory(credentials={"redress": "right"})
    outcome = send_one(server.url.replace("right", "wrong"))
    assert (outcome.kind, outcome.step, outcome.code, outcome.server_away) == ("temporary", "auth", 535, True)


def test_addresses_beyond_ascii_go_only_where_they_are_taken(smtp_factory: SmtpFactory) -> None:
    envelope = make_envelope(to="արցախ@offices.example")
    server = smtp_factory()
    assert send_one(server.url, envelope).kind == "accepted"
    assert "SMTPUTF8" in server.envelopes[0].mail_options
    plain = smtp_factory(smtputf8=False)
    sender = sender_to(plain.url)
    outcome = send(sender, envelope)
    assert (outcome.kind, outcome.cause) == (
        "permanent",
        "the mail server does not take addresses beyond ASCII",
    )
    assert send(sender, make_envelope()).kind == "accepted", "the others go on"
    sender.close()


def test_8bit_text_is_announced(smtp_server: RecordingSmtpServer) -> None:
    envelope = make_envelope(body="հարգանքով\r\n")
    assert send_one(smtp_server.url, envelope).kind == "accepted"
    (taken,) = smtp_server.envelopes
    assert taken.content == envelope.wire
    assert {"BODY=8BITMIME", f"SIZE={len(envelope.wire)}"} <= set(taken.mail_options)


def test_nobody_listening(unused_port: int) -> None:
    outcome = send_one(f"smtp://127.0.0.1:{unused_port}")
    assert (outcome.kind, outcome.step, outcome.server_away) == ("temporary", "connect", True)


@pytest.mark.parametrize("error", [Lost(), TooSlow(), Garbled(), Hurried()])
@pytest.mark.parametrize("step", get_args(Step))
def test_without_a_reply_it_is_unclear_from_the_dot_on_and_only_then(error: Exception, step: Step) -> None:
    outcome = outcome_of(error, step, make_envelope())
    before = "withheld" if isinstance(error, Hurried) else "temporary"
    assert outcome.kind == ("unclear" if step == "dot" else before)


@pytest.mark.backends("sqlite")
def test_the_settings_choose(settings_factory: object, smtp_server: RecordingSmtpServer) -> None:
    make = settings_factory
    assert callable(make)
    without: Settings = make()
    assert isinstance(choose(without)(threading.Event()), MaildirSender)
    sender = choose(replace(without, smtp_url=smtp_server.url))(threading.Event())
    assert send(sender, make_envelope()).kind == "accepted"
    sender.close()
