"""Addresses of web pages in what people typed: found, never followed."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"https?://[^\s<>\"'“”„«»{}|\\^`]+", re.IGNORECASE)
_AFTER = ".,;:!?…"
_BRACKETS = {")": "(", "]": "["}


class Piece(NamedTuple):
    """A part of a text, and the address that it is (or '')."""

    text: str
    url: str


def is_web_address(text: str) -> bool:
    """Whether a link may lead to `text`: http or https, with a host, without blanks or controls."""
    if not text.isprintable() or any(map(str.isspace, text)):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def pieces(text: str) -> list[Piece]:
    """Divide a text into what is a web address and what is not; together they are the text again."""
    found: list[Piece] = []
    at = 0
    for match in _ADDRESS.finditer(text):
        url = _without_what_follows(match.group())
        if not is_web_address(url):
            continue
        found += [Piece(text[at : match.start()], ""), Piece(url, url)]
        at = match.start() + len(url)
    found.append(Piece(text[at:], ""))
    return [piece for piece in found if piece.text]


def _without_what_follows(url: str) -> str:
    # A full stop ends the sentence, not the address; a bracket that was not opened in it closes another one.
    while url and (url[-1] in _AFTER or _closes_nothing(url)):
        url = url[:-1]
    return url


def _closes_nothing(url: str) -> bool:
    opening = _BRACKETS.get(url[-1])
    return opening is not None and url.count(url[-1]) > url.count(opening)
