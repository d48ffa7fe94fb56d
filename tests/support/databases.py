"""Clean databases on both backends: migrated once for each run, copied for each test."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from tests.support.memory import quick_folder

if TYPE_CHECKING:
    from tests.support.postgresql import PostgresqlServer

BACKENDS = ("sqlite", "postgresql")

FOLDERS = "redress-sqlite-"

Kind = Literal["migrated", "seeded"]
"""At the newest migration without a row; or, beyond that, with the seeds and their demonstration contacts."""

Prepare = Callable[[str, Kind], None]
"""Makes a new database at an address what its kind says, and leaves no connection open."""


class Backend(Protocol):
    """One make of database, with prepared templates to copy from."""

    name: str

    def make_empty(self) -> str:
        """Create a database without tables and return its address."""

    def make(self, kind: Kind) -> str:
        """Create a database of that kind and return its address."""

    def drop(self, url: str) -> None:
        """Remove a database that one of the above made."""

    def close(self) -> None:
        """Remove what is left at the end of the run."""


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Let the test processes of one run in one after the other."""
    with path.open("w", encoding="ascii") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        yield


class SqliteBackend:
    """SQLite files; their templates lie in the run's folder.

    Args:
        run: the folder that all test processes of the run share.
        prepare: see `Prepare`.
    """

    name = "sqlite"

    def __init__(self, run: Path, prepare: Prepare) -> None:
        self.run = run
        self.prepare = prepare
        self._folder: Path | None = None

    @property
    def folder(self) -> Path:
        """Where this test process has its databases: in memory, where a commit need not wait for a disk."""
        if self._folder is None:
            sweep_folders()
            self._folder = Path(tempfile.mkdtemp(prefix=f"{FOLDERS}{os.getpid()}-", dir=quick_folder()))
        return self._folder

    def make_empty(self) -> str:
        return f"sqlite:///{self.folder / secrets.token_hex(8)}.sqlite"

    def make(self, kind: Kind) -> str:
        template = self.run / f"{kind}.sqlite"
        with one_at_a_time(self.run / "sqlite.lock"):
            if not template.exists():
                self._make_template(template, kind)
        url = self.make_empty()
        shutil.copyfile(template, _path(url))
        return url

    def _make_template(self, template: Path, kind: Kind) -> None:
        aside = template.with_suffix(".new")
        self.prepare(f"sqlite:///{aside}", kind)
        if aside.with_name(aside.name + "-wal").exists():
            raise RuntimeError("the template was not closed: its journal is still there")
        aside.rename(template)

    def drop(self, url: str) -> None:
        path = _path(url)
        for left in path.parent.glob(path.name + "*"):
            left.unlink(missing_ok=True)

    def close(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def sweep_folders() -> None:
    """Remove what test processes left that were killed and could not do it themselves."""
    for folder in quick_folder().glob(f"{FOLDERS}*-*"):
        if not Path("/proc", folder.name.removeprefix(FOLDERS).partition("-")[0]).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


class PostgresqlBackend:
    """Databases in one server that all test processes of the run share.

    Args:
        run: the folder that all test processes of the run share.
        prepare: see `Prepare`.
        durable: whether a commit is forced to the disk.
    """

    name = "postgresql"

    def __init__(self, run: Path, prepare: Prepare, *, durable: bool = False) -> None:
        self.run = run
        self.prepare = prepare
        self.durable = durable
        self._server: PostgresqlServer | None = None

    @property
    def server(self) -> PostgresqlServer:
        """The server; started at the first look."""
        if self._server is None:
            from tests.support.postgresql import PostgresqlServer, directory_for, sweep

            with one_at_a_time(self.run / "postgresql-server.lock"):
                sweep()
                directory = directory_for(self.run, durable=self.durable)
                self._server = PostgresqlServer(directory, durable=self.durable)
        return self._server

    def make_empty(self) -> str:
        name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
        self.server.create(name)
        return self.server.url(name)

    def make(self, kind: Kind) -> str:
        template = f"template_{kind}"
        with one_at_a_time(self.run / "postgresql.lock"):
            if not self.server.has(template):
                self._make_template(template, kind)
        name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
        self.server.create(name, template=template)
        return self.server.url(name)

    def _make_template(self, template: str, kind: Kind) -> None:
        aside = f"{template}_new"
        self.server.drop(aside)
        self.server.create(aside)
        self.prepare(self.server.url(aside), kind)
        self.server.rename(aside, template)

    def drop(self, url: str) -> None:
        self.server.drop(url.partition("?")[0].rpartition("/")[2])

    def close(self) -> None:
        if self._server is not None:
            # Not while another process starts using what this one, as the last that did, removes.
            with one_at_a_time(self.run / "postgresql-server.lock"):
                self._server.close()
