"""Taking a copy of an SQLite database that is in use, and putting one into an empty one."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from app.backups.manifest import BackupError
from app.database import BUSY_SECONDS, WriterLock

MEMBER: Final = "redress.sqlite"


def copy_out(database: Path, to: Path) -> None:
    """Copy a database as it is at one instant, while others read and write it.

    `VACUUM INTO` reads one snapshot and keeps no writer waiting; and what was deleted is not in the copy, not
    even as an empty page.

    Args:
        database: the file.
        to: a file that is empty, with the rights that the copy is to have.

    Raises:
        BackupError: the database is damaged, or there is no room for its copy.
    """
    try:
        with closing(sqlite3.connect(database, timeout=BUSY_SECONDS, isolation_level=None)) as source:
            source.execute("VACUUM INTO ?", (str(to),))
        with closing(sqlite3.connect(to, isolation_level=None)) as copied:
            (found,) = copied.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"The database cannot be copied: {error}.") from None
    if found != "ok":
        raise BackupError("The database is damaged: SQLite’s own check of it fails. No backup was made.")


def is_empty(database: Path) -> bool:
    """Whether there is no such database, or nothing in it."""
    if not database.exists():
        return True
    with closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection:
        return _is_empty(connection)


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


@contextmanager
def aside(database: Path) -> Iterator[Path]:
    """Yield a path for a database that is built beside another; nothing of it stays.

    Raises:
        BackupError: somebody else is building one there.
    """
    folder = database.with_name(database.name + ".restoring")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError("Another restore of this database is running. Nothing was changed.") from None
        try:
            # What a restore left that was killed.
            for left in folder.iterdir():
                left.unlink()
            yield folder / MEMBER
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


def write_aside(blocks: Iterable[bytes], to: Path) -> None:
    """Write the copy of a database into a file.

    Raises:
        BackupError: there is no room for it, say.
    """
    try:
        with to.open("wb") as file:
            for block in blocks:
                file.write(block)
    except OSError as error:
        raise BackupError(f"{to.parent} cannot be written: {error.strerror}. Nothing was changed.") from None


def put_into_place(built: Path, database: Path, lock: WriterLock) -> bool:
    """Copy a database that was built aside into an empty one, all of it in one transaction of SQLite's.

    Returns:
        Whether that was done; False where the other one is not empty any more.

    Raises:
        BackupError: there is no room for it, or somebody holds the database.
    """
    try:
        return _put_into_place(built, database, lock)
    except sqlite3.Error as error:
        raise BackupError(f"The database cannot be written: {error}. Nothing was changed.") from None


def _put_into_place(built: Path, database: Path, lock: WriterLock) -> bool:
    with (
        lock.held(),
        closing(sqlite3.connect(built)) as source,
        closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as target,
    ):
        if not _is_empty(target):
            return False
        source.backup(target)
        return True
