"""The SMTP server of the tests is a real one: what it records and refuses is what a client did and saw."""

from __future__ import annotations

import smtplib
import ssl
import threading

import pytest

from tests.support.certificates import Certificate
from tests.support.plugins.mail import SmtpFactory
from tests.support.smtp import RecordingSmtpServer

SENDER, OFFICE, OTHER = "b+1@site.example", "office@un.example", "desk@osce.example"
TEXT = b"Subject: x\r\n\r\nfirst\r\n.a line that begins with a dot\r\n\xd5\x80\r\n"


def connected(server: RecordingSmtpServer) -> smtplib.SMTP:
    return smtplib.SMTP(server.host, server.port, timeout=5)


def test_records_envelope_and_bytes(smtp_server: RecordingSmtpServer) -> None:
    with connected(smtp_server) as client:
        client.sendmail(SENDER, [OFFICE], TEXT, mail_options=["BODY=8BITMIME"])
    [envelope] = smtp_server.wait_for(1)
    assert envelope.mail_from == SENDER
    assert envelope.rcpt_tos == (OFFICE,)
    assert envelope.content == TEXT
    assert envelope.message["Subject"] == "x"
    assert "BODY=8BITMIME" in envelope.mail_options
    assert not envelope.tls
    assert smtp_server.to(OFFICE) == [envelope]
    assert smtp_server.to(OTHER) == []


def test_refuses_one_recipient_and_heals(smtp_server: RecordingSmtpServer) -> None:
    smtp_server.fail("RCPT", "550 5.1.1 no such office", address=OTHER)
    with connected(smtp_server) as client:
        refused = client.sendmail(SENDER, [OFFICE, OTHER], TEXT)
    assert refused == {OTHER: (550, b"5.1.1 no such office")}
    smtp_server.heal()
    with connected(smtp_server) as client:
        assert client.sendmail(SENDER, [OTHER], TEXT) == {}
    assert [envelope.rcpt_tos for envelope in smtp_server.envelopes] == [(OFFICE,), (OTHER,)]


def test_fails_as_often_as_it_is_told(smtp_server: RecordingSmtpServer) -> None:
    smtp_server.fail("DATA", "451 4.3.0 later", times=1)
    with connected(smtp_server) as client:
        with pytest.raises(smtplib.SMTPDataError, match="451"):
            client.sendmail(SENDER, [OFFICE], TEXT)
        client.sendmail(SENDER, [OFFICE], TEXT)
    assert len(smtp_server.envelopes) == 1


def test_breaks_off(smtp_server: RecordingSmtpServer) -> None:
    smtp_server.fail("MAIL")
    client = connected(smtp_server)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.sendmail(SENDER, [OFFICE], TEXT)
    assert smtp_server.envelopes == []


def test_insists_on_starttls_and_on_a_password(
    strict_smtp_server: RecordingSmtpServer, certificate: Certificate
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate.path))
    with connected(strict_smtp_server) as client:
        with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
            client.sendmail(SENDER, [OFFICE], TEXT)
        client.starttls(context=trusting)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("redress", "wrong")
        client.login("redress", "correct-horse")
        client.sendmail(SENDER, [OFFICE], TEXT)
    [envelope] = strict_smtp_server.envelopes
    assert envelope.tls
    assert envelope.user == "redress"
    assert strict_smtp_server.url.startswith("smtp://redress:correct-horse@127.0.0.1:")


def test_its_certificate_is_not_trusted_by_itself(strict_smtp_server: RecordingSmtpServer) -> None:
    with connected(strict_smtp_server) as client, pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=ssl.create_default_context())


def test_speaks_tls_from_the_first_byte(smtp_factory: SmtpFactory, certificate: Certificate) -> None:
    server = smtp_factory(tls=certificate.server_context())
    trusting = ssl.create_default_context(cafile=str(certificate.path))
    with smtplib.SMTP_SSL(server.host, server.port, timeout=5, context=trusting) as client:
        client.sendmail(SENDER, [OFFICE], TEXT)
    assert server.url.startswith("smtps://")
    assert server.envelopes[0].tls


def test_takes_from_many_at_once(smtp_server: RecordingSmtpServer) -> None:
    def send(number: int) -> None:
        with connected(smtp_server) as client:
            client.sendmail(SENDER, [f"{number}@un.example"], TEXT)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    envelopes = smtp_server.wait_for(20)
    for thread in threads:
        thread.join()
    assert {envelope.rcpt_tos[0] for envelope in envelopes} == {f"{n}@un.example" for n in range(20)}
    assert smtp_server.connections == 20


def test_waiting_in_vain_is_an_error(smtp_server: RecordingSmtpServer) -> None:
    with pytest.raises(AssertionError, match="0 of 1 messages"):
        smtp_server.wait_for(1, timeout=0.05)
