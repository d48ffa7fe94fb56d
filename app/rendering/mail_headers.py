"""Header fields of a mail, as bytes that mean exactly one thing (RFC 5322, RFC 2047, RFC 6532).

Nothing is repaired here: a value that could be read as more than one field, or as an encoded word,
is refused.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import idna

from app.rendering.sentences import N_, RenderingError
from app.rendering.typography import character_name, unsafe_characters

LINE = 76
"""Longest line of an encoded header or body (RFC 2045, 2047)."""

LONGEST_LINE = 998
"""Longest line of any message (RFC 5322, 2.1.1), without its end."""

_WORD = 75
_OVERHEAD = len("=?utf-8?q??=")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u00a1-\U0010ffff]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?")
_LINE_BREAKERS = re.compile("[\t\n\u2028\u2029]")


@dataclass(frozen=True)
class Mailbox:
    """A display name, which may be empty, and an address."""

    name: str
    address: str


class UnsafeHeader(RenderingError):
    """A value that must not reach a header. `header` names the field; the value itself is never told."""

    def __init__(self, message: str, *, header: str, **values: object) -> None:
        super().__init__(message, header=header, **values)
        self.header = header


def check_value(header: str, value: str) -> None:
    """Refuse a value with controls, line ends, bidi formatting, surrogates or the start of an encoded word.

    Raises:
        UnsafeHeader: with the name of what was found.
    """
    found = [name for _index, name in unsafe_characters(value)]
    found += [character_name(breaker) for breaker in _LINE_BREAKERS.findall(value)]
    if found:
        raise UnsafeHeader(
            N_("%(header)s cannot hold the character %(found)s."), header=header, found=found[0]
        )
    if "=?" in value:
        raise UnsafeHeader(N_("%(header)s cannot hold the letters %(found)s."), header=header, found="=?")


def wire_address(address: str, header: str = "To") -> str:
    """Return an address as it goes over the wire: the domain in ASCII (IDNA 2008), the local part as it is.

    Raises:
        UnsafeHeader: if it is not a plain address (a quoted local part or a domain literal is none).
    """
    check_value(header, address)
    local, at, domain = address.rpartition("@")
    ascii_domain = _ascii_domain(domain)
    # Neither blanks nor invisible characters, of which Unicode has many.
    visible = not any(unicodedata.category(letter)[0] in "CZ" for letter in local)
    plain = at and visible and _LOCAL_PART.fullmatch(local)
    labels = ascii_domain.split(".")
    short = len(local.encode()) <= 64 and len(ascii_domain) <= 253
    if not (plain and short and all(_LABEL.fullmatch(label) for label in labels)):
        raise UnsafeHeader(N_("%(header)s does not hold a plain e-mail address."), header=header)
    return f"{local}@{ascii_domain}"


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""


def text_field(header: str, value: str) -> bytes:
    """Return a field of free text, such as the subject, folded and, where it must be, encoded."""
    check_value(header, value)
    plain = value.isascii() and value == " ".join(value.split()) and not re.search(r"\S{61}", value)
    lines = _folded(value, len(header) + 2) if plain else _encoded_words(value, len(header) + 2)
    return _field(header, lines)


def mailbox_field(header: str, mailbox: Mailbox) -> bytes:
    """Return a field that holds exactly one mailbox."""
    check_value(header, mailbox.name)
    address = (
        f"<{wire_address(mailbox.address, header)}>"
        if mailbox.name
        else wire_address(mailbox.address, header)
    )
    lines = _phrase(mailbox.name, len(header) + 2)
    if lines and len(lines[-1]) + 1 + len(address) <= LINE - (len(header) + 2 if len(lines) == 1 else 1):
        lines[-1] += f" {address}"
    else:
        lines.append(address)
    return _field(header, lines)


def exact_field(header: str, value: str) -> bytes:
    """Return a field whose value must stay as it is: identifiers, dates, URLs. ASCII only, on one line."""
    check_value(header, value)
    if not value.isascii() or len(header) + 2 + len(value) > LONGEST_LINE:
        raise UnsafeHeader(N_("%(header)s must be ASCII and fit into one line."), header=header)
    return _field(header, [value])


def _field(header: str, lines: list[str]) -> bytes:
    return f"{header}: {f'{chr(13)}{chr(10)} '.join(lines)}\r\n".encode()


def _phrase(name: str, indent: int) -> list[str]:
    if not name:
        return []
    if name.isascii() and name == " ".join(name.split()) and len(name) <= 50:
        escaped = re.sub(r'(["\\])', r"\\\1", name)
        return [f'"{escaped}"']
    return _encoded_words(name, indent)


def _folded(value: str, indent: int) -> list[str]:
    lines: list[str] = [""]
    for word in value.split(" "):
        room = LINE - (indent if len(lines) == 1 else 1)
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def _encoded_words(text: str, indent: int) -> list[str]:
    """Return the text as encoded words, whole characters in each, in the shorter of the two encodings."""
    in_q = list(_words(text, indent, "q"))
    in_b = list(_words(text, indent, "b"))
    return min(in_q, in_b, key=lambda words: sum(map(len, words)))


def _words(text: str, indent: int, encoding: str) -> Iterator[str]:
    room = min(_WORD, LINE - indent) - _OVERHEAD
    chunk = b""
    for character in text:
        longer = chunk + character.encode()
        if chunk and len(_coded(longer, encoding)) > room:
            yield f"=?utf-8?{encoding}?{_coded(chunk, encoding)}?="
            longer = character.encode()
            room = _WORD - _OVERHEAD
        chunk = longer
    if chunk:
        yield f"=?utf-8?{encoding}?{_coded(chunk, encoding)}?="


def _coded(data: bytes, encoding: str) -> str:
    return base64.b64encode(data).decode("ascii") if encoding == "b" else "".join(map(_Q.__getitem__, data))


def _q(byte: int) -> str:
    # The few signs that stay themselves in a phrase, too (RFC 2047, 5 (3)).
    letter = chr(byte)
    return "_" if letter == " " else letter if re.match(r"[A-Za-z0-9!*+/\-]", letter) else f"={byte:02X}"


_Q = tuple(_q(byte) for byte in range(256))
