"""Web addresses in what people typed: found, with nothing of the sentence around them."""

from __future__ import annotations

import pytest

from app.rendering.links import is_web_address, pieces


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("See https://office.example/a?b=c#d.", ["https://office.example/a?b=c#d"]),
        (
            "(https://office.example/a), and HTTP://x.example!",
            ["https://office.example/a", "HTTP://x.example"],
        ),
        ("https://x.example/a_(b) “https://y.example”", ["https://x.example/a_(b)", "https://y.example"]),
        ("<https://x.example/?q='1'>", ["https://x.example/?q="]),
        ("javascript:alert(1) ftp://x.example //x.example data:text/html,x", []),
        ("https:// http://[x https://", []),
        ("", []),
        ("No address, 3 May 2026", []),
    ],
)
def test_pieces(text: str, urls: list[str]) -> None:
    found = pieces(text)
    assert [piece.url for piece in found if piece.url] == urls
    assert "".join(piece.text for piece in found) == text


@pytest.mark.parametrize(
    "text",
    ["", "x", "javascript:alert(1)", "https://", "https://a b", "https://a\nb", "http://[x", "//x.example"],
)
def test_what_is_no_web_address(text: str) -> None:
    assert not is_web_address(text)


def test_what_is_one() -> None:
    assert is_web_address("https://office.example/contact")
    assert is_web_address("http://пример.example/дом")
