"""The transition table, and the one function that changes states."""

from __future__ import annotations

import itertools

import pytest

from app.database import transaction
from app.delivery.models import STATES, Delivery
from app.delivery.states import (
    DUE,
    FINAL,
    LEGAL,
    WITHDRAWABLE,
    IllegalTransition,
    first_rows,
    lock,
    move,
    transition,
)
from app.hot_rows import insert_rows
from tests.delivery.mails import NOON, changes_of, read

PAIRS = list(itertools.product(STATES, STATES))


def test_the_table_knows_every_state_and_no_other() -> None:
    assert set(LEGAL) == set(STATES)
    assert set().union(*LEGAL.values()) <= set(STATES)


def test_nothing_goes_on_from_a_final_state_but_a_bounce_of_what_was_accepted() -> None:
    ways_on = {state: LEGAL[state] for state in FINAL if LEGAL[state]}
    assert ways_on == {"accepted": frozenset({"bounced"})}


def test_whatever_is_not_final_can_still_end() -> None:
    ends = set(FINAL)
    for _ in STATES:
        ends |= {state for state, ways in LEGAL.items() if ways & ends}
    assert ends == set(STATES)


def test_all_that_can_be_taken_back_can_be_cancelled() -> None:
    assert all("cancelled" in LEGAL[state] for state in WITHDRAWABLE)


def test_only_what_is_due_or_was_refused_is_ever_sent() -> None:
    assert {state for state, ways in LEGAL.items() if "sending" in ways} == DUE
    assert "sending" not in LEGAL["unclear"]


def _new(state: str) -> Delivery:
    delivery = Delivery(kind="notice", state=state, due_at=NOON if state in DUE else None)
    with transaction() as session:
        insert_rows(session, *first_rows(delivery, now=NOON, cause="written", actor="redress"))
    return read(delivery.id)


def _move(delivery: Delivery, to: str) -> None:
    with transaction() as session:
        if delivery.state == "sending":  # a worker's
            row = lock(session, delivery.id)
            assert row is not None
            move(session, row, to, now=NOON, cause="why", actor="somebody")
            return
        # As one that read it a while ago would have it.
        mine = session.merge(delivery, load=False)
        transition(session, mine, to, now=NOON, cause="why", actor="somebody")


@pytest.mark.usefixtures("app_context")
def test_every_legal_transition_is_made_and_journalled_and_every_other_one_refused() -> None:
    for before, after in PAIRS:
        delivery = _new(before)
        if after in LEGAL[before]:
            _move(delivery, after)
            changed = read(delivery.id)
            assert (changed.state, changed.reason) == (after, "why")
            journal = [
                (change.number, change.from_state, change.to_state) for change in changes_of(delivery.id)
            ]
            assert journal == [(1, None, before), (2, before, after)]
        else:
            with pytest.raises(IllegalTransition):
                _move(delivery, after)
            assert read(delivery.id).state == before
            assert len(changes_of(delivery.id)) == 1


@pytest.mark.usefixtures("app_context")
@pytest.mark.parametrize("to", sorted(LEGAL["sending"]))
@pytest.mark.backends("sqlite")  # the rule is the same on both
def test_what_is_in_a_workers_hand_is_moved_by_nobody_else(to: str) -> None:
    delivery = _new("sending")

    def meddle() -> None:
        with transaction() as session:
            transition(session, session.merge(delivery), to, now=NOON, cause="why", actor="organizer")

    with pytest.raises(IllegalTransition):
        meddle()
    assert read(delivery.id).state == "sending"


@pytest.mark.usefixtures("app_context")
def test_a_transition_starts_from_the_state_in_the_database() -> None:
    delivery = _new("awaiting_confirmation")
    _move(delivery, "cancelled")
    assert delivery.state == "awaiting_confirmation", "that is what its reader still believes"
    with pytest.raises(IllegalTransition):
        _move(delivery, "queued")


@pytest.mark.usefixtures("app_context")
def test_a_transition_keeps_what_the_caller_changed_besides() -> None:
    delivery = _new("awaiting_confirmation")
    with transaction() as session:
        mine = session.get_one(Delivery, delivery.id)
        mine.text = "frozen"
        transition(session, mine, "held", now=NOON, cause="office closed", actor="redress")
    assert read(delivery.id).text == "frozen"
