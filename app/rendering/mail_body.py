"""Bodies of a mail in seven bits: quoted-printable or base64 (RFC 2045), whichever is shorter."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from app.rendering.mail_headers import LINE
from app.rendering.sentences import N_, RenderingError

_PLAIN = bytes(byte for byte in range(0x20, 0x7F) if byte != ord("="))
_SIGNS = tuple(chr(byte) if byte in _PLAIN else f"={byte:02X}" for byte in range(256))


class UnsafeBody(RenderingError):
    """A text that no mail can carry as it is."""


@dataclass(frozen=True)
class Body:
    """An encoded text and the name of its Content-Transfer-Encoding. `data` ends with CRLF."""

    encoding: str
    data: bytes


@dataclass(frozen=True)
class Attachment:
    """A file that a message carries as it is; `name` is a file name of plain ASCII."""

    name: str
    data: bytes


def encode_file(data: bytes) -> bytes:
    """Return bytes in base64, in lines that end with CRLF."""
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def encode(text: str) -> Body:
    """Encode a text whose lines end with LF; decoded and with LF again it is the same text.

    Raises:
        UnsafeBody: on NUL, on carriage returns and on lone surrogates.
    """
    if "\r" in text or "\x00" in text:
        raise UnsafeBody(N_("A message cannot hold NUL or a carriage return."))
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise UnsafeBody(N_("A message cannot hold half of a character.")) from error
    in_base64 = base64.encodebytes(data.replace(b"\n", b"\r\n")).replace(b"\n", b"\r\n")
    # Two more for each escaped byte: above this share there is no need to try.
    hopeless = 4 * len(data.translate(None, _PLAIN)) > len(data)
    quoted = in_base64 if hopeless else _quoted_printable(text)
    return Body("base64", in_base64) if len(in_base64) <= len(quoted) else Body("quoted-printable", quoted)


def _quoted_printable(text: str) -> bytes:
    *lines, last = text.split("\n")
    encoded = [part for line in lines for part in _quoted_lines(line)]
    if last:
        # No line end is part of the text here: the last one is a soft break.
        encoded += _quoted_lines(last)
        encoded[-1] += "="
    return ("\r\n".join(encoded) + "\r\n").encode("ascii")


def _quoted_lines(line: str) -> list[str]:
    """Return one line as lines of at most 75 characters and a soft break."""
    rest = "".join(map(_SIGNS.__getitem__, line.encode()))
    if line.endswith(" "):
        rest = rest[:-1] + "=20"
    if line.startswith("From "):
        # Mailboxes put a ">" before it (RFC 4155).
        rest = "=46" + rest[1:]
    done: list[str] = []
    while True:
        # A dot at the start of a line means something to a relay (RFC 5321, 4.5.2).
        rest = "=2E" + rest[1:] if rest.startswith(".") else rest
        if len(rest) < LINE:
            return [*done, rest]
        cut = _before_escape(rest, LINE - 1)
        done.append(rest[:cut] + "=")
        rest = rest[cut:]


def _before_escape(line: str, cut: int) -> int:
    """Return `cut`, moved before an escape such as `=C3` that it would divide."""
    at = line.rfind("=", cut - 2, cut)
    return cut if at < 0 else at
