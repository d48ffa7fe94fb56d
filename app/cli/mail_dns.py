"""What the DNS says about our mails (SPF, DKIM, DMARC), as `redress doctor` tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from app.delivery.dkim import SigningKey

Texts = Callable[[str], list[str]]
"""Returns the TXT records of a name; none where there are none. Raises OSError where nobody answers."""

SECONDS: Final = 4.0


def texts_of(name: str) -> list[str]:
    """Ask the DNS for the TXT records of a name (`Texts`)."""
    try:
        import dns.exception
        import dns.resolver
    except ImportError:  # it comes with another package
        raise OSError("no resolver") from None
    resolver = dns.resolver.Resolver()
    resolver.lifetime = SECONDS
    try:
        answer = resolver.resolve(name, "TXT")
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise OSError(type(error).__name__) from None
    return [b"".join(record.strings).decode("utf-8", errors="replace") for record in answer]


def examine(
    mail_from: str, bounce_domain: str, keys: Sequence[SigningKey], texts: Texts
) -> Iterator[tuple[bool, str]]:
    """Yield (whether it is well, a sentence) for what stands in the DNS.

    Args:
        mail_from: the domain of From.
        bounce_domain: the domain of envelope senders.
        keys: by which mails are signed here.
        texts: looks names up.
    """
    try:
        yield _spf(bounce_domain, texts)
        yield from (_dkim(key, mail_from, texts) for key in keys)
        yield _dmarc(mail_from, texts)
    except OSError:
        yield True, "Mail DNS: nobody answers from here; SPF, DKIM and DMARC were not looked at"
        return
    if not _is_aligned(mail_from, bounce_domain):
        yield False, f"SPF: {bounce_domain} is not aligned with {mail_from}; DMARC rests on DKIM alone"


def _spf(domain: str, texts: Texts) -> tuple[bool, str]:
    found = [text for text in texts(domain) if text.lower().split(" ")[0] == "v=spf1"]
    if len(found) == 1:
        return True, f"SPF: {domain} says who may send"
    return False, f"SPF: {domain} has {'no record' if not found else 'more than one record'}"


def _dkim(key: SigningKey, domain: str, texts: Texts) -> tuple[bool, str]:
    name = f"{key.selector}._domainkey.{domain}"
    wanted = _tags(key.record)["p"]
    if any(_tags(text).get("p") == wanted for text in texts(name)):
        return True, f"DKIM: {name} holds our {key.algorithm} key"
    return False, f"DKIM: {name} must be a TXT record “{key.record}”"


def _dmarc(domain: str, texts: Texts) -> tuple[bool, str]:
    # A policy of the domain above holds, too (RFC 7489 §6.6.3).
    for name in (domain, _above(domain)):
        if name and any(
            text.replace(" ", "").lower().startswith("v=dmarc1") for text in texts(f"_dmarc.{name}")
        ):
            return True, f"DMARC: {name} has a policy"
    return False, f"DMARC: _dmarc.{domain} has no policy; large providers want one"


def _above(domain: str) -> str:
    rest = domain.partition(".")[2]
    return rest if "." in rest else ""


def _is_aligned(mail_from: str, bounce_domain: str) -> bool:
    """Whether one of two domains lies in the other, or both beside each other."""
    one, other = f".{mail_from.lower()}", f".{bounce_domain.lower()}"
    beside = _above(mail_from) and _above(mail_from).lower() == _above(bounce_domain).lower()
    return one.endswith(other) or other.endswith(one) or bool(beside)


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, _equals, value in pairs}
