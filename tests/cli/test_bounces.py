"""`redress bounces`: from standard input, a Maildir, and a mail server that speaks LMTP."""

from __future__ import annotations

import contextlib
import smtplib
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from app.cli import bounces
from app.database import transaction
from app.delivery.envelope import bounce_address
from app.delivery.lmtp import LmtpServer
from app.delivery.models import Delivery
from tests.cli.conftest import Run
from tests.delivery.bounces.corpus import ANSWERS, AUTOMATIC, REPORTS
from tests.delivery.mails import queue, state_of
from tests.support.ports import HOST, free_port

Taken = list[tuple[uuid.UUID, str]]
"""Mails, each with its bounce address."""
Give = Callable[[bytes], None]
GONE, FULL = REPORTS[0], next(sample for sample in REPORTS if sample.name == "mailbox full")


@pytest.fixture
def taken(app_context: Flask) -> Taken:
    """Mails that were taken, with their bounce addresses."""
    mails = queue(range(3))
    with transaction() as session:
        session.execute(update(Delivery).values(state="accepted", due_at=None))
    return [(mail, bounce_address(mail)) for mail in mails]


def states(taken: Taken) -> list[str]:
    return [state_of(mail) for mail, _address in taken]


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Give]:
    """Hand bytes to what reads standard input."""
    with contextlib.ExitStack() as files:

        def give(raw: bytes) -> None:
            path = tmp_path / "input"
            path.write_bytes(raw)
            monkeypatch.setattr(
                "sys.stdin", files.enter_context(path.open(encoding="ascii", errors="ignore"))
            )

        yield give


def test_one_message_on_standard_input(
    command: Run, environ: dict[str, str], taken: Taken, standard_input: Give
) -> None:
    _mail, address = taken[0]
    for expected in ("came back", "known", "known"):
        standard_input(GONE.sent_to(address))
        ended = command("bounces", "read", environ=environ)
        assert (ended.status, ended.err) == (0, "")
        assert expected in ended.out
    standard_input(b"")
    assert command("bounces", "read", environ=environ).status == 0
    standard_input(FULL.sent_to("somebody@elsewhere.example"))
    assert command("bounces", "read", "--recipient", taken[1][1], environ=environ).status == 0
    assert states(taken) == ["bounced", "bounced", "accepted"]


def test_what_is_in_hand_comes_again(
    command: Run, environ: dict[str, str], taken: Taken, standard_input: Give
) -> None:
    with transaction() as session:
        session.execute(update(Delivery).values(state="sending"))
    standard_input(GONE.sent_to(taken[0][1]))
    ended = command("bounces", "read", environ=environ)
    assert (ended.status, ended.out) == (75, "")
    assert "come again" in ended.err


def test_a_maildir_is_read_once(command: Run, environ: dict[str, str], taken: Taken, tmp_path: Path) -> None:
    folder = tmp_path / "bounces"
    (folder / "new").mkdir(parents=True)
    (folder / "new" / "1.a").write_bytes(GONE.sent_to(taken[0][1]))
    (folder / "new" / "2.b").write_bytes(AUTOMATIC[0].sent_to(taken[1][1]))
    (folder / "new" / "3.c").symlink_to("/etc/hostname")
    (folder / "new" / "4.d").mkdir()
    ended = command("bounces", "read", "--maildir", str(folder), environ=environ)
    assert ended.status == 0
    assert states(taken) == ["bounced", "accepted", "accepted"]
    assert sorted(path.name for path in (folder / "cur").iterdir()) == ["1.a:2,S", "2.b:2,S"]
    assert sorted(path.name for path in (folder / "new").iterdir()) == ["3.c", "4.d"]
    assert command("bounces", "read", "--maildir", str(folder), environ=environ).out == ""


@pytest.fixture
def lmtp(app: Flask) -> Iterator[smtplib.LMTP]:
    """A mail server's connection to our listener."""
    server = LmtpServer(
        receive=lambda raw, to: bounces._reply(app, raw, to),
        is_ours=lambda to: bounces._is_ours(app, to),
        longest=200_000,
    )
    stop, ready, ports = threading.Event(), threading.Event(), []

    def tell(port: int) -> None:
        ports.append(port)
        ready.set()

    thread = threading.Thread(target=server.run, args=(HOST, free_port(), stop), kwargs={"ready": tell})
    thread.start()
    assert ready.wait(10)
    with smtplib.LMTP(HOST, ports[0], local_hostname="mx.example") as client:
        yield client
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def data(client: smtplib.LMTP, recipients: list[str], raw: bytes) -> list[tuple[int, bytes]]:
    """Hand a message over; return the reply for each recipient that was taken."""
    client.mail("")
    accepted = [code for code in (client.rcpt(address)[0] for address in recipients) if code == 250]
    client.putcmd("data")
    assert client.getreply()[0] == 354
    client.send(raw.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
    return [client.getreply() for _recipient in accepted]


def test_a_mail_server_gets_an_answer_for_each_recipient(lmtp: smtplib.LMTP, taken: Taken) -> None:
    lmtp.ehlo_or_helo_if_needed()
    first, second, third = (address for _mail, address in taken)
    replies = data(lmtp, [first, second.upper(), "letters@elsewhere.example"], GONE.sent_to(first))
    assert [code for code, _text in replies] == [250, 250]
    assert states(taken) == ["bounced", "bounced", "accepted"]
    forged = third[:20] + ("a" if third[20] != "a" else "b") + third[21:]
    for address, raw in (
        (forged, GONE.sent_to(third)),
        (first, GONE.sent_to(first)),
        (third, b"\x00.\r\n..\xff"),
    ):
        assert [code for code, _text in data(lmtp, [address], raw)] == [250]
    assert [code for code, _text in data(lmtp, [first, third], b"x: y\r\n" + b"a" * 300_000)] == [552, 552]
    assert states(taken) == ["bounced", "bounced", "accepted"]
    # A long line is read all the same, and the connection still serves.
    long = FULL.sent_to(third).replace(b"552 no room left", b"552 " + b"no room " * 2000)
    assert [code for code, _text in data(lmtp, [third], long)] == [250]
    assert states(taken) == ["bounced", "bounced", "bounced"]
    assert lmtp.docmd("EHLO", "mx.example")[0] == 500


def test_what_cannot_be_dealt_with_now_stays_with_the_mail_server(lmtp: smtplib.LMTP, taken: Taken) -> None:
    lmtp.ehlo_or_helo_if_needed()
    with transaction() as session:
        session.execute(update(Delivery).values(state="sending"))
    address = taken[0][1]
    assert [code for code, _text in data(lmtp, [address], GONE.sent_to(address))] == [451]
    assert [code for code, _text in data(lmtp, [address], ANSWERS[0].sent_to(address))] == [250]


@pytest.mark.backends("sqlite")  # what it says and when it ends, not what it does
def test_the_listener_ends_when_it_is_told_to(environ: dict[str, str], app: Flask) -> None:
    line = [sys.executable, "-m", "app.cli", "bounces", "serve", "--port", str(free_port())]
    with subprocess.Popen(line, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "LMTP on 127.0.0.1" in process.stdout.readline()
        process.terminate()
        assert process.wait(15) == 0
