"""Fixtures: clean databases, applications and clients on them."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import pytest

from tests.support.databases import BACKENDS, Backend, Kind, PostgresqlBackend, SqliteBackend
from tests.support.environment import installation
from tests.support.lengths import SOAK
from tests.support.shortcuts import (
    Templates,
    hash_quickly,
    remember_routes,
    remember_rules,
    remember_statements,
)

if TYPE_CHECKING:
    from flask import Flask

    # Each fixture imports what it needs of the application when it is asked for: tests of one room
    # that need no database run in a blink, and while another room is being rebuilt.
    from app.clock import Clock
    from app.settings import Settings
    from tests.support.client import CheckingClient

SettingsFactory = Callable[..., "Settings"]
AppFactory = Callable[..., "Flask"]
TimeTravel = Callable[[datetime | timedelta], datetime]

ABOUT_DATABASES = {
    "delivery", "faults", "house", "journeys", "migrations", "security", "settings", "test_hot_rows.py",
}  # fmt: skip
"""Rooms and files whose tests run on both databases always; so does what `@pytest.mark.backends` says."""

NOT_SO_MUCH = {"test_machine.py", "test_pacing.py", "test_worker.py"}
"""Files of these rooms that ask the database what the files beside them ask on both."""

GARBAGE = 5_000
"""How many new objects are looked through for garbage at a time; an application alone is more than that."""

TURNS = 3
"""Of the other tests one in so many is PostgreSQL's, which takes longer to be made ready."""


def pytest_configure() -> None:
    """Spare each test what is the same for all."""
    remember_rules()
    remember_routes()
    remember_statements()


