"""`redress letters`: print what goes by post, and export where every copy is."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

import click

from app import clock
from app.cli import Installation
from app.database import db
from app.errors import RedressError
from app.letters import posting
from app.letters.batch_paper import paper_of_batch
from app.letters.table import table_of_letters
from app.recipients.portrait import find_by_slug
from app.security.audit import COMMAND_LINE


@click.group("letters")
def command() -> None:
    """Print what goes by post, and export where every copy is."""


@command.command("print")
@click.option("--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A new PDF.")
@click.option("--office", help="Slug of an office; without, all for which letters wait.")
@click.option(
    "--most", default=posting.BATCH, show_default=True, type=click.IntRange(1, 1000), help="Letters at once."
)
@click.pass_obj
def print_(installation: Installation, output: Path, office: str | None, most: int) -> None:
    """Write the letters that wait to be printed into a PDF, sorted by office, and mark them as printed."""
    if output.exists():
        raise RedressError(f"{output} is there already: nothing was written.")
    with installation.app().app_context(), _finished_or_nothing(output) as file:
        only = find_by_slug(office).id if office else None
        line = posting.gather(only=only, row_id=uuid.uuid4(), actor=COMMAND_LINE, now=clock.now(), most=most)
        try:
            file.write(paper_of_batch(line.id, actor=COMMAND_LINE, now=clock.now()))
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(output)
        except BaseException:
            posting.give_up(line.id, actor=COMMAND_LINE, now=clock.now())
            raise
        count = posting.mark_printed(line.id, actor=COMMAND_LINE, now=clock.now())
    click.echo(f"Batch {line.name}: {count} {'letter' if count == 1 else 'letters'} in {output}.")


@contextmanager
def _finished_or_nothing(output: Path) -> Iterator[IO[bytes]]:
    """Open a file beside `output` that only its owner can read: names and addresses stand in it.

    Whoever has written it gives it its name; otherwise it is deleted.

    Raises:
        RedressError: it cannot be written.
    """
    beside = output.with_name(f".{output.name}.{uuid.uuid4().hex[:8]}")
    try:
        with open(beside, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            yield file
    except OSError as error:
        raise RedressError(f"{output} cannot be written: {error.strerror}.") from None
    finally:
        beside.unlink(missing_ok=True)


@command.command("export")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Instead of standard output.")
@click.pass_obj
def export(installation: Installation, output: Path | None) -> None:
    """Write every copy as CSV: reference, campaign, office, channel, state and times; no name, no text."""
    with installation.app().app_context():
        try:
            opened = output.open("wb") if output else nullcontext(sys.stdout.buffer)
        except OSError as error:
            raise RedressError(f"{output} cannot be written: {error.strerror}.") from None
        with opened as file:
            for line in table_of_letters(db.session):
                file.write(line.encode())
            file.flush()
