"""`redress privacy`: what is stored about a supporter, for the group's data-protection person."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import click

from app import clock
from app.cli import Installation
from app.errors import NotFound, RedressError
from app.i18n import LOCALES
from app.letters.privacy.erasing import Erased, erase_mailbox
from app.letters.privacy.stored import nothing_stored, read_stored
from app.letters.privacy.taking_along import take_along
from app.security.audit import COMMAND_LINE
from app.supporters.addresses import address_index, checked_address

UNKNOWN = 1
"""Exit status where nothing is stored about an address."""


@click.group("privacy")
def command() -> None:
    """Export or erase what is stored about a supporter who asks for it, by their address.

    Make sure first that it is them who ask. The audit log tells that it was done, and not whose it was.
    """


@command.command("export")
@click.argument("email")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="A new file, for you only.")
@click.pass_obj
@click.pass_context
def export(context: click.Context, installation: Installation, email: str, output: Path | None) -> None:
    """Write all that is stored about EMAIL as JSON, to standard output or to a file."""
    with installation.app().app_context():
        address = checked_address(email)
        if output is not None and output.exists():
            raise RedressError(f"{output} is there already: nothing was written.")
        try:
            content = take_along(address, LOCALES[0], actor=COMMAND_LINE, now=clock.now())
        except NotFound as unknown:
            _say_unknown(context, unknown)
    if output is None:
        click.echo(content, nl=False)
    else:
        _write(output, content)


@command.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
@click.pass_context
def erase(context: click.Context, installation: Installation, email: str, yes: bool) -> None:
    """Erase all that is stored about EMAIL. What has not left is taken back; what has left cannot be."""
    with installation.app().app_context():
        address = checked_address(email)
        if not read_stored(address_index(address), LOCALES[0]).people:
            _say_unknown(context, nothing_stored())
        question = "Erase all that is stored about this address? It cannot be undone."
        if not yes and not click.confirm(question, err=True):
            click.echo("Nothing was erased.")
            context.exit(1)
        erased = erase_mailbox(address, actor=COMMAND_LINE, now=clock.now())
    click.echo(_told(erased))


def _say_unknown(context: click.Context, unknown: NotFound) -> NoReturn:
    click.echo(f"redress: {unknown.sentence}", err=True)
    context.exit(UNKNOWN)


def _told(erased: Erased) -> str:
    signatures = erased.signatures + erased.signatures_left
    return (
        f"Erased: texts of {erased.letters} letters, {signatures} signatures, "
        f"{erased.consents} consents, {erased.answers} shared answers, {erased.mails} of our mails. "
        f"Taken back: {erased.taken_back} copies. Cannot be recalled: {erased.left} copies, "
        f"{erased.signatures_left} signatures on joint letters that left."
    )


def _write(output: Path, content: str) -> None:
    try:
        # Never over another file, and readable by its owner only.
        with open(output, "x", encoding="utf-8", opener=lambda path, how: os.open(path, how, 0o600)) as file:
            file.write(content)
    except OSError as error:
        raise RedressError(f"{output} cannot be written: {error.strerror}.") from None
