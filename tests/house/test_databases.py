"""Each test has a clean, migrated database of its own, on both backends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.database import db
from tests.support.databases import Backend
from tests.support.plugins.database import AppFactory, TimeTravel

SEEN: set[str] = set()


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_writes_the_next_does_not_see(app_context: Flask, turn: int) -> None:
    names = sa.inspect(db.engine).get_table_names()
    assert "probe" not in names
    assert "alembic_version" in names
    with db.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE probe (id INTEGER)"))
    assert db.engine.url.database not in SEEN
    SEEN.add(str(db.engine.url.database))


def test_the_backend_is_what_it_says(app_context: Flask, backend: Backend) -> None:
    assert db.engine.dialect.name == backend.name
    assert SERVER_VERSION[backend.name] in _version()


SERVER_VERSION = {"sqlite": "3.", "postgresql": "PostgreSQL 18"}


def _version() -> str:
    question = "SELECT sqlite_version()" if db.engine.dialect.name == "sqlite" else "SELECT version()"
    with db.engine.connect() as connection:
        return str(connection.scalar(sa.text(question)))


# One of the two is enough to show that the mark chooses.
@pytest.mark.backends("postgresql")
def test_a_test_can_choose_its_backend(backend_name: str) -> None:
    assert backend_name == "postgresql"


def test_two_applications_share_one_database(app_factory: AppFactory) -> None:
    first, second = app_factory(), app_factory(REDRESS_SITE_NAME="Other")
    with first.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE probe (id INTEGER)"))
    with second.app_context():
        assert "probe" in sa.inspect(db.engine).get_table_names()


def test_an_empty_database_has_no_table(empty_database_url: str) -> None:
    engine = sa.create_engine(empty_database_url)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_time_is_set_and_moved(app: Flask, time_travel: TimeTravel) -> None:
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    time_travel(start)
    with app.app_context():
        assert timedelta() <= clock.now() - start < timedelta(seconds=5)
        time_travel(timedelta(days=7))
        assert timedelta(days=7) <= clock.now() - start < timedelta(days=7, seconds=5)


@pytest.mark.seeded
def test_a_seeded_database_can_be_written_to_and_read(app_context: Flask) -> None:
    with db.engine.connect() as connection:
        usable = sa.text("SELECT count(*) FROM contacts WHERE channel = 'email' AND verified_at IS NOT NULL")
        assert connection.scalar(usable) >= 4
        assert connection.scalar(sa.text("SELECT count(*) FROM campaigns")) >= 1


def test_a_database_that_is_not_seeded_has_no_row(app_context: Flask) -> None:
    filled_by_migrations = {"alembic_version", "content_version"}
    with db.engine.connect() as connection:
        for name in set(sa.inspect(db.engine).get_table_names()) - filled_by_migrations:
            assert connection.scalar(sa.text(f'SELECT count(*) FROM "{name}"')) == 0, name
