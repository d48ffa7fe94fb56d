"""What a backup says about itself, sealed with a key that is not in it.

The seal is made with the key file, so that nothing is put into a database that this installation did not
take out of one, and so that another installation's key file is noticed before anything is changed.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from app.errors import RedressError
from app.security.keys import KeyRing

FORMAT: Final = 1
"""Raised when the file itself changes; what is in the tables is told by the edition."""
PURPOSE: Final = "backup"
FINGERPRINT: Final = b"redress:fingerprint"

Make = Literal["sqlite", "postgresql"]
CALLED: Final[dict[Make, str]] = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


class BackupError(RedressError):
    """A backup that cannot be made, read or restored; the sentence says why, and that nothing was changed."""


def damaged() -> BackupError:
    """Return the refusal of a file that is not, or not any more, what a backup wrote."""
    return BackupError("The file was cut off or altered, or is no backup of Redress. Nothing was changed.")


@dataclass(frozen=True)
class Member:
    """One part of the file: its name, its size and SHA-256 unpacked, and of which columns its rows are."""

    name: str
    size: int
    sha256: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup says about itself.

    Attributes:
        database: the kind of database that it was taken from.
        edition: the migration that this was at.
        made_at: an instant before which all is in the backup.
        counts: rows of each table.
        keys: fingerprints of the encryption keys that its values were sealed with, by number.
        root: fingerprint of the key from which indexes and seals are made.
        members: the parts of the file.
        format: of the file.
        seal: of all the above, under the key file.
    """

    database: Make
    edition: str
    made_at: datetime
    counts: Mapping[str, int]
    keys: Mapping[str, str]
    root: str
    members: tuple[Member, ...]
    format: int = FORMAT
    seal: str = ""

    def sealed(self, ring: KeyRing) -> Manifest:
        """Return it with its seal."""
        return replace(self, seal=ring.mac(PURPOSE, self._canonical()).hex())

    def check(self, ring: KeyRing) -> None:
        """Hold it against the key file.

        Raises:
            BackupError: it belongs to another key file, needs a key that is missing there, or was altered.
        """
        if self.root != fingerprint_of_root(ring):
            raise BackupError(
                f"The backup belongs to another key file ({self.needs}). Nothing was changed; "
                "put that key file where REDRESS_KEYS_FILE points to."
            )
        if not hmac.compare_digest(self.seal, self.sealed(ring).seal):
            raise damaged()
        missing = [number for number, print_ in self.keys.items() if fingerprints(ring).get(number) != print_]
        if missing:
            raise BackupError(
                f"The key file lacks key {', '.join(missing)}, which the backup needs ({self.needs}). "
                "Nothing was changed."
            )

    @property
    def needs(self) -> str:
        """The keys that open it: numbers and fingerprints, not the keys."""
        numbered = [f"key {number} {print_}" for number, print_ in self.keys.items()]
        return ", ".join([f"root {self.root}", *numbered])

    def member(self, name: str) -> Member | None:
        """Return a part by its name."""
        return next((one for one in self.members if one.name == name), None)

    def written(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(self._told(), indent=1).encode("ascii")

    def _told(self) -> dict[str, Any]:
        return asdict(self) | {"made_at": self.made_at.isoformat()}

    def _canonical(self) -> bytes:
        told = self._told() | {"seal": ""}
        return json.dumps(told, sort_keys=True, separators=(",", ":")).encode("ascii")


def read_manifest(written: bytes) -> Manifest:
    """Read what `Manifest.written` wrote; its seal is not looked at (`Manifest.check`).

    Raises:
        BackupError: it is none, or one of a newer Redress.
    """
    try:
        told = json.loads(written)
        if told["format"] > FORMAT:
            raise BackupError(
                "The backup was made by a newer Redress: restore it with that one. Nothing was changed."
            )
        members = tuple(
            Member(one["name"], one["size"], one["sha256"], tuple(one["columns"])) for one in told["members"]
        )
        made_at = datetime.fromisoformat(told["made_at"])
        return Manifest(**{**told, "members": members, "made_at": made_at})
    except (ValueError, KeyError, TypeError):
        raise damaged() from None


def fingerprints(ring: KeyRing) -> dict[str, str]:
    """Return what tells the encryption keys of a ring apart, by number; nothing can be opened with it."""
    return {
        str(number): hmac.digest(key, FINGERPRINT, "sha256")[:4].hex()
        for number, key in sorted(ring.encryption.items())
    }


def fingerprint_of_root(ring: KeyRing) -> str:
    """Return what tells the root of a ring from others."""
    return ring.mac("fingerprint", FINGERPRINT)[:4].hex()
