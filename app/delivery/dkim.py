"""DKIM signatures (RFC 6376, RFC 8463): relaxed/relaxed, RSA and Ed25519, one for each key that is given.

A mail is signed once, when its bytes are made. What a stranger could add to a signed mail is signed as
absent: every header that matters stands in the list once more than it stands in the mail.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from flask import current_app

from app.errors import RedressError

SHORTEST_RSA: Final = 1024
"""Bits; RFC 8301 lets verifiers refuse less."""

ALWAYS: Final = (
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "auto-submitted",
    "list-id",
    "list-help",
    "list-unsubscribe",
    "list-unsubscribe-post",
)
"""Signed as they stand, or as absent, so that none can be added."""


class DkimKeyError(RedressError):
    """A signing key cannot be used; the sentence names its file."""


@dataclass(frozen=True, repr=False)
class SigningKey:
    """A private key, and the selector under which its public half stands in the DNS."""

    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey

    @property
    def algorithm(self) -> str:
        """Its name in a signature."""
        return "rsa-sha256" if isinstance(self.private, RSAPrivateKey) else "ed25519-sha256"

    @property
    def record(self) -> str:
        """The text that must stand in the DNS, at `SELECTOR._domainkey.DOMAIN`."""
        public = self.private.public_key()
        if isinstance(self.private, RSAPrivateKey):
            kind, shown = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            kind, shown = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k={kind}; p={base64.b64encode(shown).decode('ascii')}"

    def sign(self, data: bytes) -> bytes:
        """Return a signature; the same each time for the same data."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(data, PKCS1v15(), SHA256())
        # RFC 8463 §3: of the hash, not of what is hashed.
        return self.private.sign(hashlib.sha256(data).digest())


def load_key(selector: str, path: Path) -> SigningKey:
    """Read a private key (PEM, without a passphrase).

    Raises:
        DkimKeyError: there is none that can be used.
    """
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise DkimKeyError(f"REDRESS_DKIM_KEY: {path} cannot be read ({error.strerror}).") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise DkimKeyError(f"REDRESS_DKIM_KEY: {path} holds no PEM key without a passphrase.") from None
    if isinstance(private, Ed25519PrivateKey):
        return SigningKey(selector, private)
    if isinstance(private, RSAPrivateKey) and private.key_size >= SHORTEST_RSA:
        return SigningKey(selector, private)
    raise DkimKeyError(f"REDRESS_DKIM_KEY: {path} is neither Ed25519 nor RSA of {SHORTEST_RSA} bits.")


def load_keys(files: Iterable[tuple[str, Path]]) -> tuple[SigningKey, ...]:
    """Read private keys, each with its selector (see `load_key`)."""
    return tuple(load_key(selector, path) for selector, path in files)


def signed(wire: bytes) -> bytes:
    """Return a mail of this installation with its signatures; as it is, where there is no key."""
    keys = cast(tuple[SigningKey, ...], current_app.extensions["redress_dkim"])
    return sign(wire, keys, domain=current_app.config["REDRESS_SETTINGS"].mail_from) if keys else wire


def sign(wire: bytes, keys: Sequence[SigningKey], *, domain: str) -> bytes:
    """Return a mail with a signature by each key before its header.

    Args:
        wire: headers and body, with CRLF line ends.
        keys: by which it is signed.
        domain: that signs: the one of From, so that DMARC finds them aligned.
    """
    head, _blank, body = wire.partition(b"\r\n\r\n")
    headers = _relaxed_headers(head)
    body_hash = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode("ascii")
    return b"".join(_signature(key, headers, body_hash, domain) for key in keys) + wire


def _signature(key: SigningKey, headers: list[tuple[str, bytes]], body_hash: str, domain: str) -> bytes:
    names = [name for name in ALWAYS for _time in range(1 + sum(name == other for other, _line in headers))]
    field = (
        f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed; d={domain};\r\n"
        f" s={key.selector};\r\n h={_folded(':'.join(names), ':')};\r\n bh={body_hash};\r\n b="
    )
    ((_name, own),) = _relaxed_headers(field.encode("ascii"))
    data = b"".join(line + b"\r\n" for line in _chosen(headers, names)) + own
    value = base64.b64encode(key.sign(data)).decode("ascii")
    return f"{field}{_folded(value)}\r\n".encode("ascii")


def _chosen(headers: list[tuple[str, bytes]], names: Sequence[str]) -> Iterable[bytes]:
    # RFC 6376 §5.4.2: of headers with one name, the lowest first; one that is absent adds nothing.
    left = list(headers)
    for name in names:
        place = next((at for at in reversed(range(len(left))) if left[at][0] == name), None)
        if place is not None:
            yield left.pop(place)[1]


def _folded(value: str, after: str = "") -> str:
    if after:
        parts, lines = value.split(after), [""]
        for part in parts:
            if len(lines[-1]) + len(part) > 68:
                lines.append("")
            lines[-1] += part + after
        return "\r\n  ".join(lines).removesuffix(after)
    return "\r\n  ".join(value[at : at + 70] for at in range(0, len(value), 70))


def _relaxed_headers(head: bytes) -> list[tuple[str, bytes]]:
    fields = re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")
    found = []
    for field in fields:
        name, _colon, value = field.partition(b":")
        key = name.strip().lower()
        found.append((key.decode("ascii"), key + b":" + re.sub(rb"[ \t]+", b" ", value).strip(b" ")))
    return found


def _relaxed_body(body: bytes) -> bytes:
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)
