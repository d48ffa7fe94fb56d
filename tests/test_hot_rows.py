"""Rows of hot paths: what they are given, and the order of their ids."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db, transaction
from app.hot_rows import Change, Question, insert_rows, new_row, ordered_id
from app.supporters.silence import SilencedMailbox

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_later_ids_are_greater_and_none_comes_twice() -> None:
    earlier = {ordered_id() for _ in range(100)}
    time.sleep(0.002)  # they tell milliseconds apart
    later = {ordered_id() for _ in range(100)}
    assert max(earlier) < min(later)
    assert len(earlier | later) == 200
    assert {made.version for made in earlier} == {7}
    assert {made.bytes[8] >> 6 for made in earlier} == {2}  # the variant of RFC 9562


def test_a_row_takes_no_name_that_its_model_has_not() -> None:
    with pytest.raises(TypeError, match="has no “sins”"):
        new_row(SilencedMailbox, email_index=b"i", sins=NOON)


def test_a_question_is_answered_on_both_databases(app_context: Flask) -> None:
    asked = Question(
        sa.select(sa.func.count())
        .select_from(SilencedMailbox)
        .where(
            SilencedMailbox.since >= sa.bindparam("day"), SilencedMailbox.email_index == sa.bindparam("who")
        )
    )
    with transaction() as session:
        insert_rows(session, new_row(SilencedMailbox, email_index=b"%s ? :who", since=NOON))
        assert asked.row(session, who=b"%s ? :who", day=NOON) == (1,)
        assert asked.row(session, who=b"%s ? :who", day=NOON.replace(year=NOON.year + 1)) == (0,)


def test_what_the_driver_refuses_is_an_error_of_sqlalchemys(app_context: Flask) -> None:
    row = new_row(SilencedMailbox, email_index=b"i", since=NOON)
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        insert_rows(session, row, row)


STORE = Change(
    sa.insert(SilencedMailbox).values(
        id=sa.bindparam("id"), email_index=sa.bindparam("who"), since=sa.bindparam("day")
    )
)
MOVE = Change(
    sa.update(SilencedMailbox)
    .where(SilencedMailbox.email_index == sa.bindparam("who"))
    .values(since=sa.bindparam("day"))
)


def test_a_change_is_made_for_each_of_what_is_given(app_context: Flask) -> None:
    later = NOON.replace(year=NOON.year + 1)
    who = [b"%s ? :who", b"two", b"three"]
    with transaction() as session:
        STORE.make(session, [{"id": ordered_id(), "who": one, "day": NOON} for one in who])
        MOVE.make(session, [{"who": one, "day": later} for one in who[:2]])
        MOVE.make(session, [])
    stored = db.session.execute(sa.select(SilencedMailbox.email_index, SilencedMailbox.since)).all()
    assert dict(map(tuple, stored)) == {who[0]: later, who[1]: later, who[2]: NOON}


@pytest.mark.backends("postgresql")  # SQLite has no connection that could be cut
def test_whoever_is_told_that_the_database_is_gone_is_told_so(app_context: Flask) -> None:
    given = [{"id": ordered_id(), "who": one, "day": NOON} for one in (b"one", b"two")]
    with pytest.raises(sa.exc.OperationalError) as raised:
        _store_as_the_database_goes(given)
    assert raised.value.connection_invalidated
    with transaction() as session:
        STORE.make(session, given)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SilencedMailbox)) == 2


def _store_as_the_database_goes(given: list[dict[str, Any]]) -> None:
    with transaction() as session:
        mine = session.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with db.engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        STORE.make(session, given)
