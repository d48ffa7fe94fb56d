"""`redress backup`: a copy of the database, while the site runs."""

from __future__ import annotations

from pathlib import Path

import click

from app import clock
from app.backups.making import make_backup, note_backup
from app.backups.manifest import CALLED
from app.cli import Installation
from app.security.audit import COMMAND_LINE
from app.security.keys import current_keys


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def command(installation: Installation, file: Path) -> None:
    """Write all that is in the database, as of one instant, to a new FILE; the site and its workers go on.

    Only its owner can read it. The keys are not in it: keep a copy of the key file somewhere else.
    “redress restore FILE” puts it into an empty database.
    """
    settings = installation.settings()
    with installation.app().app_context():
        manifest = make_backup(file, ring=current_keys().ring, now=clock.now())
        note_backup(manifest, actor=COMMAND_LINE, now=clock.now())
    counts = manifest.counts
    click.echo(
        f"{file}: {CALLED[manifest.database]}, edition {manifest.edition}, {sum(counts.values())} rows, "
        f"{counts.get('letters', 0)} letters, {counts.get('deliveries', 0)} mails and copies."
    )
    click.echo(
        f"It can be read only with the key file {settings.keys_file} ({manifest.needs}), which is not in it: "
        "keep a copy of that file, apart from this one."
    )
