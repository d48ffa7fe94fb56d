"""Each step of SMTP × each way to go wrong: what is to come of it, how it is tried, and the table of it."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import get_args

import sqlalchemy as sa
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
from tests.faults.finding import Finding, Place
from tests.faults.scripted_smtp import Fault, ScriptedServer, Step, Way

STEPS = get_args(Step)
WAYS = get_args(Way)
SHORT = 0.3

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


def drain(app: Flask, senders: SenderFactory, *, now: datetime = NOON, connections: int = 1) -> None:
    """Let a real worker deliver what is due at an instant."""
    worker = Worker(
        app=app,
        senders=senders,
        name=f"worker {random.random()}",
        process=this_process(),
        now=lambda: now,
        chance=random.Random(1),
        connections=connections,
    )
    worker.run(threading.Event(), drain=True)


def striking(server: ScriptedServer, url: str, seconds: float) -> SenderFactory:
    return lambda hurry: StrikingSender(SmtpSender(smtp(url, seconds=seconds), hurry=hurry), server)


@dataclass(frozen=True)
class Seen:
    """What came of mails at one cell.

    Args:
        states: after the fault.
        taken: how many mails the unwell server has taken.
        attempts: how many attempts there were, ended or not; `ended` is how many have ended.
        finally_states: after an hour, with a server that is well.
        taken_then: how many mails that one has taken.
    """

    states: list[str]
    taken: int
    attempts: int
    ended: int
    finally_states: list[str]
    taken_then: int


def expected(step: str, way: str, mails: int = 1) -> Seen:
    """Return what is to come of mails at a cell."""
    state = EXPECTED[step][way]
    took_it_unseen = step == "after_dot" and way in {"timeout", "disconnect", "garbage"}
    again = state == "deferred"
    return Seen(
        states=[state] * mails,
        taken=mails if took_it_unseen or step == "quit" else 0,
        attempts=mails,
        ended=mails,
        finally_states=["accepted" if again else state] * mails,
        taken_then=mails if again else 0,
    )


def try_cell(app: Flask, step: Step, way: Way, *, connections: int = 1) -> Seen:
    """Send a mail for each connection to a server that is unwell, and an hour later to one that is well.

    Their Message-IDs must be new: cells may be tried one after the other in one database.
    """
    offers = {"starttls": ("STARTTLS",), "auth": ("AUTH PLAIN",)}.get(step, ())
    sign_in = "user:password@" if step == "auth" else ""
    with transaction() as session:  # nothing of the cell before
        session.execute(sa.delete(Delivery))
    mails = queue(range(connections))
    if step == "text":
        for mail in mails:
            make_long(mail)
    slow = step == "text"
    seconds = SHORT if way == "timeout" else 5.0  # a busy machine is not a server that says nothing
    with ScriptedServer(
        Fault(step, way), offers=offers, slow_to_read=slow, sessions=connections
    ).running() as server:
        url = server.url.replace("://", f"://{sign_in}")
        drain(app, striking(server, url, seconds), connections=connections)
        states, taken = [state_of(mail) for mail in mails], len(server.taken)
        attempts = [attempt for mail in mails for attempt in attempts_of(mail)]
    with ScriptedServer().running() as well:
        drain(
            app,
            lambda hurry: SmtpSender(smtp(well.url, seconds=5), hurry=hurry),
            now=NOON + timedelta(hours=1),
            connections=connections,
        )
        return Seen(
            states=states,
            taken=taken,
            attempts=len(attempts),
            ended=sum(attempt.ended_at is not None for attempt in attempts),
            finally_states=[state_of(mail) for mail in mails],
            taken_then=len(well.taken),
        )


def make_long(mail: uuid.UUID) -> None:
    """Give a mail so much text that no buffer holds it: a server that stops reading is noticed."""
    with transaction() as session:
        delivery = session.get_one(Delivery, mail)
        delivery.wire = (delivery.wire or b"") + LONG.encode()


CONNECTIONS = (1, 4)
CELLS = len(STEPS) * len(WAYS) * len(CONNECTIONS)
WORDS = {
    "before_dot": "before the dot",
    "after_dot": "after the dot",
    "starttls": "STARTTLS",
    "timeout": "no answer",
    "disconnect": "disconnect",
    **{step: step.upper() for step in ("ehlo", "auth", "mail", "rcpt", "data", "quit")},
}
"""What steps and ways are called in the table, where it is not their own name."""


def every_cell(place: Place, count: int) -> Finding:
    """Try every cell, with one connection and with several; in this process, as some strike in the worker."""
    finding = Finding(note="the worker itself, a thread of this program; 1 and 4 connections")
    for step in STEPS:
        for way in WAYS:
            for connections in CONNECTIONS:
                seen, right = (
                    try_cell(place.app, step, way, connections=connections),
                    expected(step, way, connections),
                )
                finding.count += 1
                finding.unclear += seen.finally_states.count("unclear")
                finding.lost += seen.taken + seen.taken_then < right.taken + right.taken_then
                finding.twice += seen.taken + seen.taken_then > connections
                finding.promise(seen == right, f"{step}, {way}, {connections} connections: {seen}")
    finding.promise(finding.count == count, f"{finding.count} cells, not {count}")
    return finding


def table() -> str:
    """Return the matrix as a table in Markdown."""
    said = ["| " + " | ".join(["step", *(WORDS.get(way, way) for way in WAYS)]) + " |"]
    said.append("|---" * (len(WAYS) + 1) + "|")
    rows = ([WORDS.get(step, step), *(EXPECTED[step][way] for way in WAYS)] for step in STEPS)
    said.extend("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join(said)
