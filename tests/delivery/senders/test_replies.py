"""Reading replies strictly, and keeping them without addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.senders.replies import KEPT, Garbled, Reply, ReplyReader, mask


def read(*lines: bytes) -> Reply | None:
    reader = ReplyReader()
    found = None
    for line in lines:
        found = reader.feed(line)
    return found


def test_replies_of_one_and_of_several_lines() -> None:
    assert read(b"250 2.0.0 OK") == Reply(250, ("2.0.0 OK",))
    assert read(b"250") == Reply(250, ("",))
    assert read(b"250-site", b"250-SIZE 100", b"250 HELP") == Reply(250, ("site", "SIZE 100", "HELP"))
    assert read(b"250-site") is None
    assert read("550 Пользователь не найден".encode()) == Reply(550, ("Пользователь не найден",))


@pytest.mark.parametrize(
    "lines",
    [
        (b"",),
        (b"hello",),
        (b"25",),
        (b"250OK",),
        (b"2500 OK",),
        (b"150 OK",),
        (b"650 OK",),
        (b"250 O\x00K",),
        (b" 250 OK",),
        (b"\xff\xfe",),
        (b"250-one", b"garbage"),
        (b"250-one", b"550 two"),
        tuple([b"250-more"] * 500),
    ],
)
def test_whatever_else_comes_is_no_reply(lines: tuple[bytes, ...]) -> None:
    with pytest.raises(Garbled):
        read(*lines)


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=5))
def test_no_bytes_make_anything_but_a_reply_or_garbage(lines: list[bytes]) -> None:
    try:
        found = read(*(line.replace(b"\n", b"") for line in lines))
    except Garbled:
        return
    assert found is None or 200 <= found.code < 600


def test_the_classes_of_codes() -> None:
    assert [Reply(code, ()).is_positive for code in (199, 200, 299, 354)] == [False, True, True, False]
    assert [Reply(code, ()).is_temporary for code in (399, 400, 499, 500)] == [False, True, True, False]
    assert [Reply(code, ()).is_permanent for code in (499, 500, 599)] == [False, True, True]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("2.0.0 OK queued as 4F1", "2.0.0 OK queued as 4F1"),
        ("5.1.1 <Jane.Doe@offices.example>: unknown", "5.1.1 [address] unknown"),
        ("unknown user jane.doe here", "unknown user [address] here"),
        ("mailbox of JANE is full, Doe", "mailbox of [address] is full, [address]"),
        ("see http://x.example/?who=jane.doe%40offices.example", "see [address]"),
        ("Janet is not meant", "Janet is not meant"),
        ("two\r\n  lines", "two lines"),
    ],
)
def test_addresses_are_masked(said: str, kept: str) -> None:
    assert mask(said, "jane.doe@offices.example", "") == kept


def test_what_is_kept_is_short() -> None:
    assert len(mask("word " * 1000)) <= KEPT
