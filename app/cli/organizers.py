"""`redress organizers`: who works at the desk, from the command line."""

from __future__ import annotations

import click

from app import clock
from app.cli import Installation
from app.organizers import accounts, invitations
from app.organizers.permissions import ROLES
from app.security.audit import COMMAND_LINE


@click.group("organizers")
def command() -> None:
    """Invite, list and deactivate organizers; let one set up a new second factor."""


@command.command("invite")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What they may do.")
@click.pass_obj
def invite(installation: Installation, email: str, role: str) -> None:
    """Make an invitation for EMAIL and print its link: it works once, within three days."""
    with installation.app().app_context():
        click.echo(invitations.invite(email, role, actor=COMMAND_LINE, now=clock.now()))


@command.command("list")
@click.pass_obj
def list_(installation: Installation) -> None:
    """List accounts: address, role, last sign-in, second factor."""
    with installation.app().app_context():
        for organizer in accounts.listed():
            role = organizer.role if organizer.active else "closed"
            last = organizer.signed_in_at.date().isoformat() if organizer.signed_in_at else "never"
            factor = "second factor" if organizer.tf_primary_method else "no second factor yet"
            click.echo(f"{organizer.email}  {role}  last sign-in {last}  {factor}")


@command.command("deactivate")
@click.argument("email")
@click.pass_obj
def deactivate(installation: Installation, email: str) -> None:
    """Close the account of EMAIL and end its sign-ins. A new invitation opens it again."""
    with installation.app().app_context():
        organizer = accounts.find_by_email(email)
        accounts.deactivate(organizer.id, actor=COMMAND_LINE, now=clock.now())
    click.echo("The account is closed.")


@command.command("reset-second-factor")
@click.argument("email")
@click.pass_obj
def reset_second_factor(installation: Installation, email: str) -> None:
    """Forget authenticator and recovery codes of EMAIL: at the next sign-in new ones are set up."""
    with installation.app().app_context():
        organizer = accounts.find_by_email(email)
        accounts.reset_second_factor(organizer.id, actor=COMMAND_LINE, now=clock.now())
    click.echo("At the next sign-in a new authenticator is set up.")
