"""Slowing down whoever guesses passwords or codes, without locking anybody out for good.

Checking a password costs an eighth of a second of processor time by design, so the number of
tries is limited before any check is made.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.database import transaction
from app.errors import TooMany
from app.security import rate_limits

MINUTE = timedelta(minutes=1)
TRIES_A_MINUTE = 10
"""From one address, for all accounts together."""
MEMORY = timedelta(minutes=15)
FREE_FAILURES = 5
"""Of one account from one network within MEMORY; after that, one try a minute."""
FREE_FAILURES_ANYWHERE = 50
"""Of one account from all networks: against guessing from many places at once."""


def admit(address: str, account: str, *, knows_password: bool, now: datetime) -> None:
    """Let one try pass.

    Args:
        address: the network address that it comes from.
        account: whom it is about: an e-mail address as typed, or an organizer's id.
        knows_password: whether it is a one-time code that is tried. Then the place makes no
            difference: whoever has come so far can slow down nobody whom they could not rob.
        now: the present instant.

    Raises:
        TooMany: it has to wait.
    """
    network = network_of(address)
    with transaction() as session:
        anywhere = FREE_FAILURES if knows_password else FREE_FAILURES_ANYWHERE
        allowed = _tries_left(session, network, account, anywhere, now=now)
    # Raised outside: an exception inside would undo the count.
    if not allowed:
        raise TooMany(
            _("Too many attempts. Wait a minute, then try again."),
            rate_limits.seconds_left(MINUTE, now=now),
        )


def failed(address: str, account: str, *, now: datetime) -> None:
    """Note that a try was wrong."""
    with transaction() as session:
        for purpose, subject in _failures(network_of(address), account):
            rate_limits.hit(session, purpose, subject, window=MEMORY, now=now)


def network_of(address: str) -> str:
    """Return the network that one customer of a provider has: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    mapped = getattr(parsed, "ipv4_mapped", None)
    if parsed.version == 4 or mapped:
        return str(mapped or parsed)
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))


def _tries_left(session: Session, network: str, account: str, anywhere: int, *, now: datetime) -> bool:
    if rate_limits.hit(session, "sign-in", network, window=MINUTE, now=now) > TRIES_A_MINUTE:
        return False
    limits = zip(_failures(network, account), (FREE_FAILURES, anywhere), strict=True)
    for (purpose, subject), free in limits:
        if rate_limits.count(session, purpose, subject, window=MEMORY, now=now) < free:
            continue
        if rate_limits.hit(session, f"{purpose}, slowed down", subject, window=MINUTE, now=now) > 1:
            return False
    return True


def _failures(network: str, account: str) -> tuple[tuple[str, str], tuple[str, str]]:
    whose = account.strip().casefold()
    return ("failed sign-in here", f"{network} {whose}"), ("failed sign-in anywhere", whose)
