"""What the rest of the house does with the outbox."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.database import transaction
from app.delivery import claims
from app.delivery.models import Delivery
from app.delivery.outbox import (
    LETTER_PRIORITY,
    NOTICE_PRIORITY,
    AlreadyFrozen,
    NotFrozen,
    enqueue,
    hold,
    notice_rows,
    queue_again,
)
from app.delivery.states import DUE, FINAL, WITHDRAWABLE, IllegalTransition, first_rows
from app.hot_rows import insert_rows
from tests.delivery.mails import NOON, make_envelope, queue, read, state_of, take_back, way_of

pytestmark = pytest.mark.usefixtures("app_context")


def new(state: str = "awaiting_confirmation") -> Delivery:
    delivery = Delivery(kind="notice", state=state, due_at=NOON if state in {"queued", "deferred"} else None)
    with transaction() as session:
        insert_rows(session, *first_rows(delivery, now=NOON, cause="written", actor="supporter"))
    return delivery


def test_what_is_queued_is_frozen_and_due() -> None:
    delivery, envelope = new(), make_envelope(3, to="Office@Straße.example")
    with transaction() as session:
        mine = session.merge(delivery)
        enqueue(session, mine, envelope=envelope, now=NOON, actor="supporter")
        assert mine.state == "queued", "its caller sees it at once"
    stored = read(delivery.id)
    assert (stored.wire, stored.text, stored.subject) == (envelope.wire, envelope.text, envelope.subject)
    assert (stored.envelope_to, stored.envelope_from) == (envelope.rcpt_to, envelope.mail_from)
    assert (stored.message_id, stored.domain) == (envelope.message_id, "xn--strae-oqa.example")
    assert (stored.due_at, stored.priority) == (NOON, LETTER_PRIORITY)
    assert way_of(delivery.id) == ["awaiting_confirmation", "queued"]


def test_nothing_of_a_mail_can_be_read_in_the_database() -> None:
    (mail,) = queue()
    stored = read(mail)
    columns = [getattr(stored, column.key) for column in Delivery.__table__.columns]
    everything = b"\x00".join(value if isinstance(value, bytes) else str(value).encode() for value in columns)
    for secret in (b"office0", b"Dear office", b"A letter"):
        assert secret not in everything


def test_frozen_is_frozen() -> None:
    delivery = new()
    with transaction() as session:
        enqueue(session, session.merge(delivery), envelope=make_envelope(1), now=NOON, actor="supporter")
    with transaction() as session:
        hold(session, session.get_one(Delivery, delivery.id), now=NOON, cause="looked at", actor="organizer")

    def freeze_again() -> None:
        with transaction() as session:
            mine = session.get_one(Delivery, delivery.id)
            enqueue(session, mine, envelope=make_envelope(2), now=NOON, actor="organizer")

    with pytest.raises(AlreadyFrozen):
        freeze_again()
    assert read(delivery.id).message_id == make_envelope(1).message_id


@pytest.mark.parametrize("state", sorted(FINAL | {"queued", "deferred", "sending", "unclear", "printed"}))
@pytest.mark.backends("sqlite")  # the rule is the same on both
def test_what_is_over_or_under_way_is_not_queued(state: str) -> None:
    delivery = new(state)

    def put() -> None:
        with transaction() as session:
            enqueue(session, session.merge(delivery), envelope=make_envelope(), now=NOON, actor="supporter")

    with pytest.raises(IllegalTransition):
        put()
    assert read(delivery.id).wire is None, "nothing is left of the attempt"


def test_a_notice_is_queued_before_letters() -> None:
    (mail,) = queue()
    stored = read(mail)
    assert (stored.kind, stored.state, stored.priority) == ("notice", "queued", NOTICE_PRIORITY)
    assert NOTICE_PRIORITY < LETTER_PRIORITY
    assert way_of(mail) == ["queued"]


def test_a_transaction_that_fails_leaves_no_mail_behind() -> None:
    with pytest.raises(LookupError), transaction() as session:
        _write_and_fail(session)
    assert claims.claim(worker="one", limit=9, now=NOON, lease=NOON - NOON) == []


def _write_and_fail(session: Session) -> None:
    insert_rows(session, *notice_rows(mail=make_envelope(), now=NOON))
    raise LookupError


def test_what_has_not_left_can_be_taken_back_once() -> None:
    for state in sorted(WITHDRAWABLE):
        delivery = new(state)
        assert take_back(delivery.id)
        assert not take_back(delivery.id)
        assert way_of(delivery.id) == [state, "cancelled"]


def test_what_has_left_cannot_be_taken_back() -> None:
    for state in sorted(FINAL | {"unclear", "printed"}):
        delivery = new(state)
        assert not take_back(delivery.id)
        assert way_of(delivery.id) == [state]


def test_holding() -> None:
    for state in ["queued", "deferred", "held", "accepted", "unclear"]:
        delivery = new(state)
        with transaction() as session:
            held = hold(session, session.merge(delivery), now=NOON, cause="office closed", actor="redress")
        can_be = state in WITHDRAWABLE
        assert held is can_be
        assert state_of(delivery.id) == ("held" if can_be else state)
        assert read(delivery.id).due_at is None


def again(delivery: Delivery) -> None:
    with transaction() as session:
        queue_again(session, session.merge(delivery), now=NOON, cause="decided", actor="organizer")


def frozen(state: str) -> Delivery:
    delivery = new()
    with transaction() as session:
        mine = session.merge(delivery)
        enqueue(session, mine, envelope=make_envelope(), now=NOON, actor="supporter")
        mine.state = state  # however it came to that
        mine.due_at = NOON if state in DUE else None
    return read(delivery.id)


@pytest.mark.parametrize("state", ["held", "unclear", "deferred"])
@pytest.mark.backends("sqlite")  # the rule is the same on both
def test_an_organizer_may_have_it_sent_again_with_the_same_bytes(state: str) -> None:
    delivery = frozen(state)
    again(delivery)
    assert (state_of(delivery.id), read(delivery.id).wire) == ("queued", make_envelope().wire)


@pytest.mark.parametrize("state", sorted(FINAL | {"sending"}))
@pytest.mark.backends("sqlite")  # the rule is the same on both
def test_what_is_in_a_workers_hand_or_over_is_not_sent_again(state: str) -> None:
    # Its page may have shown `deferred` a moment ago: a worker that has begun since would make it two copies.
    delivery = frozen(state)
    with pytest.raises(IllegalTransition):
        again(delivery)
    assert state_of(delivery.id) == state


def test_what_was_never_frozen_is_not_sent() -> None:
    delivery = new("held")
    with pytest.raises(NotFrozen):
        again(delivery)
    assert state_of(delivery.id) == "held"
