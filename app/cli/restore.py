"""`redress restore`: puts a backup into an empty database, with sending stopped."""

from __future__ import annotations

from pathlib import Path

import click

from app import clock
from app.backups.restoring import Restored, restore
from app.cli import Installation
from app.security.audit import COMMAND_LINE
from app.security.keys import current_keys


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--nothing-left-since",
    is_flag=True,
    help="You know that no mail left after the backup was made: what waited keeps its place in the queue.",
)
@click.pass_obj
def command(installation: Installation, file: Path, nothing_left_since: bool) -> None:
    """Put what “redress backup” wrote to FILE into the database, which is empty, and bring it up to date.

    Let neither the site nor a worker run meanwhile. Afterwards nothing leaves until “redress resume”. What
    waited in the backup may have left since, and is not sent again by itself: it is unclear, and
    “redress unclear resolve --log FILE” looks it up in the mail server's log. What people did since (took a
    letter back, had their data erased, closed an office) has to be done again.
    """
    with installation.app().app_context():
        restored = restore(
            file,
            ring=current_keys().ring,
            app_on=installation.app_on,
            nothing_left_since=nothing_left_since,
            actor=COMMAND_LINE,
            now=clock.now(),
        )
    _tell(restored)


def _tell(restored: Restored) -> None:
    manifest, kept = restored.manifest, restored.kept
    counts = manifest.counts
    click.echo(
        f"Restored the backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC: {sum(counts.values())} rows, "
        f"{counts.get('letters', 0)} letters. Sending is stopped; all organizers sign in anew."
    )
    if kept.unclear or kept.held:
        click.echo(
            f"What waited in it may have left since: {kept.unclear} mails are unclear, "
            f"{kept.held} copies are held. “redress unclear resolve --log FILE” looks them up; "
            "about the rest somebody decides at the desk."
        )
    if kept.unconfirmed:
        click.echo(
            f"{kept.unconfirmed} letters waited for their writers: once confirmed they are unclear, too."
        )
    click.echo("“redress resume” lets mails leave again.")
