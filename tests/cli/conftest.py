"""The command line in this process: the same `main` as `redress`, without the second that a start takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask, appcontext_pushed

from app.cli import main
from app.database import db


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
