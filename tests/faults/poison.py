"""A letter on which its sender breaks: quarantined after the third time, and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update

from app.database import db, transaction
from app.delivery import causes
from app.delivery.models import Delivery
from tests.delivery.mails import NOON, attempts_of, queue, read, read_all
from tests.faults.finding import Finding, Place, copies, judge_mails
from tests.support.nursery import Nursery
from tests.support.smtp import Failure, RecordingSmtpServer, Stage

MAILS = 16
POISON = 5
TURNS = 8
"""Workers that are started one after the other, a minute apart by their clocks: more than it should take."""
CONNECTIONS = (1, 4)


@dataclass
class DeadlyServer(RecordingSmtpServer):
    """A server at which whoever names one recipient meets their end."""

    end: Callable[[], None] = lambda: None

    def failure_at(self, stage: Stage, recipients: list[str]) -> Failure | None:
        if stage == "RCPT" and recipients == [f"office{POISON}@offices.example"]:
            self.end()
        return super().failure_at(stage, recipients)


def poison(place: Place, count: int) -> Finding:
    """Let the worker's process die on a letter, and let it raise; with one connection and with several."""
    finding = Finding(note="its worker dies of it, and: it cannot be opened; 1 and 4 connections")
    ways = [(deadly, connections) for deadly in (True, False) for connections in CONNECTIONS]
    for deadly, connections in ways[:count]:
        finding.count += 1
        one_poison(place, finding, deadly=deadly, connections=connections)
    return finding


def one_poison(place: Place, finding: Finding, *, deadly: bool, connections: int) -> None:
    """Let letters be delivered of which one is poison, and look at what became of them."""
    with transaction() as session:  # nothing of the way before
        session.execute(delete(Delivery))
    mails = queue(range(MAILS))
    if not deadly:
        with transaction() as session:
            spoilt = {"wire_sealed": b"no longer what was sealed"}
            session.execute(update(Delivery).where(Delivery.id == mails[POISON]).values(spoilt))
    with DeadlyServer().running() as server:
        assert isinstance(server, DeadlyServer)
        variables = {"REDRESS_SMTP_URL": server.url, "REDRESS_SMTP_CONNECTIONS": str(connections)}
        with Nursery(place.environ | variables, place.folder / "workers.log").running() as nursery:
            if deadly:
                server.end = lambda: [nursery.kill(child) for child in list(nursery.children)] and None
            for turn in range(TURNS):
                instant = (NOON + turn * timedelta(minutes=1)).isoformat()
                nursery.wait(nursery.bear("--drain", f"REDRESS_TEST_NOW={instant}"))
                if {mail.state for mail in read_all()} <= {"accepted", "unclear", "held"}:
                    break
        taken = copies(server)
    row, attempts = read(mails[POISON]), attempts_of(mails[POISON])
    how = f"{'deadly' if deadly else 'broken'}, {connections} connections"
    finding.promise((row.state, row.reason) == ("held", causes.QUARANTINED), f"{how}: it is {row.state}")
    crashes = [attempt.outcome for attempt in attempts]
    finding.promise(crashes == ["crashed"] * 3, f"{how}: its attempts are {crashes}")
    with db.sessionmaker() as session:
        held = session.scalars(select(Delivery.id).where(Delivery.state == "held")).all()
    finding.promise(set(held) <= {mails[POISON]}, f"{how}: {len(held) - 1} others were quarantined with it")
    judge_mails(finding, taken, others=frozenset({"held"}))
