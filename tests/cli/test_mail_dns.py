"""What `doctor` says about the DNS, with a DNS of our own: nothing is asked of the real one."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.cli.mail_dns import examine
from app.delivery.dkim import SigningKey

KEY = SigningKey("s1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
GOOD = {
    "b.letters.example": ["unrelated", "v=spf1 mx -all"],
    "s1._domainkey.letters.example": [KEY.record.replace("p=", " p=")],
    "_dmarc.letters.example": ["v=DMARC1; p=reject"],
}


def told(records: dict[str, list[str]], bounce_domain: str = "b.letters.example") -> dict[str, bool]:
    found = examine("letters.example", bounce_domain, [KEY], lambda name: records.get(name, []))
    return {sentence: ok for ok, sentence in found}


def test_a_sound_domain_has_nothing_to_mend() -> None:
    assert list(told(GOOD).values()) == [True, True, True]


@pytest.mark.parametrize(
    ("records", "word"),
    [
        ({"b.letters.example": []}, "SPF"),
        ({"b.letters.example": ["v=spf1 -all", "v=spf1 +all"]}, "more than one"),
        ({"s1._domainkey.letters.example": []}, KEY.record),
        ({"s1._domainkey.letters.example": ["v=DKIM1; k=ed25519; p="]}, "DKIM"),
        ({"_dmarc.letters.example": []}, "DMARC"),
    ],
)
def test_what_is_missing_is_named(records: dict[str, list[str]], word: str) -> None:
    (bad,) = [sentence for sentence, ok in told(GOOD | records).items() if not ok]
    assert word in bad


def test_another_domain_for_bounces_is_told() -> None:
    (bad,) = [
        sentence
        for sentence, ok in told(
            GOOD | {"mail.elsewhere.example": ["v=spf1 mx"]}, "mail.elsewhere.example"
        ).items()
        if not ok
    ]
    assert "not aligned" in bad


def test_a_dns_that_does_not_answer_is_no_finding() -> None:
    def silent(_name: str) -> list[str]:
        raise OSError("nobody there")

    assert [ok for ok, _sentence in examine("letters.example", "letters.example", [], silent)] == [True]
