"""The small commands."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from app import clock
from app.cli import routes
from app.delivery import stops
from app.security.keys import KeyRing
from tests.cli.conftest import Run
from tests.cli.test_commands import assert_refused
from tests.factories.campaigns import store_campaign
from tests.factories.letters import write_letter
from tests.factories.storage import counts
from tests.support.environment import installation
from tests.support.smtp import RecordingSmtpServer

ONE = pytest.mark.backends("sqlite")  # nothing of it is the database's
AFTER_THE_SEEDS = {"REDRESS_TEST_NOW": "2026-11-22T12:00:00+00:00"}


def test_keys_are_written_once(command: Run, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    environ = installation(tmp_path)
    ended = command("keys", "generate", str(path), environ=environ)
    assert ended.status == 0
    assert "back it up" in ended.out
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    assert_refused(
        command("keys", "generate", str(path), environ=environ), "exists already", "Nothing was changed"
    )
    assert path.read_bytes() == before
    assert KeyRing.load(path).root
    assert_refused(command("keys", "generate", "/proc/keys.json", environ=environ), "/proc")


@ONE
def test_stopping_and_going_on_by_command(command: Run, app: Flask, environ: dict[str, str]) -> None:
    with app.app_context():
        slug = store_campaign()
    ended = command("stop", slug, "--reason", "A wrong figure", environ=environ)
    assert (ended.status, ended.out, ended.err) == (0, f"Stopped: {slug}.\n", "")
    assert command("stop", slug, environ=environ).out == f"Was stopped already: {slug}.\n"
    assert command("stop", "--all", environ=environ).out == "Stopped: the whole site.\n"
    with app.app_context():
        found = {stop.scope: (stop.reason, stop.notices, stop.by) for stop in stops.all_stops()}
    assert found["campaign"] == ("A wrong figure", False, "command line")
    assert found["site"][1]
    assert command("resume", environ=environ).out == "Goes on: the whole site.\n"
    assert command("resume", environ=environ).out == "Was not stopped: the whole site.\n"
    assert command("resume", slug, environ=environ).status == 0
    with app.app_context():
        assert stops.all_stops() == []
    assert_refused(command("stop", "nowhere", environ=environ), "no such campaign or office")


@ONE
def test_routes_lists_every_page_with_its_audience(command: Run, app: Flask, environ: dict[str, str]) -> None:
    ended = command("routes", environ=environ)
    assert (ended.status, ended.err) == (0, "")
    lines = [line.split() for line in ended.out.splitlines()]
    assert len(lines) == len(list(app.url_map.iter_rules()))
    assert ["GET", "/confirm/<token>", "token"] in lines
    assert ["POST", "/campaigns/<slug>/write", "public"] in lines
    assert not [line for line in lines if len(line) < 3]


@ONE
def test_routes_tells_of_a_page_that_has_none(app: Flask) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "")

    class Installation:
        def app(self) -> Flask:
            return app

    ended = CliRunner().invoke(routes.command, obj=Installation())
    assert ended.exit_code == 1
    assert "NOBODY DECLARED" in ended.output


def test_retention_says_what_it_deleted(command: Run, app_context: Flask, environ: dict[str, str]) -> None:
    slug = store_campaign()
    write_letter(slug, now=clock.now() - timedelta(days=8))
    write_letter(slug)
    ended = command("retention", "run", environ=environ)
    assert ended.out.startswith(
        "Deleted: 1 unconfirmed letters, texts of 0 letters, 0 notices, identities of 0"
    )
    assert counts()["letters"] == 1


@pytest.mark.seeded
def test_doctor_has_nothing_to_say_of_a_sound_installation(
    command: Run, environ: dict[str, str], smtp_server: RecordingSmtpServer
) -> None:
    sound = environ | AFTER_THE_SEEDS | {"REDRESS_SMTP_URL": smtp_server.url}
    ended = command("doctor", environ=sound)
    assert (ended.status, ended.err) == (0, ""), ended.out
    assert {line[:2] for line in ended.out.splitlines()} == {"ok"}
    for part in ("Configuration", "Keys", "Clock", "Mail", "Database", "Contacts", "Facts"):
        assert f"{part}: " in ended.out


def finding(out: str, part: str) -> str:
    """Return the line about one part of the installation."""
    (line,) = (line for line in out.splitlines() if f" {part}: " in line)
    return line


def test_doctor_finds_what_is_wrong(command: Run, environ: dict[str, str]) -> None:
    assert command("seed", environ=environ).status == 0
    wrong = environ | {
        "REDRESS_SMTP_URL": "smtp://127.0.0.1:1",
        "REDRESS_TEST_NOW": "2027-06-01T12:00:00+00:00",
    }
    ended = command("doctor", environ=wrong)
    assert (ended.status, ended.err) == (1, "")
    assert finding(ended.out, "Mail").startswith("CHECK")
    assert finding(ended.out, "Contacts").startswith("CHECK")
    assert finding(ended.out, "Facts").startswith("CHECK")
    assert finding(ended.out, "Database").startswith("ok")
    early = command("doctor", environ=environ | {"REDRESS_TEST_NOW": "2019-01-01T00:00:00+00:00"})
    assert finding(early.out, "Clock").startswith("CHECK")


def test_doctor_finds_a_database_that_is_not_set_up(
    command: Run, empty_database_url: str, tmp_path: Path
) -> None:
    ended = command("doctor", environ=installation(tmp_path, empty_database_url))
    assert (ended.status, ended.err) == (1, "")
    assert finding(ended.out, "Database").startswith("CHECK")
    away = installation(tmp_path, "postgresql://nobody@127.0.0.1:1/x")
    ended = command("doctor", environ=away)
    assert ended.status == 1
    assert "cannot be reached" in finding(ended.out, "Database")


@ONE
def test_doctor_survives_a_mail_server_that_is_none(command: Run, environ: dict[str, str]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        for url in (f"smtp://127.0.0.1:{silent.getsockname()[1]}", "smtps://127.0.0.1:1"):
            ended = command("doctor", environ=environ | {"REDRESS_SMTP_URL": url})
            assert ended.status == 1
            assert finding(ended.out, "Mail").startswith("CHECK")
