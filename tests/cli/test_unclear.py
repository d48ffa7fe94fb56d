"""What is unclear is settled by a relay's log where that tells; nothing is ever sent again by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from app import clock
from app.cli.chores import look_up
from app.database import db, transaction
from app.delivery import causes
from app.delivery.models import Delivery
from app.letters.resolving import Resolved, resolve_unclear
from app.recipients.models import Contact
from tests.cli.conftest import Run
from tests.delivery.test_relay_log import BOUNCED, DEFERRED, SENT, line
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies, write_and_confirm
from tests.factories.recipients import OfficeFactory


@pytest.fixture
def unclear(app_context: Flask) -> list[str]:
    """Four unclear letters to as many offices, and one that was accepted; their lines in a log."""
    write_and_confirm(store_campaign([OfficeFactory.build() for _office in range(5)]))
    with transaction() as session:
        values = {"state": "unclear", "due_at": None}
        session.execute(update(Delivery).where(Delivery.kind == "letter").values(values))
        session.execute(update(Delivery).where(Delivery.position == 4).values(state="accepted", due_at=None))
    taken, gone, tried, silent, known = (copy.message_id for copy in copies())
    lines = []
    for place, (message_id, rest) in enumerate(
        [(taken, SENT), (gone, BOUNCED), (tried, DEFERRED), (silent, ""), (known, BOUNCED)]
    ):
        lines.append(line("cleanup", f"4AAAA{place}", f"message-id={message_id}"))
        lines += [line("smtp", f"4AAAA{place}", rest)] if rest else []
    return lines


def test_only_what_the_log_tells_is_settled(unclear: list[str]) -> None:
    now = clock.now()
    assert resolve_unclear(unclear[:2], now=now) == Resolved(taken=1, came_back=0, left=3)
    assert resolve_unclear(unclear, now=now) == Resolved(taken=1, came_back=1, left=1)
    assert resolve_unclear(unclear, now=now) == Resolved(taken=0, came_back=0, left=1)
    assert [copy.state for copy in copies()] == ["accepted", "bounced", "accepted", "unclear", "accepted"]
    assert copies()[0].reason == causes.FOUND_IN_LOG
    # As by a bounce: the address that does not exist is suspended.
    assert [db.session.get_one(Contact, copy.contact_id).status for copy in copies()[:2]] == [
        "active",
        "suspended",
    ]


def test_the_command_and_the_worker_look_it_up(
    command: Run, environ: dict[str, str], unclear: list[str], tmp_path: Path
) -> None:
    first, second = tmp_path / "mail.log.1", tmp_path / "mail.log"
    first.write_text("".join(unclear[:1]))
    second.write_text("".join(unclear[1:3]) + "\udcff\n", errors="surrogateescape")
    ended = command("unclear", "resolve", "--log", str(first), "--log", str(second), environ=environ)
    assert (ended.status, ended.out) == (1, "1 were taken, 0 came back, 3 are left unclear.\n")
    look_up(tmp_path / "nowhere")
    second.write_text("".join(unclear))
    look_up(second)
    assert [copy.state for copy in copies()] == ["accepted", "bounced", "accepted", "unclear", "accepted"]
