"""`redress recipients`: exit statuses and what is printed. Within this process, but for one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from app.cli.recipients import command
from app.errors import RedressError
from tests.recipients.importer.making import OFFICE, written
from tests.support.plugins.database import TimeTravel
from tests.support.plugins.processes import Redress

Run = Callable[..., Result]


class _Installed:
    """What commands are handed, with an application that is there already."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def app(self) -> Flask:
        return self._app


@pytest.fixture
def run(app: Flask, time_travel: TimeTravel) -> Run:
    """Run `redress recipients …` on this test's database, on 21 November 2026."""
    time_travel(datetime(2026, 11, 21, 12, tzinfo=UTC))

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(command, [str(part) for part in arguments], obj=_Installed(app))

    return invoke


def test_a_dry_run_says_what_the_run_does(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, OFFICE)
    dry, done, again = run("import", path, "--dry-run"), run("import", path), run("import", path)
    assert (dry.exit_code, done.exit_code, again.exit_code) == (0, 0, 0)
    assert dry.output.splitlines()[:-1] == done.output.splitlines()[:-1]
    assert dry.output.splitlines()[-1] == "Nothing was changed (dry run)."
    assert "offices: 1 new" in done.output
    assert again.output.splitlines()[-1] == "Nothing to do."


def test_errors_are_told_with_their_place_and_change_nothing(run: Run, tmp_path: Path) -> None:
    done = run(
        "import", written(tmp_path, OFFICE + "  country: Atlantis\n".replace("country", "party"), "bad.yaml")
    )
    assert isinstance(done.exception, RedressError)
    assert done.exception.sentence == "1 error; nothing was changed."
    assert "error: bad.yaml:12:10: " in done.output
    assert run("export", "--format", "yaml").output == ""


@pytest.mark.parametrize(
    "arguments", [("import", "nowhere.csv"), ("import", "a.bin"), ("export", "--output", "no/folder/x.csv")]
)
def test_what_cannot_be_done_is_one_plain_sentence(
    run: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0")
    done = run(*[tmp_path / part if "." in part else part for part in arguments])
    assert isinstance(done.exception, RedressError)
    assert "\n" not in done.exception.sentence


def test_an_export_to_a_file_can_be_imported(run: Run, tmp_path: Path) -> None:
    run("import", written(tmp_path, OFFICE))
    for name, ending in (("csv", "csv"), ("yaml", "yaml"), ("popolo", "json")):
        path = tmp_path / f"out.{ending}"
        assert run("export", "--format", name, "--output", path).exit_code == 0
        assert run("import", path, "--format", name).output.splitlines()[-1] == "Nothing to do."
    assert run("export").output.startswith("\ufeffrecord,external_id,office,")


def test_check_finds_what_should_be_looked_at(run: Run, tmp_path: Path) -> None:
    clean = run("check")
    assert (clean.exit_code, clean.output) == (0, "Nothing needs checking.\n")
    ending = OFFICE.replace("starts_on: 2024-01-01", "starts_on: 2024-01-01, ends_on: 2026-12-10")
    named = "external_id: bare, institution: A, title: B, short_name: C"
    bare = f"- {{{named}, level: local, checked_on: 2026-11-01}}\n"
    run("import", written(tmp_path, ending + bare))
    done = run("check")
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "bare: No verified e-mail contact",
        "bare: Nobody known who holds it",
        "test-office: No verified e-mail contact",
        "test-office: Term ends in 19 days",
        "test-office: Never checked",
    ]


# A process takes seconds to start; what it does with the database is shown above on both.
@pytest.mark.backends("sqlite")
def test_as_a_process_a_bad_file_ends_with_one_line_and_status_2(redress: Redress, tmp_path: Path) -> None:
    done = redress("recipients", "import", str(written(tmp_path, "- x\n", "bad.yaml")))
    assert (done.returncode, done.stderr) == (2, "redress: 1 error; nothing was changed.\n")
