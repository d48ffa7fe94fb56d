"""Many supporters, four offices each: nothing lost, nothing sent twice, workers killed or not."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.databases import Backend
from tests.support.journeys import OFFICES, body_of
from tests.support.journeys_crowd import CONFIRMED_AT, SUPPORTERS, Crowd, crowd, received
from tests.support.lengths import MOSTLY_POSTGRESQL, MOSTLY_SQLITE, length
from tests.support.nursery import Nursery, run_borne
from tests.support.smtp import RecordingSmtpServer

KILLS = length(5, 20)


@pytest.fixture
def waiting(
    all_backends: dict[str, Backend],
    backend: Backend,
    run_folder: Path,
    keys_file: Path,
    tmp_path: Path,
) -> Iterator[Crowd]:
    """A crowd's letters, confirmed and not yet sent."""
    with crowd(all_backends, backend.name, run_folder, keys_file, tmp_path) as found:
        assert found.states() == {"queued": SUPPORTERS * len(OFFICES)}
        yield found


def drain(waiting: Crowd, smtp_server: RecordingSmtpServer, *, later: timedelta) -> None:
    """Let one worker deliver all that is due some time after the letters were confirmed."""
    clock = {"REDRESS_TEST_NOW": (CONFIRMED_AT + later).isoformat(), "REDRESS_SMTP_URL": smtp_server.url}
    done = run_borne("worker", "--drain", environ={**waiting.environ, **clock}, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.backends(*MOSTLY_SQLITE)  # two at a time on PostgreSQL: tests/faults/test_kills.py
def test_every_letter_arrives_once(waiting: Crowd, smtp_server: RecordingSmtpServer) -> None:
    """One worker: each office gets each supporter's letter, as it was confirmed, once."""
    drain(waiting, smtp_server, later=timedelta(minutes=1))
    letters = waiting.letters()
    arrived = received(smtp_server.envelopes)
    assert waiting.states() == {"accepted": len(letters)}
    assert set(arrived) == set(letters)
    assert {len(copies) for copies in arrived.values()} == {1}
    for message_id, (_state, to, text) in letters.items():
        (one,) = arrived[message_id]
        assert one.rcpt_tos == (to,)
        assert body_of(one.content) == text


@pytest.mark.backends(*MOSTLY_POSTGRESQL)  # on SQLite: tests/faults/test_kills.py
def test_killed_workers_lose_nothing_and_hide_nothing(
    waiting: Crowd, smtp_server: RecordingSmtpServer, tmp_path: Path
) -> None:
    """Workers are killed at random moments, again and again.

    No letter is sent again where it may have arrived: it is `unclear`. When somebody has decided that
    those be sent all the same, none is missing, and each that arrived twice is one that was marked.
    """
    letters = waiting.letters()
    clock = {"REDRESS_TEST_NOW": (CONFIRMED_AT + timedelta(minutes=1)).isoformat()}
    environ = {**waiting.environ, **clock, "REDRESS_SMTP_URL": smtp_server.url}
    with Nursery(environ, tmp_path / "workers.log").running() as workers:
        kill_many(workers, smtp_server, len(letters))
    drain(waiting, smtp_server, later=timedelta(hours=1))

    arrived = received(smtp_server.envelopes)
    assert {len(copies) for copies in arrived.values()} == {1}
    states, unclear = waiting.states(), waiting.ever_unclear()
    assert states["unclear"] == len(unclear)
    assert states["accepted"] == len(letters) - len(unclear)
    assert {id_ for id_, (state, _to, _text) in waiting.letters().items() if state == "accepted"} <= set(
        arrived
    )
    assert waiting.broken_attempts() >= KILLS // 4, "the kills hardly ever met a worker at work"

    waiting.send_unclear_again(CONFIRMED_AT + timedelta(hours=2))
    drain(waiting, smtp_server, later=timedelta(hours=3))
    arrived = received(smtp_server.envelopes)
    assert waiting.states() == {"accepted": len(letters)}
    assert set(arrived) == set(letters)
    assert {id_ for id_, copies in arrived.items() if len(copies) > 1} <= unclear


def kill_many(workers: Nursery, smtp_server: RecordingSmtpServer, letters: int) -> None:
    """Start one worker after the other, and kill each at a random moment of a random mail."""
    chance = random.Random()
    for _ in range(KILLS):
        spared = len(smtp_server.envelopes) + chance.randint(1, 8)
        worker = workers.bear()
        smtp_server.wait_for(spared, timeout=30)
        time.sleep(chance.uniform(0, 0.04))
        workers.kill(worker)
        assert len(smtp_server.envelopes) < letters, "everything was delivered before the last kill"
