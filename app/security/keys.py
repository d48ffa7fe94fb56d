"""The installation's keys: encryption at rest, blind indexes, message authentication.

The key file is never in the database or its backup. It holds numbered encryption keys, of which
the newest seals and all open, and one root from which every other key is derived.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
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


class KeysError(RedressError):
    """The key file is missing or damaged, or a sealed value does not belong where it was found."""


@dataclass(frozen=True)
class KeyRing:
    """The keys of one installation.

    Args:
        encryption: AES-256 keys by number; the highest number seals.
        root: 32 bytes from which index and authentication keys are derived (HKDF, RFC 5869).
    """

    encryption: Mapping[int, bytes]
    root: bytes

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        """Encrypt with AES-256-GCM.

        Args:
            plain: what to hide.
            bound_to: table, column and row that it belongs to; the same is needed to open it.

        Returns:
            Key number (2 bytes), nonce (12 bytes), cipher text with tag.
        """
        number = max(self.encryption)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = _cipher(self.encryption[number]).encrypt(nonce, plain, bound_to)
        return number.to_bytes(KEY_ID_BYTES, "big") + nonce + sealed

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            KeysError: the key is not in the ring, or the value was altered or moved.
        """
        number = int.from_bytes(sealed[:KEY_ID_BYTES], "big")
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
            root = _key(stored["root"])
        except FileNotFoundError:
            raise KeysError("The key file is missing: “redress keys generate” makes one.") from None
        except OSError:
            raise KeysError("The key file cannot be read: may this account read it?") from None
        except (ValueError, KeyError, AttributeError, TypeError):
            raise KeysError("The key file is damaged or is none: put its backup in its place.") from None
        if not encryption:
            raise KeysError("The key file holds no key.")
        return cls(encryption=encryption, root=root)

    @classmethod
    def generate(cls, path: Path) -> None:
        """Write a new key file, readable by its owner only; an existing one is left as it is."""
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        ring = {"encryption": {"1": _random_key()}, "root": _random_key()}
        # Written aside and linked into place: of two processes that start together, both read one whole file.
        aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(ring, file, indent=1)
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink()


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")


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


def current_keys() -> KeyRing:
    """Return the key ring of the running application."""
    return cast(KeyRing, current_app.extensions["redress_keys"])


def blind_index(purpose: str, text: str) -> bytes:
    """Return 32 bytes by which an encrypted value can be looked up without being read.

    Args:
        purpose: table and column, so that equal values in different places do not look alike.
        text: the value in its canonical form.
    """
    return current_keys().mac(f"index:{purpose}", text.encode())
