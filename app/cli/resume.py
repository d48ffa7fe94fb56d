"""`redress resume`: lifts what `redress stop` stopped."""

from __future__ import annotations

import click

from app import clock
from app.cli import Installation
from app.letters import stopping
from app.security.audit import COMMAND_LINE


@click.command("resume")
@click.argument("what", default="", metavar="[CAMPAIGN|RECIPIENT]")
@click.pass_obj
def command(installation: Installation, what: str) -> None:
    """Let letters leave again, in their turn: of a campaign or to an office by its slug, or of the site.

    Each stop is lifted by itself: lifting that of the site leaves those of campaigns and offices on.
    """
    with installation.worker_app().app_context():
        changed = stopping.resume(stopping.named(what), actor=COMMAND_LINE, now=clock.now())
    about = what or "the whole site"
    click.echo(f"Goes on: {about}." if changed else f"Was not stopped: {about}.")
