"""`redress keys`: the file that opens what is encrypted at rest."""

from __future__ import annotations

from pathlib import Path

import click

from app.errors import RedressError
from app.security.keys import KeyRing


@click.group("keys")
def command() -> None:
    """Make the key file. Keep it apart from the database and its backups."""


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
