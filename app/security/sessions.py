"""Cookies: what a browser keeps for us, and for how long."""

from __future__ import annotations

from datetime import timedelta

from app.settings import Settings

LONGEST_SESSION = timedelta(hours=12)
IDLE_SESSION = timedelta(minutes=30)


def session_options(settings: Settings) -> dict[str, object]:
    """Return Flask's cookie settings.

    Over HTTPS the cookie carries the `__Host-` prefix (RFC 6265bis §4.1.3.2): no other host and no
    plain connection can set it. Without HTTPS (development on loopback) browsers would refuse that.
    """
    return {
        "SESSION_COOKIE_NAME": "__Host-redress" if settings.is_https else "redress",
        "SESSION_COOKIE_SECURE": settings.is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "PERMANENT_SESSION_LIFETIME": LONGEST_SESSION,
    }
