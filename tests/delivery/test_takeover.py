"""What lost workers leave, and who can tell that they are lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from app.delivery import beginning, causes, claims, journal, presence
from app.delivery.processes import IsAlive, Process, is_alive, new_worker_name, this_process
from app.delivery.takeover import TakenOver, take_over
from tests.delivery.mails import NOON, attempts_of, queue, read, state_of

LEASE = timedelta(minutes=2)


def alive(_process: Process) -> bool:
    return True


def unknown(_process: Process) -> None:
    return None


def dead(_process: Process) -> bool:
    return False


@pytest.fixture
def left_by_one(app_context: object) -> list[uuid.UUID]:
    """A worker with one mail before its dot, one after it, and one that it has not begun."""
    presence.appear("one", Process("here", 1, 1), now=NOON)
    mails = queue(range(3))
    before, after, _unbegun = claims.claim(worker="one", limit=3, now=NOON, lease=LEASE)
    assert beginning.begin(before, now=NOON) is not None
    in_hand = beginning.begin(after, now=NOON)
    assert in_hand is not None
    assert journal.mark_dot_pending(in_hand, now=NOON)
    return mails


def test_nothing_is_taken_from_a_worker_that_lives(left_by_one: list[uuid.UUID]) -> None:
    assert not take_over(now=NOON, is_alive=alive)
    assert not take_over(now=NOON, is_alive=unknown)


@pytest.mark.parametrize(
    ("later", "knows"), [(timedelta(), dead), (LEASE + timedelta(seconds=1), unknown)], ids=["dead", "silent"]
)
def test_a_lost_workers_mails_are_settled(
    left_by_one: list[uuid.UUID], later: timedelta, knows: IsAlive
) -> None:
    now = NOON + later
    found = take_over(now=now, is_alive=knows)
    assert found == TakenOver(given_back=1, queued_again=1, unclear=1)
    assert [state_of(mail) for mail in left_by_one] == ["queued", "unclear", "queued"]
    before, after, unbegun = left_by_one
    assert [(a.outcome, a.ended_at) for a in attempts_of(before)] == [("crashed", now)]
    assert [(a.outcome, a.step) for a in attempts_of(after)] == [("unclear", "dot")]
    assert attempts_of(unbegun) == []
    assert read(after).reason == causes.WORKER_LOST_AT_THE_DOT
    # At once: the next worker gets what may be sent, and only that.
    again = {one.delivery_id for one in claims.claim(worker="two", limit=9, now=now, lease=LEASE)}
    assert again == {before, unbegun}


def test_a_worker_without_a_row_is_gone(app_context: object) -> None:
    (mail,) = queue()
    claims.claim(worker="nobody", limit=1, now=NOON, lease=LEASE)
    assert take_over(now=NOON, is_alive=alive).given_back == 1
    assert read(mail).leased_by is None


def test_a_mail_whose_worker_died_three_times_in_it_is_quarantined(app_context: object) -> None:
    (mail,) = queue()
    now = NOON
    for turn in range(3):
        presence.appear(f"worker {turn}", Process("here", turn, 1), now=now)
        (one,) = claims.claim(worker=f"worker {turn}", limit=1, now=now, lease=LEASE)
        assert beginning.begin(one, now=now) is not None
        take_over(now=now, is_alive=dead)
        now = read(mail).due_at or now
    assert (state_of(mail), read(mail).reason) == ("held", causes.QUARANTINED)


def test_a_lease_of_a_clock_that_went_wrong_does_not_last_for_a_year(app_context: object) -> None:
    (mail,) = queue()
    presence.appear("one", Process("elsewhere", 1, 1), now=NOON)
    claims.claim(worker="one", limit=1, now=NOON, lease=timedelta(days=365))
    assert take_over(now=NOON, is_alive=unknown).given_back == 1
    assert [one.delivery_id for one in claims.claim(worker="two", limit=1, now=NOON, lease=LEASE)] == [mail]


def test_rows_of_the_dead_and_of_the_long_silent_go(app_context: object) -> None:
    presence.appear("dead", Process("here", 1, 1), now=NOON)
    presence.appear("silent", Process("elsewhere", 1, 1), now=NOON - timedelta(days=2))
    presence.appear("fine", Process("elsewhere", 2, 1), now=NOON)
    take_over(now=NOON, is_alive=lambda process: False if process.machine == "here" else None)
    found = take_over(now=NOON, is_alive=unknown)
    assert not found
    presence.leave("fine")
    assert not take_over(now=NOON, is_alive=unknown)


def test_this_process_is_alive_and_a_past_one_with_its_number_is_not() -> None:
    me = this_process()
    assert me.pid == os.getpid()
    assert is_alive(me) is True
    assert is_alive(Process(me.machine, me.pid, me.start - 1)) is False
    assert is_alive(Process("another machine", me.pid, me.start)) is None
    assert is_alive(Process("", me.pid, me.start)) is None


def test_a_killed_process_is_dead_before_anybody_has_buried_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    pid = child.pid
    start = int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
    process = Process(this_process().machine, pid, start)
    assert is_alive(process) is True
    child.kill()
    deadline = time.monotonic() + 5
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_alive(process) is False, "a zombie delivers nothing"
    child.communicate()
    assert is_alive(process) is False


def test_names_of_workers_are_their_own() -> None:
    assert new_worker_name("aa") != new_worker_name("bb")
    assert str(os.getpid()) in new_worker_name("aa")
    assert len(new_worker_name("a" * 8)) <= 120


def test_what_a_lost_worker_had_begun_is_suspect_and_what_it_had_not_is_not(
    left_by_one: list[uuid.UUID],
) -> None:
    before, _after, unbegun = left_by_one
    take_over(now=NOON, is_alive=dead)
    again = claims.claim(worker="two", limit=3, now=NOON, lease=LEASE)
    assert {one.delivery_id: one.suspect for one in again} == {before: True, unbegun: False}
