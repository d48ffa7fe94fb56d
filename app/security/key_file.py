"""Changing the key file under running processes: the old one is whole until the new one is in its place."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

from app.security.keys import KeyRing, KeysError


def put(ring: KeyRing, path: Path) -> None:
    """Put other keys in a key file's place, at once and to stay after a power cut.

    Owner, group and mode stay as they are: whoever can read it now can read it afterwards. One at a time:
    callers take turns (`audit.take_turn`).

    Raises:
        KeysError: it cannot be changed where it is.
    """
    real = path.resolve()
    # One name for all: what a power cut left is written over, so that no copy of the keys stays behind.
    aside = real.with_name(f".{real.name}.next")
    try:
        before = real.stat()
        aside.unlink(missing_ok=True)
        _write(ring, aside)
        os.chown(aside, before.st_uid, before.st_gid)
        aside.chmod(before.st_mode & 0o777)
        aside.replace(real)
        _make_durable(real.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise KeysError(
            f"The key file cannot be changed where it is ({error.strerror}): run this as the account that "
            "owns it, on a machine where it can be written to."
        ) from None


def copy(ring: KeyRing, path: Path) -> None:
    """Write keys to a new file that only its owner can read.

    Raises:
        KeysError: there is a file of that name, or it cannot be written.
    """
    try:
        _write(ring, path)
        _make_durable(path.parent)
    except OSError as error:
        raise KeysError(f"{path} cannot be written ({error.strerror}). Nothing was changed.") from None


def changed_at(path: Path) -> datetime:
    """Return when a key file was last changed."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _write(ring: KeyRing, path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(ring.written())
        file.flush()
        os.fsync(file.fileno())


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
