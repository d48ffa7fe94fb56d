"""Attempts: the dot, the outcomes, and what follows from each."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest

from app.database import transaction
from app.delivery import beginning, causes, claims, journal, retries
from app.delivery.beginning import InHand
from app.delivery.models import Delivery
from app.delivery.outbox import queue_again
from app.delivery.senders.base import Kind, Outcome, Step
from app.delivery.takeover import take_over
from tests.delivery.mails import NOON, attempts_of, changes_of, queue, read, state_of, take_back, way_of

LEASE = timedelta(minutes=2)
SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.usefixtures("app_context")


def take_in_hand(*, worker: str = "one", now: datetime = NOON) -> InHand:
    (one,) = claims.claim(worker=worker, limit=1, now=now, lease=LEASE)
    in_hand = beginning.begin(one, now=now)
    assert in_hand is not None
    return in_hand


def record(
    in_hand: InHand, kind: Kind, step: Step = "mail", code: int | None = None, *, now: datetime = NOON
) -> bool:
    return journal.record([in_hand], Outcome(kind=kind, step=step, code=code), now=now, jitter=0.5)


def test_an_accepted_mail_is_done() -> None:
    (mail,) = queue()
    in_hand = take_in_hand()
    assert journal.mark_dot_pending(in_hand, now=NOON + SECOND)
    outcome = Outcome(kind="accepted", step="dot", code=250, reply="2.0.0 OK")
    assert journal.record([in_hand], outcome, now=NOON + 2 * SECOND, jitter=0.0)
    (attempt,) = attempts_of(mail)
    assert (attempt.dot_pending_at, attempt.ended_at) == (NOON + SECOND, NOON + 2 * SECOND)
    assert (attempt.outcome, attempt.step, attempt.code, attempt.reply) == (
        "accepted",
        "dot",
        250,
        "2.0.0 OK",
    )
    done = read(mail)
    assert (done.state, done.reason, done.leased_by, done.due_at) == ("accepted", causes.TAKEN, None, None)


def test_recording_twice_changes_nothing() -> None:
    (mail,) = queue()
    in_hand = take_in_hand()
    assert record(in_hand, "accepted", "dot", 250)
    assert not record(in_hand, "permanent", "rcpt", 550)
    assert way_of(mail) == ["queued", "sending", "accepted"]


@pytest.mark.parametrize(
    ("kind", "step", "code", "state", "cause"),
    [
        ("temporary", "rcpt", 451, "deferred", causes.NOT_NOW),
        ("temporary", "text", None, "deferred", causes.CONNECTION_LOST),
        ("temporary", "banner", 554, "deferred", causes.SERVER_AWAY),
        ("temporary", "connect", None, "deferred", causes.SERVER_AWAY),
        ("permanent", "rcpt", 550, "failed", causes.REFUSED),
        ("unclear", "dot", None, "unclear", causes.BROKE_OFF),
        ("withheld", "before_dot", None, "queued", causes.WITHHELD),
        ("crashed", "", None, "queued", causes.FAILED_INSIDE),
    ],
)
@pytest.mark.backends("sqlite")  # what is written is tested on both above; this is which
def test_each_outcome_leads_to_its_state(
    kind: Kind, step: Step, code: int | None, state: str, cause: str
) -> None:
    (mail,) = queue()
    assert record(take_in_hand(), kind, step, code)
    assert (read(mail).state, read(mail).reason) == (state, cause)


def test_temporary_refusals_come_back_at_growing_intervals_and_end_after_four_days() -> None:
    (mail,) = queue()
    now, waits = NOON, []
    while state_of(mail) in {"queued", "deferred"}:
        record(take_in_hand(now=now), "temporary", "rcpt", 451, now=now)
        due = read(mail).due_at
        if due is not None:
            waits.append(due - now)
            now = due
    assert waits == list(retries.SCHEDULE)
    assert (state_of(mail), read(mail).reason) == ("failed", causes.GAVE_UP)


def test_a_server_that_is_away_never_uses_up_a_mails_chances() -> None:
    (mail,) = queue()
    now = NOON
    for _ in range(len(retries.SCHEDULE) + 5):
        record(take_in_hand(now=now), "temporary", "auth", 535, now=now)
        due = read(mail).due_at
        assert due is not None
        assert due - now == retries.SERVER_AWAY
        now = due
    record(take_in_hand(now=now), "temporary", "rcpt", 451, now=now)
    assert read(mail).due_at == now + retries.SCHEDULE[0]


def test_the_third_crash_in_a_row_quarantines_and_the_others_go_on() -> None:
    (poison,) = queue([0])
    now = NOON
    for expected in ("queued", "queued", "held"):
        in_hand = take_in_hand(now=now)
        record(in_hand, "crashed", "", now=now)
        assert state_of(poison) == expected
        now = read(poison).due_at or now
    assert read(poison).reason == causes.QUARANTINED
    (sound,) = queue([1])
    assert take_in_hand(now=now).delivery_id == sound


def test_a_mail_that_crashed_goes_to_the_end_of_the_queue() -> None:
    poison, sound = queue([0, 1])
    in_hand = take_in_hand(now=NOON)
    assert in_hand.delivery_id == poison
    record(in_hand, "crashed", "", now=NOON + SECOND)
    assert take_in_hand(now=NOON + SECOND).delivery_id == sound


def test_crashes_that_are_not_in_a_row_do_not_add_up() -> None:
    (mail,) = queue()
    now = NOON
    for kind in ("crashed", "crashed", "temporary", "crashed", "crashed"):
        record(take_in_hand(now=now), kind, "mail" if kind == "temporary" else "", now=now)
        assert state_of(mail) != "held"
        now = read(mail).due_at or now
    record(take_in_hand(now=now), "crashed", "", now=now)
    assert state_of(mail) == "held"


def test_what_was_taken_back_before_the_dot_gets_none() -> None:
    (mail,) = queue()
    in_hand = take_in_hand()
    assert take_back(mail)
    assert not journal.mark_dot_pending(in_hand, now=NOON)
    assert not record(in_hand, "withheld", "before_dot")
    assert state_of(mail) == "cancelled"


def test_what_has_its_dot_pending_cannot_be_taken_back() -> None:
    (mail,) = queue()
    in_hand = take_in_hand()
    assert journal.mark_dot_pending(in_hand, now=NOON)
    assert not take_back(mail)
    assert record(in_hand, "accepted", "dot", 250)


def test_a_worker_that_lost_its_lease_may_not_send_the_dot_and_changes_nothing() -> None:
    (mail,) = queue()
    stale = take_in_hand(worker="one")
    later = NOON + LEASE + SECOND
    assert take_over(now=later, is_alive=lambda _process: None)
    fresh = take_in_hand(worker="two", now=later)
    assert not journal.mark_dot_pending(stale, now=later)
    assert not record(stale, "accepted", "dot", 250, now=later)
    assert (state_of(mail), read(mail).leased_by) == ("sending", "two")
    assert record(fresh, "accepted", "dot", 250, now=later)


@pytest.mark.parametrize(
    ("kind", "code", "state"),
    [("accepted", 250, "accepted"), ("permanent", 554, "failed"), ("temporary", 451, "deferred")],
)
def test_the_servers_own_answer_resolves_what_was_taken_for_lost(kind: Kind, code: int, state: str) -> None:
    (mail,) = queue()
    slow = take_in_hand()
    assert journal.mark_dot_pending(slow, now=NOON)
    later = NOON + LEASE + SECOND
    assert take_over(now=later, is_alive=lambda _process: None).unclear == 1
    assert state_of(mail) == "unclear"
    assert record(slow, kind, "dot", code, now=later)
    assert way_of(mail) == ["queued", "sending", "unclear", state]


def test_no_answer_resolves_nothing_and_a_decision_of_an_organizer_stands() -> None:
    (mail,) = queue()
    slow = take_in_hand()
    journal.mark_dot_pending(slow, now=NOON)
    later = NOON + LEASE + SECOND
    take_over(now=later, is_alive=lambda _process: None)
    for kind in ("unclear", "withheld", "crashed"):
        assert not record(slow, kind, "dot", now=later)
    with transaction() as session:
        queue_again(session, session.get_one(Delivery, mail), now=later, cause="decided", actor="organizer")
    assert not record(slow, "accepted", "dot", 250, now=later)
    assert state_of(mail) == "queued"


def test_an_answer_about_an_earlier_attempt_does_not_resolve_a_later_one() -> None:
    (mail,) = queue()
    first = take_in_hand(worker="one")
    journal.mark_dot_pending(first, now=NOON)
    later = NOON + LEASE + SECOND
    take_over(now=later, is_alive=lambda _process: None)
    with transaction() as session:
        queue_again(session, session.get_one(Delivery, mail), now=later, cause="decided", actor="organizer")
    second = take_in_hand(worker="two", now=later)
    journal.mark_dot_pending(second, now=later)
    record(second, "unclear", "dot", now=later)
    assert not record(first, "temporary", "dot", 451, now=later), "the second may have been taken"
    assert state_of(mail) == "unclear"


@pytest.mark.backends("sqlite")  # pure but for the row
def test_a_sender_that_is_wrong_about_the_dot_cannot_cause_a_second_copy() -> None:
    for kind in ("temporary", "withheld", "crashed"):
        (mail,) = queue([hash(kind)])
        in_hand = take_in_hand()
        journal.mark_dot_pending(in_hand, now=NOON)
        record(in_hand, kind, "dot" if kind != "crashed" else "")
        assert state_of(mail) == "unclear", kind


def test_the_journal_is_a_chain_without_gaps() -> None:
    (mail,) = queue()
    record(take_in_hand(), "temporary", "mail", 451)
    record(take_in_hand(now=NOON + LEASE), "accepted", "dot", 250, now=NOON + LEASE)
    changes = changes_of(mail)
    assert [change.number for change in changes] == [1, 2, 3, 4, 5]
    assert all(before.to_state == after.from_state for before, after in itertools.pairwise(changes))
    assert {change.actor for change in changes} == {"redress", "worker"}


@pytest.mark.backends("sqlite")
def test_every_cause_has_a_sentence() -> None:
    written = {value for name, value in vars(causes).items() if name.isupper() and isinstance(value, str)}
    assert written == set(causes.SENTENCES)
    assert causes.sentence(causes.TAKEN) == "The mail server took it."
    assert causes.sentence("of another room") == "of another room"
