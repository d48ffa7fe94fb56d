"""What REDRESS_SMTP_URL says."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from app.delivery.senders.server import SmtpServer, Timeouts
from app.settings import SettingsError
from tests.support.certificates import Certificate


def parse(url: str) -> SmtpServer:
    return SmtpServer.parse(url, greeting="site.example")


@pytest.mark.parametrize(
    ("url", "port", "implicit", "starttls", "verify"),
    [
        ("smtp://mail.example", 25, False, "if-offered", True),
        ("smtp://u:p@mail.example", 587, False, "required", True),
        ("smtp://mail.example:2525?starttls=required", 2525, False, "required", True),
        ("smtp://mail.example?starttls=never", 25, False, "never", True),
        ("smtps://u:p@mail.example", 465, True, "required", True),
        ("smtp://127.0.0.1:2525", 2525, False, "if-offered", False),
        ("smtp://u:p@localhost", 587, False, "if-offered", False),
        ("smtp://[::1]:2525", 2525, False, "if-offered", False),
        ("smtp://u:p@127.0.0.1?starttls=required", 587, False, "required", True),
        ("smtps://127.0.0.1", 465, True, "if-offered", True),
    ],
)
def test_urls(url: str, port: int, implicit: bool, starttls: str, verify: bool) -> None:
    server = parse(url)
    found = (server.port, server.implicit_tls, server.starttls, server.verify)
    assert found == (port, implicit, starttls, verify)
    assert (server.tls.verify_mode == ssl.CERT_REQUIRED) is verify
    assert server.tls.check_hostname is verify


def test_credentials_may_hold_any_character_and_are_not_shown() -> None:
    server = parse("smtp://us%40er:p%3A%2Fss%20%D6%80@mail.example")
    assert (server.user, server.password) == ("us@er", "p:/ss ր")
    assert "ss" not in repr(server).replace("password", "")


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("smtp://mail.example?starttls=maybe", "starttls"),
        ("smtp://mail.example?ca=/nowhere.pem", "ca"),
        ("smtp://mail.example?timeout=soon", "timeout"),
        ("smtp://mail.example?timeout=0", "timeout"),
        ("smtp://mail.example?timeout=nan", "timeout"),
        ("smtp://mail.example?speed=9", "speed"),
        ("smtp://u:secret@mail.example?starttls=never", "unencrypted"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_without_the_password(url: str, names: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        parse(url)
    assert names in refusal.value.sentence
    assert "secret" not in refusal.value.sentence


def test_a_ca_file_replaces_the_systems(certificate: Certificate, tmp_path: Path) -> None:
    server = parse(f"smtp://127.0.0.1?ca={certificate.path}")
    assert server.verify
    assert len(server.tls.get_ca_certs()) == 1
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing", encoding="ascii")
    with pytest.raises(SettingsError, match="ca"):
        parse(f"smtp://127.0.0.1?ca={empty}")


def test_timeouts_are_those_of_the_rfc_unless_shortened() -> None:
    # RFC 5321 §4.5.3.2.1 to .6, in seconds.
    times = Timeouts()
    asked = (times.banner, times.mail, times.rcpt, times.data, times.text, times.dot)
    assert asked == (300, 300, 300, 120, 180, 600)
    short = parse("smtp://mail.example?timeout=7.5").timeouts
    assert (short.banner, short.dot, short.quit) == (7.5, 7.5, 2)
