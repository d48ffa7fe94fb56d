"""`make faults`: the rows of the table of promises ("Nothing lost, nothing sent twice") at full count.

Real processes, a real SMTP server that records what it accepted, SQLite and PostgreSQL at the same time;
nothing leaves loopback. FAULTS_SHARE=0.05 makes one kill of twenty (1.0 is the whole), FAULTS_ROWS=kills,disk
takes some rows only. Prints a table; the exit status tells whether a promise broke.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import Flask

from tests.faults.clocks import turn_clocks
from tests.faults.finding import Finding, Place, Row
from tests.faults.full_disk import fill_disks
from tests.faults.kills import kill_workers
from tests.faults.poison import poison
from tests.faults.restarts import restart_databases
from tests.faults.smtp_matrix import CELLS, every_cell
from tests.faults.web_kills import kill_sites
from tests.support import network
from tests.support.databases import BACKENDS, Backend, Kind, PostgresqlBackend, SqliteBackend
from tests.support.environment import installation

SHARE = float(os.environ.get("FAULTS_SHARE", "1.0"))
ROWS = os.environ.get("FAULTS_ROWS", "")
DATABASE = os.environ.get("FAULTS_DATABASE", "")
"""The one that this process tries; the first process tries none, and starts one for each."""
KEPT, BROKEN, SKIPPED = "kept", "BROKEN", "not tried"


@dataclass(frozen=True)
class Promise:
    """A row of the table: what it is called, what is done, how often at full count, and on what."""

    key: str
    title: str
    row: Row
    full: int
    kind: Kind = "migrated"
    whole: bool = False
    """Whether it is always tried in full: no cell may be left out."""

    @property
    def count(self) -> int:
        """How often the fault is brought about in this run."""
        return self.full if self.whole else max(1, round(self.full * SHARE))


PROMISES: Final = (
    Promise("kills", "SIGKILL of workers", kill_workers, 2000),
    Promise("web", "SIGKILL of the site", kill_sites, 1000, "seeded"),
    Promise("smtp", "SMTP step x way", every_cell, CELLS, whole=True),
    Promise("poison", "poison letter", poison, 4, whole=True),
    Promise("restarts", "database restarted", restart_databases, 50, "seeded"),
    Promise("disk", "disk full", fill_disks, 20, "seeded"),
    Promise("clock", "clock and DST", turn_clocks, 8, whole=True),
)


class Databases:
    """Databases for the rows, of both kinds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = folder / "keys.json"
        self.backends: dict[str, Backend] = {
            "sqlite": SqliteBackend(folder, self._prepare),
            "postgresql": PostgresqlBackend(folder, self._prepare),
        }

    def _prepare(self, url: str, kind: Kind) -> None:
        from app import clock
        from app.cli.seed import load_all
        from app.extensions import alembic

        with self._app(installation(self.folder / "prepare", url, keys_file=self.keys)):
            alembic.upgrade()
            if kind == "seeded":
                load_all(now=clock.now(), demo=True)

    @contextmanager
    def _app(self, environ: dict[str, str]) -> Iterator[Flask]:
        from app import create_app
        from app.database import db
        from app.settings import Settings

        app = create_app(Settings.from_environ(environ))
        with app.app_context():
            try:
                yield app
            finally:
                db.session.close()
                db.engine.dispose()

    @contextmanager
    def place(self, promise: Promise, name: str) -> Iterator[Place]:
        """Make a place for a row, for the length of a block."""
        backend = self.backends[name]
        url = backend.make(promise.kind)
        folder = self.folder / f"{promise.key}-{name}"
        folder.mkdir()
        environ = installation(folder / "instance", url, keys_file=self.keys)
        try:
            with self._app(environ) as app:
                yield Place(app, environ, folder, backend)
        finally:
            backend.drop(url)

    def close(self) -> None:
        """Stop and remove everything."""
        for backend in self.backends.values():
            backend.close()


HEAD: Final = (
    f"{'':<20}{'database':<12}{'count':>6}{'lost':>6}{'twice':>7}{'unclear':>9}{'seconds':>9}  verdict   what"
)


def line(promise: Promise, database: str, found: Finding, seconds: float) -> str:
    """Return a line of the table."""
    verdict = SKIPPED if found.skipped else KEPT if found.kept else BROKEN
    figures = f"{found.count:>6}{found.lost:>6}{found.twice:>7}{found.unclear:>9}{seconds:>9.0f}"
    said = [f"{promise.title:<20}{database:<12}{figures}  {verdict:<9} {found.skipped or found.note}"]
    said += [f"    {sentence}" for sentence in sorted(set(found.broken))[:10]]
    return "\n".join(said)


def tried(promise: Promise, databases: Databases, name: str) -> Finding:
    """Try a row; what it raises is a broken promise, too."""
    try:
        with databases.place(promise, name) as place:
            return promise.row(place, promise.count)
    except Exception as error:
        traceback.print_exc()
        return Finding(count=promise.count, broken=[f"{type(error).__name__}: {error}"[:300]])


def on_one_database(name: str, wanted: set[str]) -> int:
    """Try the rows on one kind of database, print their lines, and return 0 if every promise was kept."""
    network.install()
    logging.disable(logging.ERROR)
    good = True
    with tempfile.TemporaryDirectory(prefix="redress-faults-") as folder:
        databases = Databases(Path(folder))
        try:
            for promise in PROMISES:
                if wanted and promise.key not in wanted:
                    continue
                begun = time.monotonic()
                found = tried(promise, databases, name)
                print(line(promise, name, found, time.monotonic() - begun), flush=True)
                good = good and found.kept
        finally:
            databases.close()
    return 0 if good else 1


def main() -> int:
    """Try the rows, print the table, and return 0 if every promise was kept."""
    wanted = {key for key in ROWS.split(",") if key}
    if unknown := wanted - {promise.key for promise in PROMISES}:
        print(f"There is no row {', '.join(sorted(unknown))}.")
        return 2
    if DATABASE:
        return on_one_database(DATABASE, wanted)
    began = time.monotonic()
    print(f"Share: {SHARE:g} of the full counts (rows that may leave nothing out are tried in full).")
    print(HEAD, flush=True)
    command = [sys.executable, "-m", "tests.faults"]
    both = [subprocess.Popen(command, env=os.environ | {"FAULTS_DATABASE": name}) for name in BACKENDS]
    ends = [one.wait() for one in both]
    good = not any(ends)
    print(f"{'All kept' if good else 'BROKEN'}, share {SHARE:g}, {time.monotonic() - began:.0f} s.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
