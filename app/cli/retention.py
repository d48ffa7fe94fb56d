"""`redress retention run`: delete what is no longer needed."""

from __future__ import annotations

import click

from app import clock
from app.cli import Installation
from app.letters.retention import purge


@click.group("retention")
def command() -> None:
    """Delete personal data whose time is over."""


@command.command()
@click.pass_obj
def run(installation: Installation) -> None:
    """Delete unconfirmed letters, old texts, old notices and identities. The worker does it every hour."""
    with installation.app().app_context():
        purged = purge(now=clock.now())
    click.echo(
        f"Deleted: {purged.unconfirmed} unconfirmed letters, texts of {purged.texts} letters, "
        f"{purged.notices} notices, identities of {purged.supporters} supporters, "
        f"{purged.corrections} corrections."
    )
