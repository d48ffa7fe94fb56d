"""What a password must be."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_security.utils import hash_password

from app import create_app
from app.errors import Refused
from app.organizers.passwords import LONGEST, SHORTEST, checked, problem_with
from tests.support.plugins.database import SettingsFactory

pytestmark = pytest.mark.backends("sqlite")  # only sentences are asked for, no row

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


def test_good_and_bad(app_context: Flask) -> None:
    assert [password for password in GOOD if problem_with(password)] == []
    assert [password for password in BAD if not problem_with(password)] == []


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


def test_what_is_stored_costs_whoever_guesses_memory_and_time(settings_factory: SettingsFactory) -> None:
    # Made without the app fixture, whose passwords cost next to nothing.
    with create_app(settings_factory()).app_context():
        assert hash_password(GOOD[0]).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
