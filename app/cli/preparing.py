"""What `make run` does before the first page: database, seeds, and where to go next."""

from __future__ import annotations

import logging
import sys

import click

from app import clock
from app.cli import Installation
from app.cli.seed import load_all
from app.errors import RedressError
from app.extensions import alembic
from app.organizers.invitations import ensure_first_invitation


def prepare(installation: Installation) -> None:
    """Migrate, seed with demonstration contacts, and print where to go.

    Raises:
        RedressError: in production, where nobody should be surprised by demonstration data.
    """
    settings = installation.settings()
    if settings.env == "production":
        raise RedressError(
            "--prepare is for trying Redress out; in production run “redress db upgrade” and “redress seed”."
        )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    app = installation.app()
    with app.app_context():
        alembic.upgrade()
        load_all(now=clock.now(), demo=True)
        invitation = ensure_first_invitation(now=clock.now())
    _say(f"Redress       {settings.base_url}/")
    _say(
        f"Mailbox       {settings.base_url}/dev/mailbox"
        if settings.smtp_url is None
        else "Mail goes to the SMTP server."
    )
    if invitation:
        _say(f"First organizer's one-time sign-in link:\n              {invitation}")
    _say("Stop with Ctrl-C.")


def _say(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()
