"""The disk of the database is full: a clean 503, and all goes on by itself when there is room again.

The disk is a small one in memory, filled by a file beside the database. Mounting it takes root; without,
the row is not tried. PostgreSQL has its tables and indexes on it, as a tablespace; its journal is elsewhere.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from psycopg import sql
from sqlalchemy.engine import make_url

from app import create_app
from app.database import db
from app.settings import Settings
from tests.faults.finding import Finding, Place, wait_until
from tests.faults.web_kills import start_site, status_of, wait_for_site
from tests.faults.writers import Writers, judge_letters
from tests.support.databases import PostgresqlBackend
from tests.support.journeys import CAMPAIGN, DURING_THE_CAMPAIGN
from tests.support.nursery import Nursery
from tests.support.ports import HOST, free_port

SIZE = 96 * 1024**2
PAGES = (f"/campaigns/{CAMPAIGN}", "/healthz")
"""What needs no room, and is answered all the time."""


class CannotMount(Exception):
    """This user, or this container, may not mount a small disk."""


def fill_disks(place: Place, times: int) -> Finding:
    """Fill the disk so many times while people write, and make room again."""
    finding = Finding(count=times)
    try:
        with _small_disk() as disk, _moved(place, disk) as moved:
            _fill(moved, disk, finding, times)
    except CannotMount as error:
        return Finding(skipped=str(error))
    return finding


def _fill(place: Place, disk: Path, finding: Finding, times: int) -> None:
    port = free_port()
    environ = place.environ | {
        "REDRESS_TEST_NOW": DURING_THE_CAMPAIGN,
        "REDRESS_BASE_URL": f"http://{HOST}:1",
    }
    sites = Nursery(environ, place.folder / "sites.log", "serve")
    with sites.running():
        site = start_site(sites, port)
        wait_for_site(port)
        writers = Writers(place.app, [port], CAMPAIGN)
        writers.start()
        try:
            for _ in range(times):
                writers.wait_for_more(30)
                refused = writers.told.statuses.get(503, 0)
                with _no_room(disk):
                    wait_until(lambda: _refused_or_wrong(writers) > refused, 30, "nobody was refused")  # noqa: B023
                    for path in PAGES:
                        finding.promise(
                            status_of(port, path) == 200, f"{path} was not answered while it was full"
                        )
            writers.wait_for_more(30)
        except AssertionError as error:
            finding.broken.append(str(error))
        finally:
            writers.end()
        finding.promise(sites.is_alive(site), "the site ended")
    judge_letters(finding, writers.told)
    finding.promise("Traceback" not in sites.output, "the site printed a traceback")
    told = writers.told
    finding.note = f"{told.acknowledged} acknowledged, {told.statuses.get(503, 0)} times 503"


def _refused_or_wrong(writers: Writers) -> int:
    writers.complain()
    return writers.told.statuses.get(503, 0)


@contextmanager
def _small_disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="redress-disk-") as folder:
        Path(folder).chmod(0o755)
        disk = Path(folder) / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "redress-faults", str(disk)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            raise CannotMount(
                "a small disk could not be mounted (it takes root, and a container that lets it)"
            )
        try:
            yield disk
        finally:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)


@contextmanager
def _no_room(disk: Path) -> Iterator[None]:
    filler = disk / "filler"
    block = b"\0" * 65536
    try:
        with filler.open("wb", buffering=0) as file:
            for size in (len(block), 512):
                try:
                    while file.write(block[:size]) == size:
                        pass
                except OSError:
                    continue
        yield
    finally:
        filler.unlink()


@contextmanager
def _moved(place: Place, disk: Path) -> Iterator[Place]:
    """Put a place's database on a disk, for the length of a block."""
    url = place.environ["REDRESS_DATABASE_URL"]
    db.session.close()
    db.engine.dispose()
    if isinstance(place.backend, PostgresqlBackend):
        with _tablespace(place.backend, str(make_url(url).database), disk):
            yield place
            db.session.close()
            db.engine.dispose()
        return
    file = disk / "redress.sqlite"
    shutil.copyfile(url.removeprefix("sqlite:///"), file)
    environ = place.environ | {"REDRESS_DATABASE_URL": f"sqlite:///{file}"}
    app = create_app(Settings.from_environ(environ))
    with app.app_context():
        yield replace(place, app=app, environ=environ)
        db.session.close()
        db.engine.dispose()


@contextmanager
def _tablespace(backend: PostgresqlBackend, database: str, disk: Path) -> Iterator[None]:
    folder, name = disk / "tables", sql.Identifier("small_disk")
    folder.mkdir()
    user = backend.server.server.system_user
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    move = sql.SQL("ALTER DATABASE {} SET TABLESPACE {}")
    with backend.server.administration() as connection:
        connection.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(name, sql.Literal(str(folder))))
        connection.execute(move.format(sql.Identifier(database), name))
        try:
            yield
        finally:
            throw_out = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(throw_out, (database,))
            connection.execute(move.format(sql.Identifier(database), sql.Identifier("pg_default")))
            connection.execute(sql.SQL("DROP TABLESPACE {}").format(name))
