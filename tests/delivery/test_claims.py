"""Claiming, beginning, giving back."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db, transaction
from app.delivery import beginning, claims
from app.delivery.claims import Claim
from app.delivery.models import Delivery
from app.delivery.states import lock
from tests.delivery.mails import NOON, attempts_of, queue, read, state_of, take_back, way_of

LEASE = timedelta(minutes=2)
SOON = NOON + timedelta(seconds=1)

pytestmark = pytest.mark.usefixtures("app_context")


def claim(worker: str = "one", limit: int = 10, now: object = NOON) -> list[Claim]:
    return claims.claim(worker=worker, limit=limit, now=now, lease=LEASE)  # type: ignore[arg-type]


def test_what_is_due_is_claimed_once_in_order_of_priority_and_time() -> None:
    (later,) = queue([1], now=SOON)
    (earlier,) = queue([2], now=NOON)
    (urgent,) = queue([3], now=SOON)
    (not_yet,) = queue([4], now=NOON + LEASE)
    with transaction() as session:
        session.get_one(Delivery, urgent).priority = 0
    assert [one.delivery_id for one in claim("one", now=SOON)] == [urgent, earlier, later]
    assert claim("two", now=SOON) == []
    assert read(not_yet).leased_by is None


def test_a_claim_is_a_lease_and_the_delivery_stays_queued() -> None:
    (mail,) = queue()
    (one,) = claim()
    assert (one.kind, one.domain) == ("notice", "offices.example")
    assert (read(mail).state, read(mail).leased_by, read(mail).attempt_count) == ("queued", "one", 0)
    assert claim("two", now=NOON + LEASE) == []
    assert [again.worker for again in claim("two", now=NOON + LEASE + timedelta(seconds=1))] == ["two"]
    assert beginning.begin(one, now=SOON) is None, "the lease ran out and somebody else has it"


def test_beginning_is_journalled_and_hands_out_the_frozen_bytes() -> None:
    (mail,) = queue()
    in_hand = beginning.begin(claim()[0], now=SOON)
    assert in_hand is not None
    assert in_hand.envelope().rcpt_to == "office0@offices.example"
    assert in_hand.envelope().wire.endswith(b"faithfully\r\n")
    assert way_of(mail) == ["queued", "sending"]
    (attempt,) = attempts_of(mail)
    assert (attempt.number, attempt.worker, attempt.started_at) == (1, "one", SOON)
    assert (attempt.dot_pending_at, attempt.ended_at) == (None, None)


def test_what_is_in_hand_does_not_tell_what_it_is_about() -> None:
    queue()
    in_hand = beginning.begin(claim()[0], now=NOON)
    assert in_hand is not None
    assert "office0" not in f"{in_hand!r} {in_hand.envelope()!r}"


def test_a_claimed_mail_that_was_taken_back_is_not_begun() -> None:
    (mail,) = queue()
    (one,) = claim()
    assert take_back(mail)
    assert beginning.begin(one, now=NOON) is None
    assert state_of(mail) == "cancelled"
    assert attempts_of(mail) == []


def test_the_last_look_can_hold_a_mail() -> None:
    (mail,) = queue()
    assert beginning.begin(claim()[0], now=NOON, check=lambda _session, _mails: ["office closed"]) is None
    assert (read(mail).state, read(mail).reason, read(mail).leased_by) == ("held", "office closed", None)


def test_release_gives_back_only_what_was_not_begun_and_only_ones_own() -> None:
    mine, begun, other = queue(range(3))
    first = claim("one", limit=2)
    claim("two")
    assert beginning.begin(first[1], now=NOON) is not None
    claims.release("one")
    assert [read(mail).leased_by for mail in (mine, begun, other)] == [None, "one", "two"]
    assert [one.delivery_id for one in claim("three")] == [mine]


def test_postponed_claims_wait_and_keep_their_attempts() -> None:
    first, second = queue(range(2))
    waiting = claim()
    claims.postpone(waiting, now=NOON, until=NOON + LEASE)
    assert way_of(first) == ["queued", "deferred"]
    put_off = read(second)
    assert (put_off.due_at, put_off.attempt_count, put_off.leased_by) == (NOON + LEASE, 0, None)
    again = claim(now=NOON + LEASE)
    claims.postpone(again, now=NOON + LEASE, until=NOON + 2 * LEASE)
    assert way_of(first) == ["queued", "deferred"], "one that waits already has nothing new to tell"
    assert read(first).due_at == NOON + 2 * LEASE


@pytest.mark.backends("postgresql")  # where each row has a lock of its own
@pytest.mark.parametrize("what", ["postpone", "renew"])
def test_rows_are_locked_in_one_order_by_all_so_that_nobody_waits_in_a_circle(
    app_context: Flask, what: str
) -> None:
    first, *_between, last = sorted(queue(list(range(6))))
    claimed = sorted(claim(), key=lambda one: one.delivery_id, reverse=True)

    def act() -> None:
        with app_context.app_context():
            if what == "postpone":
                claims.postpone(claimed, now=NOON, until=NOON + LEASE)
            else:
                claims.renew([one.delivery_id for one in claimed], worker="one", now=NOON, lease=LEASE)

    actor = threading.Thread(target=act)
    with transaction() as session:
        lock(session, first)
        actor.start()
        actor.join(0.3)
        assert actor.is_alive(), "it waits for the first row"
        free = sa.select(Delivery.id).where(Delivery.id == last).with_for_update(nowait=True)
        assert session.scalars(free).one() == last, "and holds none that somebody else could wait for"
    actor.join(10)
    assert not actor.is_alive()


def test_renewed_leases_hold_and_others_cannot_renew_them() -> None:
    (mail,) = queue()
    claim("one")
    claims.renew([mail], worker="two", now=NOON + LEASE, lease=LEASE)
    assert read(mail).lease_until == NOON + LEASE
    claims.renew([mail], worker="one", now=NOON + LEASE, lease=LEASE)
    assert claim("two", now=NOON + LEASE + timedelta(seconds=1)) == []


def test_set_aside_holds_what_cannot_be_begun() -> None:
    (mail,) = queue()
    claims.set_aside(claim()[0], now=NOON)
    assert state_of(mail) == "held"


def test_looking_for_work_uses_the_index_of_what_is_due(app_context: Flask) -> None:
    # Without it, a campaign's hundred thousand delivered letters would be read at every look.
    queue(range(3))
    query = sa.select(Delivery.id).where(*claims.due(NOON)).order_by(Delivery.priority, Delivery.due_at)
    with db.sessionmaker() as session:
        sqlite = db.engine.dialect.name == "sqlite"
        if not sqlite:  # of three rows PostgreSQL would rather read all
            session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        compiled = query.limit(1).compile(db.engine, compile_kwargs={"literal_binds": True})
        explained = session.execute(sa.text(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{compiled}")).all()
    assert "ix_deliveries_due" in str(explained)
    assert "SORT" not in str(explained).upper()
    assert "TEMP B-TREE" not in str(explained)
