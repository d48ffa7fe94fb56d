"""The supporters' front door: a view is a form, one service call, and a page."""

from __future__ import annotations

from flask import Flask

from app.public import (
    attachments,
    campaigns,
    confirm,
    evidence,
    health,
    letters,
    mailbox,
    metrics,
    offices,
    pages,
    privacy,
    replies,
    shared,
    sign,
    signatures,
    updates,
    write,
)
from app.public.blueprint import public

__all__ = [
    "attachments",
    "campaigns",
    "confirm",
    "evidence",
    "health",
    "init_public",
    "letters",
    "mailbox",
    "metrics",
    "offices",
    "pages",
    "privacy",
    "replies",
    "shared",
    "sign",
    "signatures",
    "updates",
    "write",
]


def init_public(app: Flask) -> None:
    """Register the supporters' pages."""
    app.register_blueprint(public)
