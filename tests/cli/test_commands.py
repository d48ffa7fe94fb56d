"""Every command explains itself, and every mistake is told in a sentence."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app.cli import COMMANDS, redress
from tests.cli.conftest import Ended, Run
from tests.support.environment import installation
from tests.support.plugins.processes import Redress
from tests.support.ports import HOST, free_port

NO_DATABASE = pytest.mark.backends("sqlite")  # nothing of it is the database's


def every_command(
    group: click.Group = redress, *before: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with the words that call it, groups too."""
    for name in group.list_commands(click.Context(group)):
        found = group.get_command(click.Context(group), name)
        assert found is not None, name
        yield (*before, name), found
        if isinstance(found, click.Group):
            yield from every_command(found, *before, name)


def assert_refused(ended: Ended, *words: str) -> None:
    """Hold a refusal against the contract: exit 2, at most two lines, the first says what is wrong."""
    assert ended.status == 2, ended
    assert ended.err.startswith("redress: "), ended.err
    assert len(ended.err.strip().splitlines()) <= 2, ended.err
    assert "Traceback" not in ended.err
    for word in words:
        assert word in ended.err, ended.err


def test_every_command_explains_itself_and_each_of_its_options(command: Run, tmp_path: Path) -> None:
    environ = installation(tmp_path)
    names = set()
    for words, found in every_command():
        names.add(words[0])
        assert found.help, words
        for option in found.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert option.help, (words, option.name)
    assert names == set(COMMANDS)
    for words in ((), ("serve",), ("db", "upgrade"), ("keys", "generate")):
        for flag in ("--help", "-h"):
            ended = command(*words, flag, environ=environ)
            assert (ended.status, ended.err) == (0, "")
            assert ended.out.startswith(f"Usage: {' '.join(['redress', *words])}")


def test_without_a_command_all_of_them_are_listed(command: Run, tmp_path: Path) -> None:
    ended = command(environ=installation(tmp_path))
    assert ended.status == 2
    assert all(f"\n  {name} " in ended.out for name in COMMANDS)


def test_the_version_is_told(command: Run, tmp_path: Path) -> None:
    ended = command("--version", environ=installation(tmp_path))
    assert (ended.status, ended.out.split()[0]) == (0, "redress")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["make-coffee"], "make-coffee"),
        (["db"], ""),
        (["db", "sideways"], "sideways"),
        (["db", "downgrade"], "TARGET"),
        (["serve", "--colour", "red"], "--colour"),
        (["serve", "--port", "many"], "many"),
        (["serve", "--port", "70000"], "70000"),
        (["serve", "--processes", "0"], "0"),
        (["seed", "more"], "more"),
        (["keys", "generate"], "PATH"),
        (["keys", "generate", "."], "directory"),
        (["worker", "--processes", "x"], "x"),
        (["--colour"], "--colour"),
    ],
    ids=" ".join,
)
def test_a_slip_of_the_pen_is_told_in_two_lines(
    command: Run, tmp_path: Path, words: list[str], said: str
) -> None:
    ended = command(*words, environ=installation(tmp_path))
    if words == ["db"]:
        assert ended.status == 2
        assert "upgrade" in ended.out
    else:
        assert_refused(ended, said, "--help")
    assert not list(tmp_path.iterdir())  # nothing was begun


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"REDRESS_SMTP_URL": "relay.example:25"}, "REDRESS_SMTP_URL must look like"),
        ({"REDRESS_SMTP_URL": "smtp://user:hunter2@relay.example:port"}, "REDRESS_SMTP_URL must look like"),
        (
            {"REDRESS_DATABASE_URL": "mysql://db.example/x"},
            "must be SQLite or PostgreSQL",
        ),
        ({"REDRESS_DATABASE_URL": "nowhere"}, "REDRESS_DATABASE_URL is not an address"),
        ({"REDRESS_ENV": "prod"}, "REDRESS_ENV must be one of"),
        ({"REDRESS_ENV": "production", "REDRESS_SECRET_KEY": ""}, "is missing"),
        ({"REDRESS_DATA_DIR": "/proc/nowhere", "REDRESS_SECRET_KEY": ""}, "/proc/nowhere: No such file"),
        ({"REDRESS_KEYS_FILE": "/dev/null"}, "key file is damaged"),
        ({"REDRESS_KEYS_FILE": "/dev"}, "key file cannot be read"),
        ({"REDRESS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, "database cannot be reached"),
        ({"REDRESS_DATABASE_URL": "sqlite:////proc/nowhere/x.sqlite"}, "/proc/nowhere: No such file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_configuration_is_told(
    command: Run, tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    ended = command("db", "current", environ=installation(tmp_path) | variables)
    assert_refused(ended, said)
    assert "hunter2" not in ended.err


def test_a_database_without_tables_is_told(command: Run, empty_database_url: str, tmp_path: Path) -> None:
    environ = installation(tmp_path, empty_database_url)
    assert_refused(command("retention", "run", environ=environ), "redress db upgrade")
    assert_refused(command("seed", environ=environ), "redress db upgrade")


@NO_DATABASE
def test_a_port_that_is_taken_is_told(command: Run, environ: dict[str, str]) -> None:
    port = free_port()
    with socket.socket() as taken:
        # As a server does: somebody's closed connection may still be remembered there.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((HOST, port))
        taken.listen()
        ended = command("serve", "--port", str(port), environ=environ)
    assert_refused(ended, f"Port {port}", "--port")


@NO_DATABASE
def test_demonstration_data_is_not_for_production(
    command: Run, environ: dict[str, str], keys_file: Path
) -> None:
    production = environ | {
        "REDRESS_ENV": "production",
        "REDRESS_SECRET_KEY": "k" * 32,
        "REDRESS_KEYS_FILE": str(keys_file),
        "REDRESS_BASE_URL": "https://letters.example",
        "REDRESS_SMTP_URL": "smtp://relay.example",
    }
    assert_refused(command("seed", "--demo", environ=production), "not for production")
    assert_refused(command("serve", "--prepare", environ=production), "in production run")


@NO_DATABASE
def test_a_mistake_of_ours_is_told_without_its_words(
    command: Run, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("Planted Name <planted@people.example>")

    monkeypatch.setattr("app.letters.retention._purge_texts", broken)
    ended = command("retention", "run", environ=environ)
    assert_refused(ended, "ZeroDivisionError", "test_commands.py, line", "Please report it")
    assert "lanted" not in ended.err


@NO_DATABASE
def test_the_installed_command_is_the_same(redress: Redress) -> None:
    ended = redress("make-coffee")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "redress: No such command 'make-coffee'.\n“redress --help” tells how it is used.\n"
