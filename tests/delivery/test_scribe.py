"""Group commit: what several write down at once is one transaction, and nobody's mistake is another's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.database import db
from app.delivery.models import WorkerProcess
from app.delivery.scribe import Scribe, alone
from tests.delivery.mails import NOON


def appear(name: str) -> Callable[[Session], str]:
    """Return what writes a row down, and returns its name."""

    def work(session: Session) -> str:
        session.add(
            WorkerProcess(name=name, machine="m", pid=1, process_start=1, started_at=NOON, seen_at=NOON)
        )
        session.flush()
        return name

    return work


def names() -> set[str]:
    with db.sessionmaker() as session:
        return set(session.scalars(sa.select(WorkerProcess.name)))


def commits(app: Flask) -> list[object]:
    """Return a list that grows with each commit."""
    seen: list[object] = []
    sa.event.listen(db.engine, "commit", seen.append)
    return seen


def together(app: Flask, scribe: Scribe, works: list[Callable[[Session], str]]) -> list[str | Exception]:
    """Let each thread have one thing to write down, while somebody else holds the pen."""
    started = threading.Barrier(len(works) + 1)

    def write(work: Callable[[Session], str]) -> str | Exception:
        with app.app_context():
            started.wait()
            try:
                return scribe(work)
            except Exception as error:
                return error

    with ThreadPoolExecutor(len(works)) as pool:
        with scribe._pen:
            ends = [pool.submit(write, work) for work in works]
            started.wait()
            while len(scribe._waiting) < len(works):
                threading.Event().wait(0.005)
        return [end.result() for end in ends]


def test_what_waits_together_is_one_commit(app_context: Flask) -> None:
    seen = commits(app_context)
    found = together(app_context, Scribe(), [appear(f"worker {n}") for n in range(8)])
    assert found == [f"worker {n}" for n in range(8)]
    assert names() == set(map(str, found))
    assert len(seen) == 1


def test_one_mistake_stops_nobody_else(app_context: Flask) -> None:
    def mistaken(session: Session) -> str:
        appear("never there")(session)
        raise LookupError("of this one only")

    found = together(app_context, Scribe(), [appear("a"), mistaken, appear("b")])
    assert (found[0], found[2]) == ("a", "b")
    assert isinstance(found[1], LookupError)
    assert names() == {"a", "b"}


def test_what_the_database_refuses_is_refused_to_one(app_context: Flask) -> None:
    alone(appear("taken"))
    found = together(app_context, Scribe(), [appear("free"), appear("taken")])
    assert found[0] == "free"
    assert isinstance(found[1], SQLAlchemyError)
    assert names() == {"taken", "free"}


def test_who_comes_alone_waits_for_nobody(app_context: Flask) -> None:
    scribe = Scribe()
    assert scribe(appear("a")) == "a"
    with pytest.raises(SQLAlchemyError):
        scribe(appear("a"))
    assert names() == {"a"}
