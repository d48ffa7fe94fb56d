"""E-mail addresses: checked, and brought to the one form under which a mailbox is counted."""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _

from app.errors import Refused
from app.rendering.mail import UnsafeHeader, wire_address
from app.security.keys import blind_index

DOTLESS_DOMAINS = frozenset({"gmail.com", "googlemail.com"})
"""Where dots in the local part make no difference (the provider's own documentation)."""

LONGEST_ADDRESS = 254
"""RFC 5321 §4.5.3.1.3 less the angle brackets (RFC 3696, erratum 1690)."""

_PLAIN = re.compile(r"(?=[^@]{1,64}@)[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*@([a-z0-9.-]+)\Z")
"""Addresses about whose local part there is no question: only the domain decides."""


def checked_address(typed: str, field: str = "email") -> str:
    """Return the address as it will be written to.

    Args:
        typed: what the supporter typed.
        field: the form field that an error is about.

    Raises:
        Refused: with email-validator's reason, in plain words.
    """
    typed = typed.strip()
    if (plain := _PLAIN.match(typed)) and _is_plain_domain(plain[1]) and len(typed) <= LONGEST_ADDRESS:
        return typed
    if not typed:
        raise Refused(_("Please give your e-mail address: we send the confirmation there."), field)
    if len(typed) > LONGEST_ADDRESS or not typed.isprintable():
        raise Refused(_("This does not look like an e-mail address."), field)
    try:
        address = _validated(typed)
    except EmailNotValidError as error:
        raise Refused(
            _("This e-mail address cannot be right: %(reason)s", reason=_reason(str(error))), field
        ) from None
    except UnsafeHeader:
        raise Refused(_("This does not look like an e-mail address."), field) from None
    return address


def _validated(typed: str) -> str:
    # No DNS: whether the mailbox exists is what the confirmation mail finds out.
    address = validate_email(typed, check_deliverability=False, strict=True).normalized
    # What is taken here must be possible to write to.
    wire_address(address)
    return address


@lru_cache(maxsize=4096)
def _is_plain_domain(domain: str) -> bool:
    """Whether addresses of letters and digits are taken there just as they are typed.

    Asked once: most people have their mailbox where many have theirs.
    """
    try:
        return _validated(f"a@{domain}") == f"a@{domain}"
    except (EmailNotValidError, UnsafeHeader):
        return False


def _reason(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def canonical(address: str) -> str:
    """Return the one form of a mailbox: case and `+tag` make no new one, dots only outside Gmail."""
    local, _at, domain = address.casefold().rpartition("@")
    local = local.split("+", 1)[0] or local
    if domain in DOTLESS_DOMAINS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def address_index(address: str) -> bytes:
    """Return the blind index under which a mailbox is found (32 bytes)."""
    return blind_index("supporters.email", canonical(address))
