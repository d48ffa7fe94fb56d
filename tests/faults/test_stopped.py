"""A run that is stopped in its middle: real workers, a real server, and not a letter too many or too few.

The short form of the promise; REDRESS_SOAK=1 makes it a thousand letters.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask

from app.clock import now
from app.delivery import stops
from tests.delivery.letters import queue_letters, some_letter
from tests.delivery.mails import read_all
from tests.support.lengths import MOSTLY_SQLITE, length
from tests.support.nursery import Nursery
from tests.support.smtp import RecordingSmtpServer

LETTERS = length(120, 1000)
WORKERS = 2
GRACE = length(1, 5)
"""Seconds that a stop may take."""


@pytest.fixture
def nursery(environ: dict[str, str], smtp_server: RecordingSmtpServer, tmp_path: Path) -> Nursery:
    return Nursery(environ | {"REDRESS_SMTP_URL": smtp_server.url}, tmp_path / "workers.log")


@pytest.mark.backends(*MOSTLY_SQLITE)  # several at once on PostgreSQL: test_paced.py
def test_a_run_stopped_in_its_middle_ends_at_exactly_as_many_as_were_written(
    app_context: Flask, nursery: Nursery, smtp_server: RecordingSmtpServer
) -> None:
    queue_letters(range(LETTERS), some_letter(), now=now())
    with nursery.running():
        workers = [nursery.bear() for _ in range(WORKERS)]
        smtp_server.wait_for(LETTERS * 2 // 5, timeout=60)
        stops.stop("site", reason="a wrong figure", actor="test", now=now())
        at_the_stop = len(smtp_server.envelopes)
        time.sleep(GRACE)
        after_grace = len(smtp_server.envelopes)
        time.sleep(GRACE)
        at_rest = len(smtp_server.envelopes)
        assert at_the_stop < LETTERS, "it was over before it was stopped"
        assert at_rest - after_grace <= WORKERS, "one more for each connection at most"
        assert set(states()) == {"accepted", "queued"}
        assert states()["accepted"] == at_rest
        stops.resume("site", actor="test", now=now())
        smtp_server.wait_for(LETTERS, timeout=120)
        wait_until_settled()
        for worker in workers:
            nursery.kill(worker)
    print(
        f"\n{LETTERS} letters, {WORKERS} workers: {at_the_stop} at the stop, {after_grace} after {GRACE} s,"
        f" {at_rest} after {2 * GRACE} s, {len(smtp_server.envelopes)} in the end"
    )
    copies = Counter(str(taken.message["Message-ID"]) for taken in smtp_server.envelopes)
    assert len(copies) == sum(copies.values()) == LETTERS
    assert "Traceback" not in nursery.output


def states() -> Counter[str]:
    return Counter(delivery.state for delivery in read_all() if delivery.kind == "letter")


def wait_until_settled() -> None:
    deadline = time.monotonic() + 20
    while set(states()) != {"accepted"}:
        assert time.monotonic() < deadline, states()
        time.sleep(0.1)
