"""Jobs that take turns on one thread: who goes on, when, and what becomes of what they raise."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from app.delivery.turns import Turn, Turns, current, rest, wait_for

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def nothing_between() -> bool:
    return False


def running() -> Turn[object]:
    turn = current()
    assert turn is not None
    return turn


def test_all_come_to_their_ends_and_results_keep_their_order() -> None:
    def job(number: int) -> int:
        rest(threading.Event(), 0.001 * (5 - number))
        return number

    assert Turns(nothing_between).run([partial(job, number) for number in range(5)]) == [0, 1, 2, 3, 4]


def test_no_jobs_are_done_at_once() -> None:
    assert Turns(nothing_between).run([]) == []


def test_one_goes_on_while_another_waits_for_its_server(pair: Pair) -> None:
    ours, theirs = pair
    said: list[str] = []

    def listener() -> None:
        said.append("asks")
        assert wait_for(ours, select.POLLIN, 5)
        said.append(ours.recv(9).decode())

    def speaker() -> None:
        said.append("speaks")
        theirs.send(b"answer")
        said.append("goes on")

    Turns(nothing_between).run([listener, speaker])
    assert said == ["asks", "speaks", "goes on", "answer"]


def test_a_wait_ends_when_its_time_is_over_and_not_before(pair: Pair) -> None:
    ours, _theirs = pair
    begin = time.monotonic()
    (heard,) = Turns(nothing_between).run([lambda: wait_for(ours, select.POLLIN, 0.05)])
    assert heard is False
    assert 0.05 <= time.monotonic() - begin < 2


def test_an_end_that_was_hung_up_is_heard(pair: Pair) -> None:
    ours, theirs = pair
    theirs.close()
    assert Turns(nothing_between).run([lambda: wait_for(ours, select.POLLIN, 5)]) == [True]


def test_many_waits_on_one_connection_one_after_the_other(pair: Pair) -> None:
    ours, theirs = pair

    def listener() -> bytes:
        got = b""
        while len(got) < 20:
            assert wait_for(ours, select.POLLIN, 5)
            got += ours.recv(1)
        return got

    def speaker() -> bytes:
        for _letter in range(20):
            assert wait_for(theirs, select.POLLOUT, 5)
            theirs.send(b"x")
        return b""

    assert Turns(nothing_between).run([listener, speaker])[0] == b"x" * 20


def test_what_is_done_between_is_done_once_for_all_who_wait_for_it() -> None:
    waiting: list[Turn[object]] = []
    shared: list[int] = []

    def between() -> bool:
        shared.append(len(waiting))
        for turn in waiting:
            turn.turns.go_on(turn)
        done = bool(waiting)
        waiting.clear()
        return done

    def job() -> None:
        for _time in range(2):
            waiting.append(turn := running())
            turn.turns.park(turn)

    Turns(between).run([job] * 4)
    assert [count for count in shared if count] == [4, 4]


def test_what_the_first_raised_is_raised_when_all_have_ended() -> None:
    ended: list[str] = []

    def fails(error: Exception) -> None:
        raise error

    def goes_on() -> None:
        rest(threading.Event(), 0.01)
        ended.append("went on")

    with pytest.raises(ZeroDivisionError):
        Turns(nothing_between).run([partial(fails, ZeroDivisionError()), goes_on, partial(fails, KeyError())])
    assert ended == ["went on"]


def test_who_is_let_go_on_by_nobody_is_a_mistake_and_no_endless_wait() -> None:
    def job() -> None:
        turn = running()
        turn.turns.park(turn)

    with pytest.raises(RuntimeError, match="everybody waits"):
        Turns(nothing_between).run([job])


def test_who_rests_looks_up_when_it_is_to_end() -> None:
    stop = threading.Event()
    begin = time.monotonic()
    Turns(nothing_between).run([partial(rest, stop, 60), stop.set])
    assert time.monotonic() - begin < 5


def test_whoever_takes_no_turns_just_waits(pair: Pair) -> None:
    ours, theirs = pair
    assert current() is None
    assert wait_for(ours, select.POLLIN, 0.01) is False
    theirs.send(b"x")
    assert wait_for(ours, select.POLLIN, 5) is True
    stop = threading.Event()
    stop.set()
    rest(stop, 60)
