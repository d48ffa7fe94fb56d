"""`redress db`: the database's form, by numbered migrations (Alembic)."""

from __future__ import annotations

import logging
from collections.abc import Callable

import click
from alembic.util import CommandError

from app.cli import Installation
from app.errors import RedressError
from app.extensions import alembic


@click.group("db")
def command() -> None:
    """Bring the database to the current form (Alembic migrations)."""
    for name in ("alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.WARNING)


@command.command()
@click.argument("target", default="heads")
@click.pass_obj
def upgrade(installation: Installation, target: str) -> None:
    """Run every migration up to TARGET (default: all)."""
    with installation.app().app_context():
        _run(lambda: alembic.upgrade(target))
        click.echo(f"The database is at {_current()}.")


@command.command()
@click.argument("target")
@click.pass_obj
def downgrade(installation: Installation, target: str) -> None:
    """Undo migrations down to TARGET (a number, or “base”). Data of dropped tables is lost."""
    with installation.app().app_context():
        _run(lambda: alembic.downgrade(target))
        click.echo(f"The database is at {_current()}.")


@command.command()
@click.pass_obj
def current(installation: Installation) -> None:
    """Say at which migration the database is."""
    with installation.app().app_context():
        click.echo(_current())


@command.command()
@click.pass_obj
def history(installation: Installation) -> None:
    """List the migrations, oldest first."""
    with installation.app().app_context():
        for script in reversed(list(alembic.script_directory.walk_revisions())):
            click.echo(f"{script.revision}  {script.doc}")


def _current() -> str:
    return ", ".join(script.revision for script in alembic.current()) or "nothing yet"


def _run(step: Callable[[], None]) -> None:
    try:
        step()
    except CommandError as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise RedressError(f"There is no such migration: {reason}.") from None
