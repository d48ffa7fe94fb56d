"""The file that a backup is: a ZIP archive, whose last part says what the others are.

It is written aside and gets its name when it is whole and on the disk. The standard library's ZIP can be
written as a stream, finds the end of a file missing, and is opened by any tool in thirty years.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from app.backups.manifest import BackupError, Manifest, Member, damaged, read_manifest
from app.security.keys import KeyRing

MANIFEST: Final = "backup.json"
LONGEST_MANIFEST: Final = 1024**2
BLOCK: Final = 256 * 1024


class BackupWriter:
    """A backup that is being written.

    Args:
        archive: the file.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members: list[Member] = []

    @contextmanager
    def member(self, name: str, columns: tuple[str, ...] = ()) -> Iterator[Part]:
        """Open one part for writing."""
        kind = zipfile.ZipInfo(name)
        kind.compress_type = zipfile.ZIP_DEFLATED
        with self._archive.open(kind, "w", force_zip64=True) as file:
            part = Part(file)
            yield part
        self._members.append(Member(name, part.size, part.sha256.hexdigest(), columns))

    def finish(self, manifest: Manifest, ring: KeyRing) -> Manifest:
        """Write what the backup says about itself, and return it with its parts and its seal."""
        whole = replace(manifest, members=tuple(self._members)).sealed(ring)
        self._archive.writestr(MANIFEST, whole.written())
        return whole


class Part:
    """One part of a backup, counted and hashed as it is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = 0
        self.sha256 = hashlib.sha256()

    def write(self, block: bytes | bytearray | memoryview) -> None:
        """Write some more."""
        self._file.write(block)
        self.size += len(block)
        self.sha256.update(block)


@contextmanager
def written_aside(path: Path) -> Iterator[BackupWriter]:
    """Open a new backup, which gets its name at the end of the block, or leaves nothing behind.

    Raises:
        BackupError: there is something of that name, or it cannot be written there.
    """
    if path.exists():
        raise _exists(path)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            # Values that are sealed do not shrink, whatever the effort.
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                yield BackupWriter(archive)
            file.flush()
            os.fsync(file.fileno())
        _put_into_place(aside, path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        aside.unlink(missing_ok=True)


def _put_into_place(aside: Path, path: Path) -> None:
    # A link would do on most disks, but those that are carried away (exFAT) have none.
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise _exists(path) from None
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _exists(path: Path) -> BackupError:
    return BackupError(f"{path} exists already. Nothing was changed; give the backup another name.")


def _unwritable(path: Path, error: OSError) -> BackupError:
    return BackupError(f"{path} cannot be written: {error.strerror or type(error).__name__}.")


class BackupReader:
    """A backup that is open and was found to be whole.

    Args:
        archive: the file.
        manifest: what it says about itself.
    """

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def blocks(self, member: Member) -> Iterator[bytes]:
        """Yield one part, piece by piece.

        Raises:
            BackupError: it is not what was written.
        """
        with _damage_told(), self._archive.open(member.name) as file:
            while block := file.read(BLOCK):
                yield block

    def check(self) -> None:
        """Read the whole file once and hold every part against its hash.

        Raises:
            BackupError: a part is not what was written.
        """
        for member in self.manifest.members:
            digest, size = hashlib.sha256(), 0
            for block in self.blocks(member):
                digest.update(block)
                size += len(block)
            if (size, digest.hexdigest()) != (member.size, member.sha256):
                raise damaged()


@contextmanager
def opened(path: Path, ring: KeyRing) -> Iterator[BackupReader]:
    """Open a backup, read all of it, and hold it against itself and against the key file.

    Raises:
        BackupError: it is damaged, none, of a newer Redress, or needs another key file.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupError(f"{path}: {error.strerror}.") from None
    with file:
        with _damage_told():
            archive = zipfile.ZipFile(file)
            with archive.open(MANIFEST) as part:
                manifest = read_manifest(part.read(LONGEST_MANIFEST))
        manifest.check(ring)
        backup = BackupReader(archive, manifest)
        backup.check()
        yield backup


@contextmanager
def _damage_told() -> Iterator[None]:
    # What an altered file makes of the ZIP reader: a part is gone, cut off, or wants a password.
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError, NotImplementedError, OSError):
        raise damaged() from None
