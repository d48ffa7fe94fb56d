"""Network addresses, cut down to what limits are counted by. Never stored as they are."""

from __future__ import annotations

import ipaddress


def network_of(address: str | None) -> str | None:
    """Return the network that an address belongs to: its /24 (IPv4) or /64 (IPv6).

    Args:
        address: of whoever asks, as the web server tells it.

    Returns:
        None where it says nothing about who asks: it is missing, or one of this machine (a reverse
        proxy that was not declared, or somebody who tries the site out).
    """
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    if parsed.is_loopback:
        return None
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 64), strict=False))
