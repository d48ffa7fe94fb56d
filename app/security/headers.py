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


_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'nonce-%s'",
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
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    # Added, not set: nobody else sends these, and looking for each of them is a third of this function.
    headers.add("Content-Security-Policy", _POLICY % csp_nonce())
    headers.extend(_ALWAYS)
    if current_app.config["REDRESS_SETTINGS"].is_https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.path.startswith(PRIVATE_PATHS):
        headers["Cache-Control"] = "no-store"
        headers["X-Robots-Tag"] = "noindex"
    return response
