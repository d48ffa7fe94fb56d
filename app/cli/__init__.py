"""The command `redress`. A module a command; errors are one plain sentence, never a traceback.

Exit status: 0 done, 1 done with findings, 2 usage or configuration error.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import click

from app.errors import RedressError

if TYPE_CHECKING:
    from flask import Flask

    from app.settings import Settings

COMMANDS = {
    "serve": "Serve the site.",
    "worker": "Deliver what is due.",
    "db": "Bring the database to the current form.",
    "seed": "Load recipients, facts and campaigns.",
    "organizers": "Invite and list organizers.",
    "keys": "Make the key file.",
    "routes": "List every page with its audience.",
    "retention": "Delete personal data whose time is over.",
    "doctor": "Check this installation.",
}


class Installation:
    """What commands are handed: the installation's settings and application, made when first asked for."""

    def __init__(self) -> None:
        self._app: Flask | None = None

    def settings(self) -> Settings:
        """Read the configuration from the environment."""
        from app.settings import Settings

        return Settings.from_environ()

    def app(self) -> Flask:
        """Return the application."""
        if self._app is None:
            from app import create_app

            self._app = create_app(self.settings())
        return self._app


class LazyGroup(click.Group):
    """Imports a command's module only when that command is called, so that each starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"app.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="redress", message="%(package)s %(version)s")
@click.pass_context
def redress(context: click.Context) -> None:
    """Run letter-writing campaigns.

    Configured by environment variables (REDRESS_ENV, REDRESS_DATABASE_URL, REDRESS_SMTP_URL …);
    the README lists them all.
    """
    context.obj = Installation()


def main() -> None:
    """Run the command line; the entry point of `redress`."""
    from sqlalchemy.exc import DBAPIError

    try:
        redress(prog_name="redress")
    except RedressError as error:
        _fail(error.sentence)
    except DBAPIError as error:
        _fail(_database_sentence(error))


def _database_sentence(error: Exception) -> str:
    cause = str(getattr(error, "orig", "")).splitlines()
    if (cause and "no such table" in cause[0]) or "does not exist" in "".join(cause[:1]):
        return "The database is not set up yet: run “redress db upgrade”."
    return (
        "The database cannot be reached or refuses the work; is REDRESS_DATABASE_URL right, and does it run?"
    )


def _fail(sentence: str) -> None:
    click.echo(f"redress: {sentence}", err=True)
    sys.exit(2)
