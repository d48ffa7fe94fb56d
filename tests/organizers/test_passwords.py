"""What a password must be."""

from __future__ import annotations

import pytest
from flask import Flask

from app.errors import Refused
from app.organizers.passwords import LONGEST, SHORTEST, checked, problem_with

GOOD = ["seven small green herons", "Ծիրանի ծառի տակ ենք", "🜁🜂🜃🜄 four old elements", "correct horse staple"]
BAD = [
    "",
    "elevenchars",
    "password1234",
    "PASSWORD1234",
    "qwertyuiop123",
    "121212121212",
    "ababababababab",
    " " * 20,
]


@pytest.mark.parametrize("password", GOOD)
def test_good(app_context: Flask, password: str) -> None:
    assert problem_with(password) is None


@pytest.mark.parametrize("password", BAD)
def test_bad(app_context: Flask, password: str) -> None:
    assert problem_with(password)


def test_the_name_in_the_address_is_no_password(app_context: Flask) -> None:
    assert problem_with("mariam-petrosyan12", "mariam-petrosyan@desk.example")
    assert problem_with("mariam likes herons", "mariam@desk.example") is None


def test_lengths_at_their_limits(app_context: Flask) -> None:
    varied = "abcdefghij klmnop"
    assert problem_with((varied * 20)[:LONGEST]) is None
    assert problem_with((varied * 20)[: LONGEST + 1])
    assert problem_with(varied[: SHORTEST - 1])
    assert problem_with(varied[:SHORTEST]) is None


def test_the_same_letters_typed_on_another_keyboard(app_context: Flask) -> None:
    assert checked("müde Frösche quaken") == checked("mu\u0308de Fro\u0308sche quaken")
    with pytest.raises(Refused):
        checked("ｐａｓｓｗｏｒｄ１２３４")
