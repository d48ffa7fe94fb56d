"""Cookies: what a browser keeps for us, and for how long."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

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


class Sessions(SecureCookieSessionInterface):
    """Flask's own sessions of one application. What signs cookies is made once, not in every request."""

    _signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return what signs and reads the cookies of `app`."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer
