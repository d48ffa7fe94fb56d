"""Each step of SMTP × each way to go wrong: the right end state, and never a second copy.

The worker is the real one, with its time-outs cut short; the server is scripted. After the fault
the server is well again, and the mail is tried once more if anything but a person may decide so.
"""

from __future__ import annotations

import contextlib
import random
import socketserver
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import get_args

import pytest
from flask import Flask

from app.database import transaction
from app.delivery.envelope import Envelope
from app.delivery.models import Delivery
from app.delivery.processes import this_process
from app.delivery.senders.base import Outcome, SenderFactory
from app.delivery.senders.server import SmtpServer
from app.delivery.senders.smtp import SmtpSender
from app.delivery.worker import Worker
from tests.delivery.mails import NOON, attempts_of, queue, state_of
from tests.faults.scripted_smtp import Fault, ScriptedServer, Step, Way, deaf_port
from tests.support.ports import HOST, free_port

STEPS = get_args(Step)
WAYS = get_args(Way)
SHORT = 0.2

SESSION = dict.fromkeys(WAYS, "deferred")
COMMAND = {**SESSION, "5xx": "failed"}
EXPECTED: dict[str, dict[str, str]] = {
    # The server is unwell: it says nothing about the mail.
    "connect": SESSION,
    "banner": SESSION,
    "ehlo": SESSION,
    "starttls": SESSION,
    "auth": SESSION,
    # A clear no is the end of it; everything else is tried again.
    "mail": COMMAND,
    "rcpt": COMMAND,
    "data": COMMAND,
    "text": COMMAND,
    # A server that goes silent here is not noticed before the dot is out.
    "before_dot": {**COMMAND, "timeout": "unclear"},
    # The one moment where nobody can know.
    "after_dot": {
        "4xx": "deferred",
        "5xx": "failed",
        "timeout": "unclear",
        "disconnect": "unclear",
        "garbage": "unclear",
    },
    "quit": dict.fromkeys(WAYS, "accepted"),
}
LONG = "A line of a long letter, to be cut off in its middle somewhere.\r\n" * 80_000


@dataclass
class StrikingSender:
    """Lets the server strike between our mark and the dot, the one place that it cannot see."""

    sender: SmtpSender
    server: ScriptedServer

    def send(self, *, envelope: Envelope, before_dot: Callable[[], bool]) -> Outcome:
        def marked_then_struck() -> bool:
            marked = before_dot()
            self.server.break_before_dot()
            return marked

        return self.sender.send(envelope=envelope, before_dot=marked_then_struck)

    def close(self) -> None:
        self.sender.close()


def smtp(url: str, *, seconds: float = SHORT) -> SmtpServer:
    server = SmtpServer.parse(url, greeting="site.example")
    return replace(server, timeouts=server.timeouts.at_most(seconds))


def drain(app: Flask, senders: SenderFactory, *, now: datetime = NOON) -> None:
    """Let a real worker deliver what is due at an instant."""
    worker = Worker(
        app=app,
        senders=senders,
        name=f"worker {random.random()}",
        process=this_process(),
        now=lambda: now,
        chance=random.Random(1),
    )
    worker.run(threading.Event(), drain=True)


def striking(server: ScriptedServer, url: str) -> SenderFactory:
    return lambda hurry: StrikingSender(SmtpSender(smtp(url), hurry=hurry), server)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.backends("sqlite")  # what is journalled is the same on both; this is about servers
def test_each_step_and_way(app_context: Flask, step: Step, way: Way) -> None:
    offers = {"starttls": ("STARTTLS",), "auth": ("AUTH PLAIN",)}.get(step, ())
    sign_in = "user:password@" if step == "auth" else ""
    (mail,) = queue()
    if step == "text":
        _make_long(mail)
    with ScriptedServer(Fault(step, way), offers=offers, slow_to_read=step == "text").running() as server:
        url = server.url.replace("://", f"://{sign_in}")
        drain(app_context, striking(server, url))
        assert state_of(mail) == EXPECTED[step][way]
        took_it_unseen = step == "after_dot" and way in {"timeout", "disconnect", "garbage"}
        assert len(server.taken) == (1 if took_it_unseen or step == "quit" else 0)
        (attempt,) = attempts_of(mail)
        assert attempt.ended_at is not None

    with ScriptedServer().running() as well:
        drain(
            app_context,
            lambda hurry: SmtpSender(smtp(well.url, seconds=5), hurry=hurry),
            now=NOON + timedelta(hours=1),
        )
        tried_again = EXPECTED[step][way] == "deferred"
        assert len(well.taken) == (1 if tried_again else 0)
        assert state_of(mail) == ("accepted" if tried_again else EXPECTED[step][way])


def _make_long(mail: uuid.UUID) -> None:
    """Give a mail so much text that no buffer holds it: a server that stops reading is noticed."""
    with transaction() as session:
        delivery = session.get_one(Delivery, mail)
        delivery.wire = (delivery.wire or b"") + LONG.encode()


@pytest.mark.backends("sqlite")
def test_a_port_that_does_not_answer_at_all(app_context: Flask) -> None:
    (mail,) = queue()
    with deaf_port() as port:
        drain(app_context, lambda hurry: SmtpSender(smtp(f"smtp://127.0.0.1:{port}"), hurry=hurry))
    assert state_of(mail) == "deferred"
    (attempt,) = attempts_of(mail)
    assert (attempt.step, attempt.reply) == ("connect", "nobody answers")


class Dripping(socketserver.StreamRequestHandler):
    """Says a little now and then, and never anything whole."""

    drop = b""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(self.drop)
                time.sleep(0.05)


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("drop", [b"2", b"250-more\r\n"])
def test_a_server_that_drips_is_given_no_more_time_than_one_that_is_silent(
    app_context: Flask, drop: bytes
) -> None:
    queue()
    port = free_port()
    handler = type("Handler", (Dripping,), {"drop": drop})
    with socketserver.ThreadingTCPServer((HOST, port), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        begun = time.monotonic()
        drain(app_context, lambda hurry: SmtpSender(smtp(f"smtp://{HOST}:{port}"), hurry=hurry))
        assert time.monotonic() - begun < 3
        server.shutdown()
