"""`redress db`."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.conftest import Run
from tests.cli.test_commands import assert_refused
from tests.support.environment import installation

NEWEST = sorted(path.name for path in (Path(__file__).parents[2] / "migrations" / "versions").glob("*.py"))[
    -1
][:4]


@pytest.fixture
def fresh(empty_database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of an installation whose database has no table yet."""
    return installation(tmp_path, empty_database_url)


def tables(environ: dict[str, str]) -> set[str]:
    """Return the names of the database's tables."""
    engine = sa.create_engine(environ["REDRESS_DATABASE_URL"])
    names = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_up_down_and_where_it_is(command: Run, fresh: dict[str, str]) -> None:
    assert command("db", "current", environ=fresh).out == "nothing yet\n"
    ended = command("db", "upgrade", environ=fresh)
    assert (ended.status, ended.out, ended.err) == (0, f"The database is at {NEWEST}.\n", "")
    assert "letters" in tables(fresh)
    assert command("db", "current", environ=fresh).out == f"{NEWEST}\n"
    assert command("db", "upgrade", environ=fresh).status == 0  # a second time changes nothing
    assert command("db", "downgrade", "0001", environ=fresh).out == "The database is at 0001.\n"
    assert "audit_entries" not in tables(fresh)
    assert command("db", "upgrade", "0002", environ=fresh).status == 0
    assert command("db", "downgrade", "base", environ=fresh).status == 0
    assert tables(fresh) <= {"alembic_version"}


def test_the_history_is_told_oldest_first(command: Run, fresh: dict[str, str]) -> None:
    lines = command("db", "history", environ=fresh).out.splitlines()
    assert [line[:4] for line in lines] == [f"{number:04}" for number in range(1, int(NEWEST) + 1)]
    assert all(len(line) > 10 for line in lines)


def test_a_migration_that_there_is_not(command: Run, environ: dict[str, str]) -> None:
    for words in (["upgrade", "9999"], ["upgrade", "nothing"], ["downgrade", "nothing"], ["upgrade", "-1"]):
        ended = command("db", *words, environ=environ)
        assert ended.status == 2, words
        assert "Traceback" not in ended.err
    assert_refused(command("db", "upgrade", "nothing", environ=environ), "no such migration")
    assert command("db", "current", environ=environ).out == f"{NEWEST}\n"
