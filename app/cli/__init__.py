"""The command `redress`. A module a command; errors are one plain sentence, never a traceback.

Exit status: 0 done, 1 done with findings, 2 usage or configuration error.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from app.errors import RedressError

if TYPE_CHECKING:
    from flask import Flask

    from app.settings import Settings

COMMANDS = {
    "serve": "Serve the site.",
    "worker": "Deliver what is due.",
    "stop": "Let nothing more leave: the site, a campaign, an office.",
    "resume": "Lift a stop.",
    "db": "Bring the database to the current form.",
    "seed": "Load recipients, facts and campaigns.",
    "recipients": "Import, export and check offices.",
    "campaigns": "Hand campaigns to other groups, or take them over.",
    "letters": "Print what goes by post; export where every copy is.",
    "organizers": "Invite and list organizers.",
    "bounces": "Deal with mails that came back.",
    "unclear": "Look up what nobody can say was taken.",
    "keys": "Make the key file, rotate its keys.",
    "backup": "Copy the database while the site runs.",
    "restore": "Put a backup into an empty database; sending is stopped then.",
    "routes": "List every page with its audience.",
    "privacy": "Export or erase what is stored about a supporter.",
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

    def app_on(self, database_url: str) -> Flask:
        """Return the application on another database."""
        from app import create_app

        return create_app(replace(self.settings(), database_url=database_url))

    def worker_app(self) -> Flask:
        """Return an application without pages, which is there in half the time."""
        from app import create_worker_app

        return create_worker_app(self.settings())


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
    # Alembic tells of every look at the database.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    context.obj = Installation()


def main() -> None:
    """Run the command line; the entry point of `redress`."""
    try:
        status = redress(prog_name="redress", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "redress"
        _fail(f"{error.format_message()}\n“{command} --help” tells how it is used.")
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has heard enough; Python would complain once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        _fail(_sentence(error))
    sys.exit(status if isinstance(status, int) else 0)


def _sentence(error: Exception) -> str:
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, RedressError):
        return error.sentence
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, DBAPIError):
        return _database_sentence(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}."
    return _mistake(error)


def _mistake(error: Exception) -> str:
    # Type and place only: an exception's own words may hold somebody's name.
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    place = f"{Path(frame.f_code.co_filename).name}, line {line}"
    return f"Something went wrong that should not have ({type(error).__name__} in {place}). Please report it."


def _database_sentence(error: Exception) -> str:
    cause = str(getattr(error, "orig", "")).splitlines()
    if (cause and "no such table" in cause[0]) or "does not exist" in "".join(cause[:1]):
        return "The database is not set up yet: run “redress db upgrade”."
    return (
        "The database cannot be reached or refuses the work; is REDRESS_DATABASE_URL right, and does it run?"
    )


def _fail(sentence: str) -> NoReturn:
    click.echo(f"redress: {sentence}", err=True)
    sys.exit(2)
