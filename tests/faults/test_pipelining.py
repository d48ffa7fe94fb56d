"""Commands sent at once (RFC 2920) or one by one: errors end the same, and sessions stay in step."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from flask import Flask

from tests.delivery.mails import NOON, attempts_of, queue, state_of
from tests.delivery.working import drain, smtp_to
from tests.faults.scripted_smtp import Fault, ScriptedServer, Step, Way
from tests.faults.smtp_matrix import EXPECTED
from tests.support.smtp import RecordingSmtpServer

pytestmark = pytest.mark.backends("sqlite")  # what is journalled is the same on both; this is about servers
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("way", get_args(Way))
@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_one_by_one_it_ends_as_it_does_at_once(app_context: Flask, step: Step, way: Way) -> None:
    (mail,) = queue()
    with ScriptedServer(Fault(step, way), pipelining=False).running() as server:
        drain(app_context, smtp_to(server.url, seconds=0.2))
        assert state_of(mail) == EXPECTED[step][way]
        (attempt,) = attempts_of(mail)
        assert attempt.step == step
        assert server.taken == []


def test_a_refused_recipient_leaves_the_session_in_step(
    app_context: Flask, smtp_server: RecordingSmtpServer
) -> None:
    mails = queue(range(3))
    smtp_server.fail("RCPT", "550 5.7.1 never", times=1)
    drain(app_context, smtp_to(smtp_server.url))
    assert [state_of(mail) for mail in mails] == ["failed", "accepted", "accepted"]
    assert [taken.message["Message-ID"] for taken in smtp_server.envelopes] == [
        "<letter-1@site.example>",
        "<letter-2@site.example>",
    ]


def test_a_text_that_a_server_waits_for_in_vain_never_ends(app_context: Flask) -> None:
    # It refuses the recipient and still answers DATA with 354 (RFC 2920 §3.1): nothing may pass for a text.
    first, second = queue(range(2))
    with ScriptedServer(Fault("rcpt", "5xx")).running() as server:
        drain(app_context, smtp_to(server.url))
        assert (state_of(first), state_of(second)) == ("failed", "failed")
        assert server.taken == []
        server.fault = None
        (third,) = queue([2], now=NOON + HOUR)
        drain(app_context, smtp_to(server.url), now=NOON + HOUR)
        assert state_of(third) == "accepted"
        assert len(server.taken) == 1
