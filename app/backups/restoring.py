"""Restoring a backup into an empty database: built aside, settled there, and put into place when whole.

Until the last step nothing is where a site or a worker would look for it, so that nothing is changed by a
restore that fails, and nothing that was restored is ever without its stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alembic.util import CommandError
from flask import Flask, current_app
from sqlalchemy.engine import make_url

from app.backups import on_postgresql, on_sqlite
from app.backups.archive import BackupReader, opened
from app.backups.manifest import CALLED, BackupError, Make, Manifest
from app.backups.sealed_values import check_opens
from app.backups.settling import settle
from app.database import db
from app.extensions import alembic
from app.letters.restored import MayHaveLeft
from app.security.keys import KeyRing

AppOn = Callable[[str], Flask]
"""Makes an application on the database at an address."""


@dataclass(frozen=True)
class Restored:
    """What was restored, and what of it may have left since."""

    manifest: Manifest
    kept: MayHaveLeft


@dataclass(frozen=True)
class _Restore:
    backup: BackupReader
    ring: KeyRing
    nothing_left_since: bool
    actor: str
    now: datetime


def restore(
    path: Path, *, ring: KeyRing, app_on: AppOn, nothing_left_since: bool, actor: str, now: datetime
) -> Restored:
    """Restore a backup into the running application's database, which is empty; sending is stopped then.

    Args:
        path: the backup.
        ring: the keys that it needs.
        app_on: for the database that is built aside.
        nothing_left_since: whether somebody knows that nothing left this site after the backup was made:
            what waited in it keeps its place then; else it is kept back (`letters.restored`).
        actor: for the audit log.
        now: the instant.

    Raises:
        BackupError: the database is not empty, or of another kind; or the file is damaged, of a newer
            Redress, or needs other keys. Nothing was changed.
    """
    make: Make = "sqlite" if db.engine.dialect.name == "sqlite" else "postgresql"
    if not _is_empty(make):
        raise _not_empty()
    with opened(path, ring) as backup:
        if backup.manifest.database != make:
            raise BackupError(
                f"The backup is of {CALLED[backup.manifest.database]}, and REDRESS_DATABASE_URL leads to "
                f"{CALLED[make]}: it can be restored to the same kind only. Nothing was changed."
            )
        _check_edition(backup.manifest)
        build = _Restore(backup, ring, nothing_left_since, actor, now)
        kept = _on_sqlite(build, app_on) if make == "sqlite" else _on_postgresql(build, app_on)
    return Restored(backup.manifest, kept)


def _is_empty(make: Make) -> bool:
    if make == "sqlite":
        return on_sqlite.is_empty(_file())
    with db.engine.connect() as connection:
        return on_postgresql.is_empty(connection)


def _file() -> Path:
    return Path(db.engine.url.database or "").absolute()


def _not_empty() -> BackupError:
    return BackupError(
        "There are tables in the database: a backup is restored into an empty one only. Nothing was changed."
    )


def _check_edition(manifest: Manifest) -> None:
    try:
        known = alembic.script_directory.get_revision(manifest.edition)
    except CommandError:
        known = None
    if known is None:
        raise BackupError(
            f"The backup is of a newer edition ({manifest.edition}) than this Redress knows: "
            "restore it with that one. Nothing was changed."
        )


def _on_sqlite(build: _Restore, app_on: AppOn) -> MayHaveLeft:
    member = build.backup.manifest.member(on_sqlite.MEMBER)
    if member is None:
        raise BackupError("The backup holds no database. Nothing was changed.")
    with on_sqlite.aside(_file()) as built:
        on_sqlite.write_aside(build.backup.blocks(member), built)
        with _app(app_on, f"sqlite:///{built}"):
            kept = _settle(build)
        if not on_sqlite.put_into_place(built, _file(), current_app.extensions["redress_writer_lock"]):
            raise _not_empty()
    return kept


def _on_postgresql(build: _Restore, app_on: AppOn) -> MayHaveLeft:
    with on_postgresql.aside(
        db.engine, make_url(current_app.config["REDRESS_SETTINGS"].database_url)
    ) as aside:
        with _app(app_on, aside.url.render_as_string(hide_password=False)):
            alembic.upgrade(build.backup.manifest.edition)
            with db.engine.begin() as connection:
                on_postgresql.copy_in(connection, build.backup)
            kept = _settle(build)
        with db.engine.begin() as connection:
            if not on_postgresql.put_into_place(connection, aside.place):
                raise _not_empty()
    return kept


@contextmanager
def _app(app_on: AppOn, url: str) -> Iterator[Flask]:
    app = app_on(url)
    with app.app_context():
        engine = db.engine
    try:
        with app.app_context():
            yield app
    finally:
        # Nothing may hold what is put into place, or removed.
        engine.dispose()


def _settle(build: _Restore) -> MayHaveLeft:
    """Make of the rows that were restored what the site goes on with."""
    with db.engine.connect() as connection:
        check_opens(connection, build.ring)
    alembic.upgrade()
    return settle(
        build.backup.manifest, nothing_left_since=build.nothing_left_since, actor=build.actor, now=build.now
    )
