"""`redress unclear resolve`: settle by a relay's log what nobody could say was taken."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from app.cli import Installation


@click.group("unclear")
def command() -> None:
    """Deal with mails of which nobody can say whether they were taken."""


@command.command()
@click.option(
    "--log",
    "logs",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A Postfix log; several, oldest first. Standard input if none is named.",
)
@click.pass_obj
def resolve(installation: Installation, logs: tuple[Path, ...]) -> None:
    """Look unclear mails up in a log. What does not stand there is left; nothing is sent again.

    Exit 1 where some are left.
    """
    from app import clock
    from app.letters.resolving import resolve_unclear

    with installation.worker_app().app_context():
        resolved = resolve_unclear(_lines(logs), now=clock.now())
    click.echo(
        f"{resolved.taken} were taken, {resolved.came_back} came back, {resolved.left} are left unclear."
    )
    if resolved.left:
        raise SystemExit(1)


def _lines(logs: tuple[Path, ...]) -> Iterator[str]:
    if not logs:
        yield from (line.decode(errors="replace") for line in sys.stdin.buffer)
    for path in logs:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from file
