"""The worker's ways: batches, pauses, ends, and what it survives."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db, transaction
from app.delivery import beginning, causes, claims, journal, readiness
from app.delivery.beginning import DispatchCheck
from app.delivery.envelope import Envelope
from app.delivery.models import Delivery, WorkerProcess
from app.delivery.senders import channel, dialogue
from app.delivery.senders.base import Outcome
from app.errors import Unavailable
from tests.delivery.mails import NOON, attempts_of, make_envelope, queue, read, read_all, state_of, way_of
from tests.delivery.working import AWAY, TAKEN, FakeServer, drain, running, smtp_to, worker_for
from tests.faults.scripted_smtp import Fault, ScriptedServer
from tests.support.smtp import RecordingSmtpServer

HOUR = timedelta(hours=1)


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def states() -> list[str]:
    return [delivery.state for delivery in read_all()]


def trouble() -> str:
    db.session.rollback()  # each look is a request of its own
    return readiness.trouble()


def presences() -> list[WorkerProcess]:
    with db.sessionmaker() as session:
        return list(session.scalars(sa.select(WorkerProcess)))


def test_draining_delivers_what_is_due_now_and_ends(app_context: Flask) -> None:
    due = queue(range(45))
    (later,) = queue([100], now=NOON + HOUR)
    server = FakeServer()
    drain(app_context, server)
    assert {state_of(mail) for mail in due} == {"accepted"}
    assert [envelope.rcpt_to for envelope in server.taken] == [
        f"office{n}@offices.example" for n in range(45)
    ]
    assert state_of(later) == "queued"
    assert presences() == []


def test_bytes_message_id_and_date_are_the_same_at_every_attempt(
    app_context: Flask, smtp_server: RecordingSmtpServer
) -> None:
    envelope = make_envelope(7)
    (mail,) = queue([7])
    with ScriptedServer(Fault("after_dot", "4xx")).running() as unwell:
        received: list[bytes] = []
        unwell.taken = received
        drain(app_context, smtp_to(unwell.url))
    smtp_server.fail("DATA", "451 4.3.0 not now", times=1)
    drain(app_context, smtp_to(smtp_server.url), now=NOON + HOUR)
    drain(app_context, smtp_to(smtp_server.url), now=NOON + 2 * HOUR)
    (taken,) = smtp_server.envelopes
    assert taken.content == envelope.wire
    assert taken.message["Message-ID"] == envelope.message_id
    assert [attempt.code for attempt in attempts_of(mail)] == [451, 451, 250]
    assert way_of(mail) == ["queued", "sending", "deferred", "sending", "deferred", "sending", "accepted"]


def test_two_workers_share_the_work_and_send_nothing_twice(app_context: Flask) -> None:
    queue(range(120))

    def slowly(_envelope: Envelope) -> Outcome:
        time.sleep(0.002)
        return TAKEN

    servers = FakeServer(slowly), FakeServer(slowly)
    with running(*(worker_for(app_context, server) for server in servers)):
        wait_until(lambda: sum(len(server.taken) for server in servers) >= 120, 60)
        wait_until(lambda: set(states()) == {"accepted"})
    taken = [envelope.message_id for server in servers for envelope in server.taken]
    assert len(taken) == len(set(taken)) == 120
    assert all(server.taken for server in servers)


def test_a_mail_on_which_the_sender_breaks_is_quarantined_and_the_others_go_on(
    app_context: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    poison, *others = queue(range(5))

    def behave(envelope: Envelope) -> Outcome:
        if envelope.rcpt_to.startswith("office0@"):
            raise ZeroDivisionError(f"about {envelope.rcpt_to}")
        return TAKEN

    server = FakeServer(behave)
    for turn in range(4):
        drain(app_context, server, now=NOON + turn * timedelta(minutes=1))
    assert (state_of(poison), read(poison).reason) == ("held", causes.QUARANTINED)
    assert [attempt.outcome for attempt in attempts_of(poison)] == ["crashed"] * 3
    assert {state_of(mail) for mail in others} == {"accepted"}
    assert server.closed == 3, "after each break, as nobody knows what state it is in"
    assert caplog.text.count("unforeseen ZeroDivisionError in test_a_mail_on_which") == 3
    assert "office0" not in caplog.text


def test_a_mail_that_cannot_be_decrypted_is_quarantined_and_the_others_go_on(app_context: Flask) -> None:
    damaged, sound = queue(range(2))
    with transaction() as session:
        delivery = session.get_one(Delivery, damaged)
        delivery.wire_sealed = bytes(reversed(delivery.wire_sealed or b""))
    for turn in range(4):
        drain(app_context, FakeServer(), now=NOON + turn * timedelta(minutes=1))
    assert (state_of(damaged), state_of(sound)) == ("held", "accepted")


def each(look: Callable[[Delivery], str]) -> DispatchCheck:
    """Return what looks at each mail by itself."""
    return lambda _session, mails: [look(mail) for mail in mails]


def test_the_last_look_holds_what_should_not_leave_any_more(app_context: Flask) -> None:
    moved, sound = queue(range(2))
    server = FakeServer()
    drain(app_context, server, check=each(lambda mail: "office closed" if mail.id == moved else ""))
    assert (state_of(moved), read(moved).reason, state_of(sound)) == ("held", "office closed", "accepted")
    assert len(server.taken) == 1


def test_a_last_look_that_breaks_holds_the_mail_and_the_others_go_on(app_context: Flask) -> None:
    odd, sound = queue(range(2))
    drain(app_context, FakeServer(), check=each(lambda mail: str(1 // 0) if mail.id == odd else ""))
    assert (state_of(odd), state_of(sound)) == ("held", "accepted")


def test_a_server_that_is_away_costs_one_line_and_no_letter(
    app_context: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    queue(range(70))
    server = FakeServer(lambda _envelope: AWAY)
    drain(app_context, server)
    assert len(server.tried) == 3, "it is not tried for each letter"
    assert set(states()) == {"deferred"}
    assert caplog.text.count("the mail server cannot be used: nobody answers at connect") == 1
    server.behave = lambda _envelope: TAKEN
    drain(app_context, server, now=NOON + HOUR)
    assert set(states()) == {"accepted"}


def test_a_running_worker_waits_for_the_server_and_tells_when_it_is_back(
    app_context: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    away = threading.Event()
    away.set()
    server = FakeServer(lambda _envelope: AWAY if away.is_set() else TAKEN)
    with running(worker_for(app_context, server)):
        queue([0])
        wait_until(lambda: states() == ["deferred"])
        wait_until(lambda: trouble() == causes.SERVER_AWAY)
        away.clear()
        queue([1])
        wait_until(lambda: states().count("accepted") == 1)
        wait_until(lambda: trouble() == "")
    assert caplog.text.count("cannot be used") == 1
    assert caplog.text.count("the mail server can be used again") == 1


def test_told_to_stop_it_ends_what_is_in_hand_and_gives_back_the_rest(app_context: Flask) -> None:
    mails = queue(range(10))
    reached = threading.Event()
    go_on = threading.Event()

    def behave(_envelope: Envelope) -> Outcome:
        reached.set()
        go_on.wait(5)
        return TAKEN

    server = FakeServer(behave)
    with running(worker_for(app_context, server)) as stop:
        assert reached.wait(5)
        stop.set()
        go_on.set()
    assert [state_of(mail) for mail in mails] == ["accepted"] + ["queued"] * 9
    assert {read(mail).leased_by for mail in mails} == {None}
    assert presences() == []


@pytest.mark.parametrize(
    ("step", "state"), [("banner", "queued"), ("rcpt", "queued"), ("after_dot", "unclear")]
)
@pytest.mark.backends("sqlite")  # it is about waiting for a server
def test_told_to_stop_it_does_not_wait_out_a_silent_server(
    app_context: Flask, monkeypatch: pytest.MonkeyPatch, step: str, state: str
) -> None:
    monkeypatch.setattr(dialogue, "AT_THE_DOT", 0.3)
    monkeypatch.setattr(channel, "BEFORE_THE_DOT", 0.3)
    (mail,) = queue()
    with ScriptedServer(Fault(step, "timeout")).running() as server:  # type: ignore[arg-type]
        with running(worker_for(app_context, smtp_to(server.url, seconds=300))) as stop:
            assert server.struck.wait(5)
            begun = time.monotonic()
            stop.set()
        assert time.monotonic() - begun < 5
    assert state_of(mail) == state


def test_signs_of_life_go_on_while_it_waits_and_renew_its_leases(app_context: Flask) -> None:
    mails = queue(range(3))
    reached, go_on = threading.Event(), threading.Event()

    def behave(_envelope: Envelope) -> Outcome:
        reached.set()
        go_on.wait(5)
        return TAKEN

    with running(worker_for(app_context, FakeServer(behave))):
        assert reached.wait(5)
        with transaction() as session:
            session.execute(sa.update(WorkerProcess).values(seen_at=NOON - HOUR))
            session.execute(sa.update(Delivery).values(lease_until=NOON - HOUR))
        wait_until(lambda: all((read(mail).lease_until or NOON) > NOON for mail in mails))
        wait_until(lambda: [row.seen_at for row in presences()] == [NOON])
        assert readiness.workers_alive(now=NOON) == 1
        assert readiness.workers_alive(now=NOON + HOUR) == 0
        go_on.set()


class Broken(sa.exc.OperationalError):
    def __init__(self) -> None:
        super().__init__("statement", {}, Exception("the database is gone"))


@pytest.mark.parametrize("name", ["claims.claim", "beginning.begin", "journal.record"])
def test_a_database_that_is_away_for_a_while_is_waited_for(
    app_context: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (mail,) = queue()
    room = {"claims": claims, "beginning": beginning, "journal": journal}[name.partition(".")[0]]
    function = getattr(room, name.partition(".")[2])
    failures = iter([Broken(), Broken()])

    def failing(*arguments: object, **options: object) -> object:
        error = next(failures, None)
        if error is not None:
            raise error
        return function(*arguments, **options)

    monkeypatch.setattr(room, name.partition(".")[2], failing)
    server = FakeServer()
    drain(app_context, server)
    assert state_of(mail) == "accepted"
    assert len(server.taken) == 1
    assert caplog.text.count("the database cannot be used (Broken)") == 1
    assert caplog.text.count("the database can be used again") == 1


def test_without_the_database_the_dot_is_not_sent(
    app_context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mail,) = queue()

    def broken(*_arguments: object, **_options: object) -> bool:
        raise Broken

    monkeypatch.setattr(journal, "mark_dot_pending", broken)
    server = FakeServer()
    drain(app_context, server)
    assert (server.taken, server.dots_refused, state_of(mail)) == ([], 1, "queued")


def test_a_draining_worker_gives_up_waiting_with_a_sentence(
    app_context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_options: object) -> list[object]:
        raise Broken

    monkeypatch.setattr(claims, "claim", broken)
    with pytest.raises(Unavailable, match="stays in the queue"):
        drain(app_context, FakeServer())


@pytest.mark.backends("sqlite")  # PostgreSQL's rows lock one by one
def test_a_locked_database_is_waited_for(app_context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.database.BUSY_SECONDS", 0.1)
    (mail,) = queue()
    with running(worker_for(app_context, FakeServer())):
        with transaction():
            time.sleep(1)
        wait_until(lambda: state_of(mail) == "accepted")


def test_what_is_logged_tells_nothing_about_anybody(
    app_context: Flask, smtp_server: RecordingSmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    smtp_server.fail(
        "RCPT", "550 <office1@offices.example> is nobody here", address="office1@offices.example"
    )
    mails = queue(range(3))
    drain(app_context, smtp_to(smtp_server.url))
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("redress"))
    assert all(str(mail) in ours for mail in mails)
    for secret in ("office1", "offices.example", "A letter", "Dear office", "b+token"):
        assert secret not in ours


def test_a_worker_takes_over_at_once_what_a_dead_one_left(app_context: Flask) -> None:
    (mail,) = queue()
    claims.claim(worker=f"dead {uuid.uuid4()}", limit=1, now=NOON, lease=HOUR)
    drain(app_context, FakeServer())
    assert state_of(mail) == "accepted"
