"""Group commit: what is written at the same time is one transaction, and nobody suffers from a neighbour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.database import db
from app.delivery.pulse import working_in
from app.delivery.scribe import Scribe, alone
from app.security.options import Option

Work = Callable[[Session], int]


def row(name: str) -> Work:
    """Return what writes a row, and tells which transaction it was in."""

    def work(session: Session) -> int:
        session.add(Option(name=name, value="x"))
        session.flush()
        return id(session)

    return work


def written() -> set[str]:
    with db.sessionmaker() as session:
        return set(session.scalars(sa.select(Option.name)))


def all_at_once(app: Flask, scribe: Scribe, *works: Work) -> list[Future[int]]:
    """Let threads come while somebody is writing, so that all of them wait when the pen is free."""
    at_it, go_on = threading.Event(), threading.Event()

    def slow(session: Session) -> int:
        at_it.set()
        go_on.wait(10)
        return id(session)

    def write(work: Work) -> int:
        with working_in(app):
            return scribe(work)

    with ThreadPoolExecutor(len(works) + 1) as pool:
        first = pool.submit(write, slow)
        at_it.wait(10)
        others = [pool.submit(write, work) for work in works]
        deadline = time.monotonic() + 10
        while len(scribe._waiting) < len(works) and time.monotonic() < deadline:
            time.sleep(0.005)
        go_on.set()
    first.result()
    return others


def test_those_who_wait_share_one_transaction(app_context: Flask) -> None:
    ends = all_at_once(app_context, Scribe(), *(row(f"row {number}") for number in range(8)))
    assert len({end.result() for end in ends}) == 1
    assert written() == {f"row {number}" for number in range(8)}


def test_a_neighbours_mistake_stops_nobody_and_leaves_nothing(app_context: Flask) -> None:
    def mistaken(session: Session) -> int:
        row("half done")(session)
        raise ZeroDivisionError

    ends = all_at_once(app_context, Scribe(), row("before"), mistaken, row("after"))
    assert isinstance(ends[1].exception(), ZeroDivisionError)
    assert ends[0].exception() is None
    assert ends[2].exception() is None
    assert written() == {"before", "after"}


def test_who_violates_a_constraint_is_told_and_the_others_are_durable(app_context: Flask) -> None:
    alone(row("taken"))
    ends = all_at_once(app_context, Scribe(), row("one"), row("taken"), row("two"))
    assert isinstance(ends[1].exception(), sa.exc.IntegrityError)
    assert written() == {"taken", "one", "two"}


def test_what_was_raised_is_raised_and_the_pen_is_free_again(app_context: Flask) -> None:
    scribe = Scribe()

    def mistaken(_session: Session) -> int:
        raise KeyError

    with pytest.raises(KeyError):
        scribe(mistaken)
    scribe(row("later"))
    assert written() == {"later"}


def test_a_result_is_told_only_after_it_is_durable(app_context: Flask) -> None:
    Scribe()(row("a row"))
    assert written() == {"a row"}, "another connection sees it"
