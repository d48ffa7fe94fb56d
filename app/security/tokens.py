"""Secrets in links: random or derived, kept only as a hash, one purpose each."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid

from app.security.keys import current_keys


def new_token() -> str:
    """Return 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def derived_token(purpose: str, subject: uuid.UUID) -> str:
    """Return the token of `subject` for `purpose`: the same each time, without being stored.

    Lets a page be linked to again (from a receipt, after a second click) although the database
    holds only the token's hash.
    """
    digest = current_keys().mac(f"token:{purpose}", subject.bytes)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def hash_token(token: str) -> bytes:
    """Return what the database keeps of a token: SHA-256 (32 bytes). What is no token matches nothing."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
