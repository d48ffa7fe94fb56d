"""`redress organizers …`."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from app import clock
from app.cli.organizers import command
from app.errors import NotFound, Refused
from app.organizers import accounts, invitations
from tests.factories.organizers import store_account


class Installation:
    """What the command line hands to its commands."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def app(self) -> Flask:
        return self._app


def run(app: Flask, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, obj=Installation(app), catch_exceptions=False)


def test_inviting_prints_a_link_that_works(app: Flask) -> None:
    result = run(app, "invite", "ani@desk.example", "--role", "owner")
    assert result.exit_code == 0
    link = result.output.strip()
    assert link.startswith(app.config["REDRESS_SETTINGS"].base_url + "/admin/welcome/")
    with app.app_context():
        invitation = invitations.look(link.rpartition("/")[2], now=clock.now())
        assert (invitation.email, invitation.role) == ("ani@desk.example", "owner")


def test_what_cannot_be_invited(app: Flask) -> None:
    assert run(app, "invite", "ani@desk.example", "--role", "emperor").exit_code == 2
    assert run(app, "invite", "ani@desk.example").exit_code == 2
    with pytest.raises(Refused):  # which the command line tells as one sentence
        run(app, "invite", "nobody", "--role", "owner")


def test_list_deactivate_and_reset(app: Flask) -> None:
    with app.app_context():
        store_account("owner", email="ani@desk.example")
        store_account("viewer", email="bela@desk.example")
    assert "bela@desk.example  viewer  last sign-in never  second factor" in run(app, "list").output
    assert run(app, "reset-second-factor", "ani@desk.example").exit_code == 0
    assert run(app, "deactivate", "Bela@desk.example").exit_code == 0
    listed = run(app, "list").output
    assert "ani@desk.example  owner  last sign-in never  no second factor yet" in listed
    assert "bela@desk.example  closed" in listed
    with app.app_context():
        assert accounts.find_by_email("bela@desk.example").active is False
    with pytest.raises(NotFound):
        run(app, "deactivate", "nobody@desk.example")
