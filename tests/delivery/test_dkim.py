"""Signatures that a stranger's verifier finds good, and that nothing can be added to."""

from __future__ import annotations

import os
import re
import uuid
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.dkim import DkimKeyError, SigningKey, load_key, sign
from app.notices.sending import notice_envelope
from tests.delivery.mails import NOON, make_envelope

DOMAIN = "redress.example"
WIRE = make_envelope().wire


@lru_cache
def key(kind: str) -> SigningKey:
    private = Ed25519PrivateKey.generate() if kind == "ed25519" else generate_private_key(65537, 2048)
    return SigningKey(f"{kind}2026", private)


def verify(wire: bytes, *keys: SigningKey) -> list[bool]:
    """Let dkimpy verify every signature."""
    records = {f"{key.selector}._domainkey.{DOMAIN}.".encode(): key.record.encode() for key in keys}
    found = dkim.DKIM(wire)

    def is_good(place: int) -> bool:
        try:
            return bool(found.verify(idx=place, dnsfunc=lambda name, timeout=5: records.get(name)))
        except dkim.ValidationError:
            return False

    return [is_good(place) for place in range(len(keys))]


BOTH = ("rsa", "ed25519")


@pytest.mark.parametrize("kind", BOTH)
def test_a_verifier_finds_it_good_and_every_change_bad(kind: str) -> None:
    one = key(kind)
    wire = sign(WIRE, [one], domain=DOMAIN)
    assert wire.endswith(WIRE)
    assert wire == sign(WIRE, [one], domain=DOMAIN)
    assert verify(wire, one) == [True]
    head, _blank, body = wire.partition(b"\r\n\r\n")
    changed = [
        head + b"\r\n\r\n" + body.replace(b"D", b"d", 1),
        re.sub(rb"\r\nSubject: ", b"\r\nSubject: not ", wire, count=1),
    ]
    changed += [
        head + f"\r\n{name}: other@elsewhere.example\r\n\r\n".encode() + body
        for name in ("From", "To", "Cc", "Reply-To", "Subject", "Content-Type", "List-Unsubscribe")
    ]
    assert [verify(other, one) for other in changed] == [[False]] * len(changed)
    assert max(map(len, wire.split(b"\r\n"))) <= 998
    assert max(map(len, wire[: -len(WIRE)].split(b"\r\n"))) <= 80


def test_two_keys_sign_side_by_side() -> None:
    keys = [key(kind) for kind in BOTH]
    assert verify(sign(WIRE, keys, domain=DOMAIN), *keys) == [True, True]


@given(
    st.lists(st.sampled_from(["", " ", "\t", "a", "a  b \t", ".", "Ա"]), max_size=8),
    st.lists(
        st.sampled_from(["Subject:  x \r\n \t y", "SUBJECT:", "X-Other: z", "To: a@b.example"]), max_size=4
    ),
)
def test_blanks_and_folds_make_no_difference_to_a_verifier(lines: list[str], headers: list[str]) -> None:
    """What is signed stays good after what relays do to blanks."""
    one = key("ed25519")
    head = "\r\n".join(["From: a@redress.example", *headers])
    body = "".join(f"{line}\r\n" for line in lines)
    wire = sign(f"{head}\r\n\r\n{body}".encode(), [one], domain=DOMAIN)
    assert verify(wire, one) == [True]
    assert verify(wire + b"\r\n\r\n", one) == [True]


@pytest.mark.backends("sqlite")
def test_our_mails_are_signed_as_they_are_made(app_context: Flask) -> None:
    keys = tuple(key(kind) for kind in BOTH)
    app_context.extensions["redress_dkim"] = keys
    settings = app_context.config["REDRESS_SETTINGS"]
    app_context.config["REDRESS_SETTINGS"] = replace(settings, mail_from=DOMAIN)
    mail = notice_envelope(
        "answer", to="a@b.example", message_key=uuid.uuid4(), subject="x", text="y\n", now=NOON
    )
    assert verify(mail.wire, *keys) == [True, True]


def pem(private: object, passphrase: bytes = b"") -> bytes:
    how = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)  # type: ignore[attr-defined]


def test_keys_are_read_or_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    for kind in BOTH:
        path.write_bytes(pem(key(kind).private))
        assert load_key("s", path).algorithm.startswith(kind)
    refused = [b"", b"nonsense", os.urandom(300), pem(key("rsa").private, b"a passphrase")]
    for content in refused:
        path.write_bytes(content)
        with pytest.raises(DkimKeyError, match=r"key\.pem"):
            load_key("s", path)
    with pytest.raises(DkimKeyError, match="cannot be read"):
        load_key("s", tmp_path / "nowhere.pem")
