"""The installation's keys: encryption at rest, blind indexes, message authentication.

The key file is never in the database or its backup. It holds numbered encryption keys, of which
one seals and all open, and one root from which every other key is derived. While it is changed
(see `rotation`), running processes take up what it says.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

from app.errors import RedressError

NONCE_BYTES = 12
"""96 bits, the size that NIST SP 800-38D §8.2 recommends for GCM."""
KEY_ID_BYTES = 2
KEY_BYTES = 32
"""AES-256, and the output of SHA-256 for the root."""
LOOK_EVERY = 1.0
"""Seconds for which a running process takes the key file to be as it was."""

log = logging.getLogger("redress.keys")


class KeysError(RedressError):
    """The key file is missing or damaged, or a sealed value does not belong where it was found."""


@dataclass(frozen=True)
class KeyRing:
    """The keys of one installation.

    Args:
        encryption: AES-256 keys by number; a newer one has a higher number.
        root: 32 bytes from which index and authentication keys are derived (HKDF, RFC 5869).
        seals: number of the key that seals, where a newer one waits for its time; 0: the newest.
    """

    encryption: Mapping[int, bytes]
    root: bytes
    seals: int = 0

    @property
    def newest(self) -> int:
        """The number of the newest key."""
        return max(self.encryption)

    @property
    def sealing(self) -> int:
        """The number of the key that seals."""
        return self.seals or self.newest

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        """Encrypt with AES-256-GCM.

        Args:
            plain: what to hide.
            bound_to: table, column and row that it belongs to; the same is needed to open it.

        Returns:
            Key number (2 bytes), nonce (12 bytes), cipher text with tag.
        """
        number = self.sealing
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = _cipher(self.encryption[number]).encrypt(nonce, plain, bound_to)
        return prefix(number) + nonce + sealed

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            KeysError: the key is not in the ring, or the value was altered or moved.
        """
        number = key_number(sealed)
        key = self.encryption.get(number)
        if key is None:
            raise KeysError(f"Key {number} is not in the key file.")
        nonce = sealed[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES]
        try:
            return _cipher(key).decrypt(nonce, sealed[KEY_ID_BYTES + NONCE_BYTES :], bound_to)
        except (InvalidTag, ValueError):  # ValueError: cut so short that there is no whole nonce
            raise KeysError(
                "A stored value cannot be opened: it was altered, or the key file is another one."
            ) from None

    def mac(self, purpose: str, data: bytes) -> bytes:
        """Return HMAC-SHA-256 (32 bytes) of `data` under a key that serves `purpose` only."""
        return hmac.digest(_derive(self.root, purpose), data, hashlib.sha256)

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read a key file.

        Raises:
            KeysError: it is missing or not a key file.
        """
        try:
            stored = json.loads(path.read_text(encoding="ascii"))
            encryption = {_number(number): _key(key) for number, key in stored["encryption"].items()}
            ring = cls(encryption, _key(stored["root"]), _sealing(stored, encryption))
        except FileNotFoundError:
            raise KeysError("The key file is missing: “redress keys generate” makes one.") from None
        except OSError:
            raise KeysError("The key file cannot be read: may this account read it?") from None
        except (ValueError, KeyError, AttributeError, TypeError):
            raise KeysError("The key file is damaged or is none: put its backup in its place.") from None
        if not encryption:
            raise KeysError("The key file holds no key.")
        return ring

    @classmethod
    def generate(cls, path: Path) -> None:
        """Write a new key file, readable by its owner only; an existing one is left as it is."""
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        ring = cls({1: new_key()}, new_key())
        # Written aside and linked into place: of two processes that start together, both read one whole file.
        aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(ring.written())
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink()

    def written(self) -> str:
        """Return what stands in a key file that holds these keys (ASCII)."""
        stored: dict[str, object] = {
            "encryption": {str(number): _spelled(key) for number, key in self.encryption.items()},
            "root": _spelled(self.root),
        }
        if self.sealing != self.newest:
            stored["seals"] = self.sealing
        return json.dumps(stored, indent=1)


class LiveKeys:
    """The keys of a running process, which outlives changes of its key file.

    What it reads is tried with every key that it has ever known, and with those that the file has by
    now; what it writes is sealed with the key that the file says, as of a second ago. A file that cannot
    be read, or is another installation's, changes nothing: it is noted in the log.

    Args:
        path: the key file.

    Raises:
        KeysError: it is missing or not a key file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark = _mark_of(path)
        self._ring = KeyRing.load(path)
        self._look_at = time.monotonic() + LOOK_EVERY

    @property
    def ring(self) -> KeyRing:
        """The keys as they were last read."""
        return self._ring

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        """Encrypt: see `KeyRing.seal`."""
        if time.monotonic() >= self._look_at:
            self._look()
        return self._ring.seal(plain, bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """Decrypt: see `KeyRing.open`."""
        number = key_number(sealed)
        if number not in self._ring.encryption:
            self.read_again()
        plain = self._ring.open(sealed, bound_to)
        if number > self._ring.sealing:
            # Somebody seals with it, so it is known everywhere, and only our copy of the file is behind.
            self._ring = replace(self._ring, seals=number)
        return plain

    def mac(self, purpose: str, data: bytes) -> bytes:
        """Authenticate: see `KeyRing.mac`. The root stays as it is for as long as an installation lives."""
        return self._ring.mac(purpose, data)

    def read_again(self) -> None:
        """Take up what the key file says now."""
        self._mark = _mark_of(self._path)
        try:
            found = KeyRing.load(self._path)
        except KeysError as error:
            log.warning("%s Going on with the keys as they were.", error.sentence)
            return
        if found.root != self._ring.root:
            log.warning("The key file is another installation’s. Going on with the keys as they were.")
            return
        known = {**self._ring.encryption, **found.encryption}
        self._ring = KeyRing(known, found.root, seals=found.sealing)

    def _look(self) -> None:
        self._look_at = time.monotonic() + LOOK_EVERY
        if _mark_of(self._path) != self._mark:
            self.read_again()


def _mark_of(path: Path) -> tuple[int, ...] | None:
    """Return what is another after a file was replaced or written to, or None where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def prefix(number: int) -> bytes:
    """Return what a value begins with that the key of this number has sealed; older keys' come before it."""
    return number.to_bytes(KEY_ID_BYTES, "big")


def key_number(sealed: bytes) -> int:
    """Return the number of the key that has sealed a value."""
    return int.from_bytes(sealed[:KEY_ID_BYTES], "big")


def new_key() -> bytes:
    """Return a key that nobody has yet."""
    return secrets.token_bytes(KEY_BYTES)


def _spelled(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


def _sealing(stored: Mapping[str, object], encryption: Mapping[int, bytes]) -> int:
    if "seals" not in stored:
        return 0
    number = _number(str(stored["seals"]))
    if number not in encryption:
        raise ValueError("a key seals that is not there")
    return number


def _key(written: str) -> bytes:
    key = base64.b64decode(written, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError("a key of another length")
    return key


def _number(written: str) -> int:
    number = int(written)
    if not 0 < number < 256**KEY_ID_BYTES:
        raise ValueError("a number that does not fit before a sealed value")
    return number


# Made once: that takes longer than sealing a name does.
@lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


@lru_cache(maxsize=64)
def _derive(root: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"redress:{purpose}".encode()).derive(root)


def current_keys() -> LiveKeys:
    """Return the keys of the running application."""
    return cast(LiveKeys, current_app.extensions["redress_keys"])


def blind_index(purpose: str, text: str) -> bytes:
    """Return 32 bytes by which an encrypted value can be looked up without being read.

    Args:
        purpose: table and column, so that equal values in different places do not look alike.
        text: the value in its canonical form.
    """
    return current_keys().mac(f"index:{purpose}", text.encode())
