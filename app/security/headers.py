"""Security headers on every answer (contract.md, "Headers on every answer")."""

from __future__ import annotations

import secrets

from flask import Flask, Response, current_app, g, request

PRIVATE_PATHS = ("/letters", "/confirm", "/privacy", "/replies", "/updates", "/admin", "/dev")


def csp_nonce() -> str:
    """Return the nonce of this request: the same for its header and for every script tag in its page."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def init_headers(app: Flask) -> None:
    """Send the headers with every answer of `app`, error pages and static files included."""
    app.after_request(_add_headers)
    app.context_processor(lambda: {"csp_nonce": csp_nonce()})


def _content_security_policy() -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{csp_nonce()}'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _content_security_policy())
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if current_app.config["REDRESS_SETTINGS"].is_https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.path.startswith(PRIVATE_PATHS):
        headers["Cache-Control"] = "no-store"
        headers["X-Robots-Tag"] = "noindex"
    return response
