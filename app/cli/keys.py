"""`redress keys`: the file that opens what is encrypted at rest, and other keys in place of its old ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from app.cli import Installation
from app.errors import RedressError
from app.security.keys import LOOK_EVERY, KeyRing

TELL_EVERY: Final = 5.0
"""Seconds between two lines about how far it is."""


@click.group("keys")
def command() -> None:
    """Make the key file, or rotate its keys. Keep it apart from the database and its backups."""


@command.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def generate(path: Path) -> None:
    """Write a new key file to PATH (REDRESS_KEYS_FILE points to it)."""
    if path.exists():
        raise RedressError(
            f"{path} exists already; what was encrypted with it would be lost. Nothing was changed."
        )
    KeyRing.generate(path)
    click.echo(
        f"Keys written to {path}. Without this file nothing that is encrypted can be read again: back it up."
    )


@command.command()
@click.option(
    "--use", is_flag=True, help="Step 2: the newest key seals; what older ones sealed is sealed anew."
)
@click.option("--retire", is_flag=True, help="Step 3: remove the older keys, if nothing needs them any more.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --retire: a new file for the keys as they were, for backups made before.",
)
@click.option("--forget", is_flag=True, help="With --retire: no backup made before is to be read again.")
@click.pass_obj
def rotate(installation: Installation, *, use: bool, retire: bool, keep: Path | None, forget: bool) -> None:
    """Put another encryption key in place of the old one, in three steps, while site and workers go on.

    \b
    1. redress keys rotate           adds a key to the file; it seals nothing yet
    2. redress keys rotate --use     it seals; all that is stored is sealed anew
    3. redress keys rotate --retire  removes the older keys

    Where several machines have copies of the key file, do all three on the same one, and copy the file to
    the others after each of them: before step 2 every machine must have the new key. After copying it the
    second time do step 2 once more, for what they stored meanwhile, and wait a minute before step 3. Over
    a copy that is in use, put the new one by renaming it (scp to another name, then mv).

    Running processes notice that the file changed; nothing is restarted. Each step can be stopped and
    begun again; begun again when it is done, it changes nothing. Exit 1 where values are left that
    cannot be opened, or that another machine seals with an old copy of the file.

    The root in the key file stays: see app/security/rotation.py.
    """
    if use and retire:
        raise click.UsageError("Say --use or --retire: they are two steps.")
    if (keep or forget) and not retire:
        raise click.UsageError("--keep and --forget go with --retire.")
    if keep and forget:
        raise click.UsageError("Say --keep or --forget.")
    path = installation.settings().keys_file
    with installation.app().app_context():
        if use:
            _use(path)
        elif retire:
            _retire(path, keep, forget)
        else:
            _add(path)


def _add(path: Path) -> None:
    from app import clock
    from app.security import rotation
    from app.security.audit import COMMAND_LINE

    step = rotation.add_key(path, actor=COMMAND_LINE, now=clock.now())
    click.echo(f"Key {step.number} {'was added' if step.done else 'waits already'}; it seals nothing yet.")
    click.echo(
        "Back the key file up, and copy it to every machine that has one. Then: redress keys rotate --use"
    )


def _use(path: Path) -> None:
    from app import clock
    from app.security import rotation
    from app.security.audit import COMMAND_LINE
    from app.security.resealing import reseal

    step = rotation.use_newest(path, actor=COMMAND_LINE, now=clock.now())
    # Other processes look at the file as often as that; what they have in hand then is stored soon after.
    until = time.monotonic() + (2 * LOOK_EVERY if step.done else 0.0)
    resealed = reseal(step.number, until=until, told=_teller())
    if resealed.rows:
        rotation.note_resealed(resealed.rows, actor=COMMAND_LINE, now=clock.now())
    click.echo(f"Key {step.number} seals. {_rows(resealed.rows)} sealed anew.")
    for place, count in sorted(resealed.closed.items()):
        click.echo(f"Cannot be opened and left as they are: {count} in {place}.")
    if not resealed.complete:
        click.echo("Others go on sealing with an older key: copy the key file to them, and begin again.")
    elif older := rotation.old_keys(path):
        names = ", ".join(map(str, older))
        click.echo(f"Nothing here needs key {names} any more, except backups made before.")
        click.echo("If other machines have the key file: copy it to them now, and do this step once more.")
        click.echo("Then: redress keys rotate --retire")
    if resealed.closed or not resealed.complete:
        raise SystemExit(1)


def _teller() -> Callable[[int], None]:
    """Return what tells on standard error how far it is, now and then."""
    last = time.monotonic()

    def tell(rows: int) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_EVERY:
            last = time.monotonic()
            click.echo(f"{_rows(rows)} sealed anew …", err=True)

    return tell


def _rows(count: int) -> str:
    return f"{count:,} {'row was' if count == 1 else 'rows were'}"


def _retire(path: Path, keep: Path | None, forget: bool) -> None:
    from app import clock
    from app.security import rotation
    from app.security.audit import COMMAND_LINE

    older = rotation.old_keys(path)
    if not older:
        click.echo("The key file has no older key.")
        return
    names = ", ".join(map(str, older))
    if not (keep or forget):
        raise RedressError(
            f"Backups made until now need key {names}: say “--keep FILE” to put a copy of the key file aside "
            "for them, or “--forget” if none is to be read again. Nothing was changed."
        )
    if wait := rotation.unsettled(path, now=clock.now()).total_seconds():
        click.echo(f"Waiting {wait:.0f} s: somebody may still store what an older key has sealed.", err=True)
        time.sleep(wait)
    removed = rotation.retire(path, keep=keep, actor=COMMAND_LINE, now=clock.now())
    click.echo(f"Removed from the key file: key {', '.join(map(str, removed))}. Copy it to every machine.")
    if keep:
        click.echo(f"To read a backup made before, let REDRESS_KEYS_FILE name {keep}. Keep it as safe.")
