"""The command line in this process: the same `main` as `redress`, without the second that a start takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask, appcontext_pushed

from app.cli import main
from app.database import db
from tests.factories.campaigns import store_campaign
from tests.factories.recipients import ContactFactory, OfficeFactory


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status and what it printed."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run `redress …` to its end: `command("db", "current", environ=environ).status`."""
    apps: list[Flask] = []

    def note(app: Flask, **_rest: object) -> None:
        apps.append(app)

    def run(*arguments: str, environ: dict[str, str]) -> Ended:
        for name in [name for name in os.environ if name.startswith("REDRESS_")]:
            monkeypatch.delenv(name)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["redress", *arguments])
        capfd.readouterr()
        with appcontext_pushed.connected_to(note), pytest.raises(SystemExit) as end:
            main()
        printed = capfd.readouterr()
        return Ended(int(end.value.code or 0), printed.out, printed.err)

    yield run
    for app in {id(app): app for app in apps}.values():
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def slug(app_context: Flask) -> str:
    """A campaign with an office that takes mail, one that takes paper, and one that takes nothing yet."""
    paper = ContactFactory.build(
        channel="post",
        value="",
        postal={"street": "1 Long Street", "city": "Geneva", "postal_code": "1211"},
        country="CH",
    )
    return store_campaign(
        [
            OfficeFactory.build(slug="mail"),
            OfficeFactory.build(slug="paper", contacts=[paper]),
            OfficeFactory.build(slug="none", contacts=[]),
        ]
    )


@pytest.fixture
def spare(environ: dict[str, str], empty_database_url: str) -> dict[str, str]:
    """The same installation after its loss: its key file, and a database without a table."""
    return environ | {"REDRESS_DATABASE_URL": empty_database_url}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a backup goes."""
    return tmp_path / "monday.backup"


def make(command: Run, environ: dict[str, str], file: Path) -> Ended:
    """Make a backup."""
    ended = command("backup", str(file), environ=environ)
    assert (ended.status, ended.err) == (0, ""), ended
    return ended


def bring_back(command: Run, environ: dict[str, str], file: Path, *options: str) -> Ended:
    """Restore a backup."""
    ended = command("restore", str(file), *options, environ=environ)
    assert (ended.status, ended.err) == (0, ""), ended
    return ended