def pytest_collection_finish() -> None:
    """Spare each look for garbage what stays to the end: all that was imported, and the tests themselves."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 10, 10)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Offer whatever asks for a database both, or those that `@pytest.mark.backends` names."""
    if "backend_name" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("backends")
        metafunc.parametrize("backend_name", mark.args if mark else BACKENDS, scope="session", indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave each test one database, unless its room or its mark asks for both; in a soak all run on both.

    The test's name draws which, so that every process and every run draw alike and each room meets both.
    Of several cases of a test PostgreSQL gets no more than the first.
    """
    if SOAK:
        return
    on_sqlite = {item.nodeid for item in items if _backend(item) == "sqlite"}
    on_postgresql: dict[str, str] = {}
    left_out = set()
    for item in items:
        twin = item.nodeid.replace("postgresql", "sqlite")
        if _backend(item) == "postgresql" and twin in on_sqlite:
            test = item.nodeid.partition("[")[0]
            about_databases = _is_about_databases(item)
            wanted = about_databases or crc32(test.encode()) % TURNS == 0
            if wanted and on_postgresql.setdefault(test, item.nodeid) == item.nodeid:
                left_out |= set() if about_databases else {twin}
            else:
                left_out.add(item.nodeid)
    items[:] = [item for item in items if item.nodeid not in left_out]


def _is_about_databases(item: pytest.Item) -> bool:
    if item.get_closest_marker("backends"):
        return True
    return not ABOUT_DATABASES.isdisjoint(item.path.parts) and item.path.name not in NOT_SO_MUCH


def _backend(item: pytest.Item) -> object:
    return item.callspec.params.get("backend_name") if hasattr(item, "callspec") else None


@pytest.fixture(scope="session")
def backend_name(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`."""
    return str(request.param)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all test processes of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own


@pytest.fixture(scope="session")
def keys_file(run_folder: Path) -> Path:
    """The keys of all installations of this run, so that copies of a seeded database can be read."""
    return run_folder / "keys.json"


@pytest.fixture(scope="session")
def all_backends(run_folder: Path, keys_file: Path) -> Iterator[dict[str, Backend]]:
    """Both kinds of database; nothing is started before it is needed."""

    def prepare(url: str, kind: Kind) -> None:
        from app import create_app
        from app.extensions import alembic
        from app.settings import Settings

        environ = installation(run_folder / f"prepare-{os.getpid()}", url, keys_file=keys_file)
        with _closing(create_app(Settings.from_environ(environ))):
            alembic.upgrade()
            if kind == "seeded":
                _seed()

    found: dict[str, Backend] = {
        "sqlite": SqliteBackend(run_folder, prepare),
        "postgresql": PostgresqlBackend(run_folder, prepare),
    }
    yield found
    for one in found.values():
        one.close()


@pytest.fixture(scope="session")
def backend(all_backends: dict[str, Backend], backend_name: str) -> Backend:
    """The kind of database that this test runs on."""
    return all_backends[backend_name]


@pytest.fixture
def database_url(backend: Backend, request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a database of this test's own: migrated; with `@pytest.mark.seeded`, seeded."""
    url = backend.make("seeded" if request.node.get_closest_marker("seeded") else "migrated")
    yield url
    backend.drop(url)


@pytest.fixture
def empty_database_url(backend: Backend) -> Iterator[str]:
    """Address of a database without a single table, for tests of migrations."""
    url = backend.make_empty()
    yield url
    backend.drop(url)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """The data folder of this test's installation."""
    return tmp_path / "instance"


@pytest.fixture
def environ(data_dir: Path, database_url: str, keys_file: Path) -> dict[str, str]:
    """REDRESS_… variables of this test's installation, on its own database: for commands and servers."""
    return installation(data_dir, database_url, keys_file=keys_file)


@pytest.fixture
def settings_factory(environ: dict[str, str]) -> SettingsFactory:
    """Make settings; keywords are further variables by their whole names: `(REDRESS_SMTP_URL=server.url)`."""

    def make(**variables: str) -> Settings:
        from app.settings import Settings

        return Settings.from_environ(environ | variables)

    return make


@pytest.fixture
def app_factory(settings_factory: SettingsFactory, run_folder: Path) -> Iterator[AppFactory]:
    """Make applications on this test's database; keywords as for `settings_factory`."""
    made: list[Flask] = []

    def make(**variables: str) -> Flask:
        from app import create_app
        from tests.support.client import CheckingClient

        app = create_app(settings_factory(**variables))
        app.test_client_class = CheckingClient
        # Each application compiles its templates anew; the result is the same for all of a run.
        app.jinja_env.bytecode_cache = Templates(str(run_folder))
        hash_quickly(app)
        made.append(app)
        return app

    yield make
    for app in made:
        _close(app)


@pytest.fixture
def app(app_factory: AppFactory) -> Flask:
    """An application on a clean database, run once on SQLite and once on PostgreSQL."""
    return app_factory()


@pytest.fixture
def app_context(app: Flask) -> Iterator[Flask]:
    """The application, with its context pushed: for tests of services."""
    with app.app_context():
        yield app


@pytest.fixture
def client(app: Flask) -> CheckingClient:
    """A browser without JavaScript that holds every page against the rules: see `CheckingClient`."""
    from tests.support.client import CheckingClient

    made = app.test_client()
    assert isinstance(made, CheckingClient)
    return made


@pytest.fixture
def time_travel(app: Flask) -> TimeTravel:
    """Set this test's application to an instant, or forward by a span, and return its new now.

    The clock runs on from there, as with REDRESS_TEST_NOW.
    """

    def travel(to: datetime | timedelta) -> datetime:
        from app.clock import Clock

        clock: Clock = app.extensions["redress_clock"]
        instant = clock.now() + to if isinstance(to, timedelta) else to.astimezone(UTC)
        app.extensions["redress_clock"] = Clock.starting_at(instant)
        return instant

    return travel


def _seed() -> None:
    from app import clock
    from app.cli.seed import load_all

    load_all(now=clock.now(), demo=True)


@contextmanager
def _closing(app: Flask) -> Iterator[Flask]:
    # Alembic tells of every migration at INFO; in a failed test's report that would bury the reason.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with app.app_context():
        yield app
    _close(app)


def _close(app: Flask) -> None:
    from app.database import db

    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()
