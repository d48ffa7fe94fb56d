"""Secrets in links."""

from __future__ import annotations

import re
import uuid

import pytest
from flask import Flask

from app.security.keys import blind_index
from app.security.tokens import derived_token, hash_token, new_token

pytestmark = pytest.mark.backends("sqlite")  # no row is written or read


def test_tokens_are_long_random_and_safe_in_an_address() -> None:
    tokens = {new_token() for _number in range(1000)}
    assert len(tokens) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_a_derived_token_is_the_same_each_time_for_one_purpose_and_subject(app_context: Flask) -> None:
    subject = uuid.uuid4()
    token = derived_token("letter page", subject)
    assert token == derived_token("letter page", subject)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    assert len({token, derived_token("other", subject), derived_token("letter page", uuid.uuid4())}) == 3


def test_what_is_no_token_has_a_hash_that_nothing_has() -> None:
    hashes = {hash_token(text) for text in ("", "a", "A", "a\x00", "ա", "x" * 10_000)}
    assert len(hashes) == 6
    assert {len(one) for one in hashes} == {32}
    assert hash_token("\udc80") == hash_token("?")  # half a character: no token of ours has a question mark


def test_a_blind_index_depends_on_its_place(app_context: Flask) -> None:
    assert blind_index("supporters.email", "me@x.example") == blind_index("supporters.email", "me@x.example")
    assert blind_index("supporters.email", "me@x.example") != blind_index("organizers.email", "me@x.example")
