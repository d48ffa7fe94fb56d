"""Each step of SMTP × each way to go wrong: the right end state, and never a second copy.

The worker is the real one, with its time-outs cut short; the server is scripted. After the fault
the server is well again, and the mail is tried once more if anything but a person may decide so.
"""

from __future__ import annotations

import contextlib
import itertools
import socketserver
import threading
import time

import pytest
from flask import Flask

from app.delivery.senders.smtp import SmtpSender
from tests.delivery.mails import attempts_of, queue, state_of
from tests.faults.scripted_smtp import Step, deaf_port
from tests.faults.smtp_matrix import STEPS, WAYS, drain, expected, smtp, table, try_cell
from tests.support.lengths import SOAK
from tests.support.ports import HOST, free_port
from tests.support.processes import ROOT

CELLS = list(itertools.product(("connect", "rcpt", "before_dot", "after_dot"), WAYS))
SEVERAL = CELLS if SOAK else CELLS[::3]  # each step and each way, but not each with each
BEGIN, END = "<!-- when the mail server fails -->\n", "\n<!-- to here -->"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.backends("sqlite")  # what is journalled is the same on both; this is about servers
def test_each_step_and_way(app_context: Flask, step: Step) -> None:
    for way in WAYS:
        assert try_cell(app_context, step, way) == expected(step, way), way


@pytest.mark.backends("sqlite")  # the other steps with several connections: make faults
def test_several_connections_that_go_wrong_at_once(app_context: Flask) -> None:
    for step, way in SEVERAL:
        assert try_cell(app_context, step, way, connections=4) == expected(step, way, 4), (step, way)


def test_the_table_in_the_readme_is_the_one_that_is_tested() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.partition(BEGIN)[2].partition(END)[0] == table()


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
