"""Who is at the desk: what every service call needs to be told."""

from __future__ import annotations

import uuid
from typing import cast

from flask_login import current_user
from flask_security import auth_required

from app.organizers import accounts
from app.security.audit import actor_of

fresh = auth_required("session", within=15, grace=15)
"""Marks a view before which the password is asked for again, if that is more than 15 minutes ago.
The view must answer GET too: that is where the way back leads."""


def my_id() -> uuid.UUID:
    """Return the id of the organizer who is signed in."""
    return cast(uuid.UUID, current_user.id)


def my_email() -> str:
    """Return the address of the organizer who is signed in."""
    return str(current_user.email)


def me() -> str:
    """Return how the audit log names the organizer who is signed in."""
    return actor_of(my_id())


def am_alone() -> bool:
    """Return whether nobody but the organizer who is signed in could verify or approve a contact."""
    return accounts.is_alone(my_id(), "recipients.edit")
