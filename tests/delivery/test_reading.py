"""What pages read of the outbox."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import Base, db, transaction
from app.delivery import reading
from app.delivery.models import Delivery
from app.delivery.reading import Cursor
from app.delivery.states import DUE, start, transition
from tests.delivery.mails import NOON, queue

pytestmark = pytest.mark.usefixtures("app_context")


def row(name: str, **values: Any) -> uuid.UUID:
    """Store a row of another room, with whatever that room insists on, and return its id."""
    table = Base.metadata.tables[name]
    given = {"id": uuid.uuid4()} | values
    for column in table.columns:
        if column.name not in given and not column.nullable:
            given[column.name] = _something(column)
    with transaction() as session:
        session.execute(sa.insert(table).values(given))
    return given["id"]  # type: ignore[no-any-return]


def _something(column: sa.Column[Any]) -> Any:
    if column.default is not None and column.default.is_scalar:
        return column.default.arg
    of_type = {
        sa.Boolean: False,
        sa.Integer: 1,
        sa.Uuid: uuid.uuid4(),
        sa.LargeBinary: uuid.uuid4().bytes,
        sa.Date: date(2026, 11, 21),
        sa.JSON: {},
    }
    kind = type(column.type)
    if kind in of_type:
        return of_type[kind]
    return NOON if "DateTime" in kind.__name__ else "x" if column.unique is None else uuid.uuid4().hex[:20]


@pytest.fixture
def letter(app_context: Flask) -> uuid.UUID:
    campaign = row("campaigns", slug="one", status="live")
    supporter = row("supporters", country="AM")
    return row("letters", campaign_id=campaign, supporter_id=supporter, reference="R-1")


def recipient(slug: str) -> uuid.UUID:
    return row("recipients", slug=slug, external_id=slug, level="national", status="open")


def copy(letter: uuid.UUID, to: uuid.UUID, state: str = "held", **values: Any) -> uuid.UUID:
    due_at = NOON if state in DUE else None
    delivery = Delivery(
        kind="letter", letter_id=letter, recipient_id=to, state=state, due_at=due_at, text="secret", **values
    )
    with transaction() as session:
        start(session, delivery, now=NOON, cause="written", actor="supporter")
        session.flush()
        made = values.get("created_at", NOON)
        delivery.created_at = made
    return delivery.id


def ids(page: reading.Page) -> list[uuid.UUID]:
    return [delivery.id for delivery in page.deliveries]


def test_newest_first_page_by_page_without_gaps_or_repeats(letter: uuid.UUID) -> None:
    made = [
        copy(letter, recipient(f"office-{n}"), created_at=NOON + timedelta(seconds=n // 3)) for n in range(10)
    ]
    seen: list[uuid.UUID] = []
    after: Cursor | None = None
    while True:
        page = reading.page_of_deliveries(after=after, limit=4)
        seen += ids(page)
        if page.after is None:
            break
        after = Cursor.parse(str(page.after))
        assert after == page.after, "it survives being put into a link"
    assert sorted(seen) == sorted(made)
    times = {mail: NOON + timedelta(seconds=n // 3) for n, mail in enumerate(made)}
    assert [times[mail] for mail in seen] == sorted(times.values(), reverse=True)


def test_filters(letter: uuid.UUID) -> None:
    one, two = recipient("one"), recipient("two")
    held, accepted = copy(letter, one, "held"), copy(letter, two, "accepted")
    queue()
    assert set(ids(reading.page_of_deliveries())) == {held, accepted}
    assert ids(reading.page_of_deliveries(states=["accepted", "failed"])) == [accepted]
    assert ids(reading.page_of_deliveries(recipient_id=one)) == [held]
    assert ids(reading.page_of_deliveries(states=["accepted"], recipient_id=one)) == []
    assert len(reading.page_of_deliveries(kind="notice").deliveries) == 1


def test_lists_do_not_load_what_is_sealed(letter: uuid.UUID) -> None:
    copy(letter, recipient("one"))
    (listed,) = reading.page_of_deliveries().deliveries
    assert {"wire_sealed", "text_sealed"} <= sa.inspect(listed).unloaded


@pytest.mark.parametrize(
    "text", ["", "x", "1-2", "9" * 20 + "-" + "a" * 32, "1-" + "g" * 32, "-1-" + "a" * 32, "١-" + "a" * 32]
)
def test_what_is_no_place_leads_to_the_beginning(text: str) -> None:
    assert Cursor.parse(text) is None


def test_one_delivery_with_its_attempts_and_journal(letter: uuid.UUID) -> None:
    mail = copy(letter, recipient("one"), "queued")
    with transaction() as session:
        transition(session, session.get_one(Delivery, mail), "held", now=NOON, cause="why", actor="somebody")
    whole = reading.whole_delivery(mail)
    assert whole is not None
    assert [change.to_state for change in whole.changes] == ["queued", "held"]
    assert (whole.attempts, whole.text) == ([], "secret")
    assert reading.whole_delivery(uuid.uuid4()) is None


def test_copies_of_a_letter_in_their_order(letter: uuid.UUID) -> None:
    second = copy(letter, recipient("two"), position=2)
    first = copy(letter, recipient("one"), position=1)
    assert [delivery.id for delivery in reading.deliveries_of(letter)] == [first, second]
    assert list(reading.deliveries_of(uuid.uuid4())) == []


def test_counts_by_state(letter: uuid.UUID) -> None:
    one = recipient("one")
    copy(letter, one, "held")
    for n in range(3):
        copy(letter, recipient(f"other-{n}"), "accepted")
    queue(range(2))
    assert reading.counts_by_state() == {"held": 1, "accepted": 3}
    assert reading.counts_by_state(recipient_id=one) == {"held": 1}
    assert reading.counts_by_state(kind="notice") == {"queued": 2}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 6
