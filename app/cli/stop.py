"""`redress stop`: nothing more leaves, until `redress resume`."""

from __future__ import annotations

import click

from app import clock
from app.cli import Installation
from app.letters import stopping
from app.security.audit import COMMAND_LINE


@click.command("stop")
@click.argument("what", default="", metavar="[CAMPAIGN|RECIPIENT]")
@click.option("--reason", default="stopped from the command line", show_default=True, help="Others read it.")
@click.option("--all", "notices", is_flag=True, help="Our own mails, too (those that ask to confirm).")
@click.pass_obj
def command(installation: Installation, what: str, reason: str, notices: bool) -> None:
    """Let no letter leave any more: of a campaign or to an office by its slug, or at all.

    What waits stays in the queue. Within five seconds no worker sends another letter.
    """
    with installation.worker_app().app_context():
        subject = stopping.named(what)
        changed = stopping.stop(subject, reason=reason, notices=notices, actor=COMMAND_LINE, now=clock.now())
    about = what or "the whole site"
    click.echo(f"Stopped: {about}." if changed else f"Was stopped already: {about}.")
