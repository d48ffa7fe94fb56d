"""Making a backup: one consistent copy of the database, while the site and its workers run."""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection, Engine

from app.backups import on_postgresql, on_sqlite
from app.backups.archive import BLOCK, BackupWriter, written_aside
from app.backups.manifest import BackupError, Make, Manifest, fingerprint_of_root, fingerprints
from app.backups.sealed_values import check_opens, keys_needed
from app.database import db, transaction
from app.security import audit
from app.security.keys import KeyRing

ACTION: Final = "database.backed_up"


def make_backup(path: Path, *, ring: KeyRing, now: datetime) -> Manifest:
    """Write a backup of the running application's database.

    The keys are not in it. What it needs of them is looked up, and some values are opened, so that no
    backup is made that its key file does not open.

    Args:
        path: the new file; only its owner can read it.
        ring: the keys.
        now: an instant before which all is in it.

    Returns:
        What the backup says about itself.

    Raises:
        BackupError: the file exists or cannot be written, or the database is empty or cannot be copied.
    """
    db.session.rollback()
    with written_aside(path) as backup:
        if _make_of(db.engine) == "sqlite":
            return _of_sqlite(db.engine, path, backup, ring=ring, now=now)
        with on_postgresql.snapshot(db.engine) as connection:
            edition = _edition_of(connection)
            counts = on_postgresql.copy_out(connection, backup)
            return backup.finish(
                _manifest(connection, "postgresql", edition, counts, ring=ring, now=now), ring
            )


def note_backup(manifest: Manifest, *, actor: str, now: datetime) -> None:
    """Write into the audit log that a backup was made: it holds all that can be exported."""
    with transaction() as session:
        audit.record(session, ACTION, actor=actor, now=now, detail={"edition": manifest.edition})


def _make_of(engine: Engine) -> Make:
    return "sqlite" if engine.dialect.name == "sqlite" else "postgresql"


def _of_sqlite(engine: Engine, path: Path, backup: BackupWriter, *, ring: KeyRing, now: datetime) -> Manifest:
    copied = path.with_name(f".{path.name}.{secrets.token_hex(8)}.sqlite")
    os.close(os.open(copied, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        on_sqlite.copy_out(Path(engine.url.database or ""), copied)
        copy = sa.create_engine(f"sqlite:///{copied}", poolclass=sa.NullPool, hide_parameters=True)
        with copy.connect() as connection:
            edition = _edition_of(connection)
            manifest = _manifest(connection, "sqlite", edition, _counts(connection), ring=ring, now=now)
        with backup.member(on_sqlite.MEMBER) as part, copied.open("rb") as file:
            while block := file.read(BLOCK):
                part.write(block)
        return backup.finish(manifest, ring)
    finally:
        for left in copied.parent.glob(f"{copied.name}*"):
            left.unlink()


def _edition_of(connection: Connection) -> str:
    edition = MigrationContext.configure(connection).get_current_revision()
    if edition is None:
        raise BackupError("There is nothing to back up: the database is not set up yet.")
    return edition


def _counts(connection: Connection) -> dict[str, int]:
    tables = sorted(set(sa.inspect(connection).get_table_names()) - {on_postgresql.VERSION})
    return {
        table: connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table))) or 0
        for table in tables
    }


def _manifest(
    connection: Connection,
    database: Make,
    edition: str,
    counts: dict[str, int],
    *,
    ring: KeyRing,
    now: datetime,
) -> Manifest:
    check_opens(connection, ring)
    known = fingerprints(ring)
    return Manifest(
        database=database,
        edition=edition,
        made_at=now,
        counts=counts,
        keys={str(number): known[str(number)] for number in sorted(keys_needed(connection))},
        root=fingerprint_of_root(ring),
        members=(),
    )
