"""Group commit: what is written at the same time is one transaction, and nobody suffers from a neighbour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.database import db
from app.delivery.pulse import working_in
from app.delivery.scribe import MOST, Scribe, alone
from app.delivery.turns import Turns
from app.errors import Unavailable
from app.security.options import Option

Told = tuple[int, int]
"""In which transaction something was written, and with how many others of its kind."""
Work = Callable[[Session, Sequence[str]], list[Told]]


def write_rows(session: Session, names: Sequence[str]) -> list[Told]:
    session.add_all([Option(name=name, value="x") for name in names])
    session.flush()
    return [(id(session), len(names)) for _name in names]


def write_others(session: Session, names: Sequence[str]) -> list[Told]:
    return write_rows(session, names)


def fail_halfway(session: Session, names: Sequence[str]) -> list[Told]:
    write_rows(session, [f"half of {name}" for name in names])
    raise ZeroDivisionError


def written() -> set[str]:
    with db.sessionmaker() as session:
        return set(session.scalars(sa.select(Option.name)))


def all_at_once(app: Flask, *entries: tuple[Work, str]) -> list[Told | BaseException]:
    """Let jobs come together; return what came of each."""
    scribe = Scribe()

    def write(work: Work, name: str) -> Told | BaseException:
        with working_in(app):
            try:
                return scribe(work, name)
            except BaseException as error:
                return error

    return Turns(scribe.write_down).run([partial(write, work, name) for work, name in entries])


def told(ends: Sequence[Told | BaseException]) -> list[Told]:
    return [end for end in ends if not isinstance(end, BaseException)]


def test_those_who_wait_share_one_transaction_and_what_is_alike_is_written_together(
    app_context: Flask,
) -> None:
    rows = [(write_rows, f"row {number}") for number in range(8)]
    ends = all_at_once(app_context, *rows, (write_others, "other 1"), (write_others, "other 2"))
    assert len({transaction for transaction, _company in told(ends)}) == 1
    assert [company for _transaction, company in told(ends)] == [8] * 8 + [2] * 2
    assert written() == {name for _work, name in rows} | {"other 1", "other 2"}


def test_more_than_one_transaction_takes_are_all_written(app_context: Flask) -> None:
    names = [f"row {number}" for number in range(MOST + 6)]
    ends = all_at_once(app_context, *((write_rows, name) for name in names))
    assert sorted(company for _transaction, company in told(ends)) == [6] * 6 + [MOST] * MOST
    assert written() == set(names)


def test_a_neighbours_mistake_stops_nobody_and_leaves_nothing(app_context: Flask) -> None:
    entries = [(write_rows, "before"), (fail_halfway, "mistaken"), (write_rows, "after")]
    ends = all_at_once(app_context, *entries)
    assert isinstance(ends[1], ZeroDivisionError)
    assert len(told(ends)) == 2
    assert written() == {"before", "after"}


def test_who_violates_a_constraint_is_told_and_the_others_are_durable(app_context: Flask) -> None:
    alone(write_rows, "taken")
    entries = [(write_rows, name) for name in ("one", "taken", "two")]
    ends = all_at_once(app_context, *entries)
    assert isinstance(ends[1], sa.exc.IntegrityError)
    assert written() == {"taken", "one", "two"}


def test_a_database_that_is_away_is_waited_for_once_and_not_by_each(app_context: Flask) -> None:
    tries: list[int] = []

    def in_vain(_session: Session, names: Sequence[str]) -> list[Told]:
        tries.append(len(names))
        raise Unavailable("busy")

    ends = all_at_once(app_context, *((in_vain, f"row {number}") for number in range(5)))
    assert all(isinstance(end, Unavailable) for end in ends)
    assert tries == [5]


def test_what_was_raised_is_raised_and_later_ones_are_written(app_context: Flask) -> None:
    scribe = Scribe()
    with pytest.raises(ZeroDivisionError):
        scribe(fail_halfway, "a row")
    scribe(write_rows, "later")
    assert written() == {"later"}


def test_whoever_writes_alone_waits_for_nobody(app_context: Flask) -> None:
    assert Scribe()(write_rows, "a row")[1] == 1
    assert written() == {"a row"}


def test_a_result_is_told_only_after_it_is_durable(app_context: Flask) -> None:
    scribe = Scribe()

    def write() -> set[str]:
        with working_in(app_context):
            scribe(write_rows, "a row")
            return written()

    assert Turns(scribe.write_down).run([write]) == [{"a row"}], "another connection sees it"
