"""An office that gets its letters together: one mail, each letter whole, and with a way of its own."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from flask import Flask
from sqlalchemy import delete

from app.database import db, transaction
from app.delivery import beginning, claims, gathering, journal
from app.delivery.envelope import Envelope, bounce_address
from app.delivery.gathering import digest_of
from app.delivery.limits import Wishes
from app.delivery.models import Delivery
from app.delivery.outbox import queue_again
from app.delivery.senders.base import Outcome, SenderFactory
from app.delivery.takeover import take_over
from app.letters.bouncing import receive
from app.letters.digests import compose_digest, left_as
from app.letters.dispatch import reasons_to_hold
from app.letters.expecting import expectations
from app.letters.resolving import Resolved, resolve_unclear
from app.letters.wishes import limits_of
from tests.delivery.bounces.corpus import ANSWERS, CORPUS
from tests.delivery.mails import NOON, attempts_of, take_back
from tests.delivery.test_relay_log import SENT, line
from tests.delivery.working import QUICK, TAKEN, FakeServer, smtp_to, worker_for
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies, write_and_confirm
from tests.factories.recipients import OfficeFactory
from tests.support.plugins.database import AppFactory
from tests.support.smtp import RecordingSmtpServer

NINE = datetime(2026, 11, 22, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FULL = next(sample for sample in CORPUS if sample.name == "mailbox full")


def confirm_letters(slug: str, count: int, *, now: datetime = NOON) -> str:
    """Write and confirm letters, forget our own mails, and return the token of the last one's page."""
    token = [write_and_confirm(slug, now=now) for _letter in range(count)][-1]
    with transaction() as session:
        session.execute(delete(Delivery).where(Delivery.kind == "notice"))
    return token


@pytest.fixture
def slug(app_context: Flask) -> str:
    """A campaign to one office that gets its letters together, with three letters, confirmed at noon."""
    slug = store_campaign([OfficeFactory.build(rhythm="digest")])
    confirm_letters(slug, 3)
    return slug


def send(
    app: Flask,
    server: SenderFactory,
    *,
    now: datetime,
    connections: int = 1,
    workers: int = 1,
    batch: int = 20,
) -> None:
    """Let workers deliver what is due at an instant."""
    made = [
        worker_for(
            app,
            server,
            now=now,
            check=reasons_to_hold,
            limits=limits_of(app.config["REDRESS_SETTINGS"]),
            gather=compose_digest,
            connections=connections,
            pace=replace(QUICK, batch=batch),
        )
        for _worker in range(workers)
    ]
    drained = {"drain": True}
    threads = [threading.Thread(target=one.run, args=(threading.Event(),), kwargs=drained) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    db.session.rollback()


def sent_at_nine(app: Flask, server: FakeServer, *, workers: int = 1, batch: int = 20) -> list[Envelope]:
    """Let the letters wait for their hour, as they must, and return what was taken at that hour."""
    send(app, server, now=NOON + MINUTE)
    assert server.tried == []
    assert {copy.due_at for copy in copies()} == {NINE}
    send(app, server, now=NINE, workers=workers, batch=batch)
    return server.taken


def states() -> Counter[str]:
    return Counter(copy.state for copy in copies())


def messages_in(mail: bytes) -> list[bytes]:
    """Return the messages in a digest as a stranger finds them: by the boundary alone."""
    parsed = message_from_bytes(mail, policy=policy.SMTP)
    _cover, digest = parsed.iter_parts()
    assert (parsed.get_content_type(), digest.get_content_type()) == ("multipart/mixed", "multipart/digest")
    parts = mail.split(b"\r\n--" + digest.get_boundary().encode())[1:-1]
    assert all(part.get_content_type() == "message/rfc822" for part in digest.iter_parts())
    return [part.partition(b"\r\n\r\n")[2] for part in parts]


@pytest.mark.parametrize("workers", [1, 2])
def test_all_letters_of_a_day_leave_in_one_mail_each_to_the_byte(
    app_context: Flask, slug: str, workers: int
) -> None:
    (mail,) = sent_at_nine(app_context, FakeServer(), workers=workers, batch=2)
    sent = copies()
    assert sorted(messages_in(mail.wire)) == sorted(copy.wire or b"" for copy in sent)
    assert len({copy.message_id for copy in sent}) == 3
    assert states() == {"accepted": 3}
    assert [len(attempts_of(copy.id)) for copy in sent] == [1, 1, 1]
    (digest_id,) = {copy.digest_id for copy in sent}
    assert digest_id is not None
    assert mail.mail_from == bounce_address(digest_id)
    assert mail.message_id == left_as("<own@site.example>", digest_id)
    cover = message_from_bytes(mail.wire, policy=policy.default)
    assert cover["From"].addresses[0].username == "letters"
    assert cover["Auto-Submitted"] is None
    body = cover.get_body(("plain",))
    assert body is not None
    assert "3 letters" in body.get_content()
    confirm_letters(slug, 2, now=NINE + MINUTE)
    server = FakeServer()
    send(app_context, server, now=NINE + 2 * MINUTE)
    assert server.tried == [], "there is one mail a day"
    send(app_context, server, now=NINE + timedelta(days=1))
    assert len(server.taken) == 1
    assert states() == {"accepted": 5}


def test_a_real_server_gets_each_letter_to_the_byte(
    app_context: Flask, slug: str, smtp_server: RecordingSmtpServer
) -> None:
    send(app_context, FakeServer(), now=NOON + MINUTE)
    send(app_context, smtp_to(smtp_server.url), now=NINE)
    (mail,) = smtp_server.envelopes
    assert sorted(messages_in(mail.content)) == sorted(copy.wire or b"" for copy in copies())
    assert states() == {"accepted": 3}


def test_a_letter_without_company_leaves_by_itself(app_context: Flask) -> None:
    confirm_letters(store_campaign([OfficeFactory.build(rhythm="digest")]), 1)
    (mail,) = sent_at_nine(app_context, FakeServer())
    (copy,) = copies()
    assert (mail.wire, mail.mail_from, copy.digest_id) == (copy.wire, bounce_address(copy.id), None)


def test_offices_have_mails_of_their_own_over_several_connections(app_context: Flask) -> None:
    offices = [OfficeFactory.build(rhythm=rhythm) for rhythm in ("digest", "digest", "single")]
    confirm_letters(store_campaign(offices), 3)
    server = FakeServer()
    send(app_context, server, now=NOON + MINUTE, connections=4)
    assert len(server.taken) == 3, "one office gets each letter by itself"
    send(app_context, server, now=NINE, connections=4)
    assert len({mail.rcpt_to for mail in server.taken[3:]}) == len(server.taken[3:]) == 2
    assert states() == {"accepted": 9}


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_who_takes_a_letter_back_at_the_last_moment_stops_the_mail_and_the_others_leave_without(
    app_context: Flask, slug: str
) -> None:
    def behave(_envelope: Envelope) -> Outcome:
        if states()["sending"] == 3:
            assert take_back(copies()[0].id, now=NINE)
        return TAKEN

    server = FakeServer(behave)
    assert sent_at_nine(app_context, server) == []
    assert (server.dots_refused, states()) == (1, {"cancelled": 1, "queued": 2})
    send(app_context, server, now=NINE + MINUTE)
    (mail,) = server.taken
    left = [copy.wire or b"" for copy in copies() if copy.state == "accepted"]
    assert sorted(messages_in(mail.wire)) == sorted(left)
    assert states() == {"cancelled": 1, "accepted": 2}


def test_after_not_now_a_new_letter_joins(app_context: Flask, slug: str) -> None:
    not_now = Outcome(kind="temporary", step="dot", code=451)
    sent_at_nine(app_context, FakeServer(lambda _envelope: not_now))
    assert states() == {"deferred": 3}
    confirm_letters(slug, 1, now=NINE + MINUTE)
    server = FakeServer()
    send(app_context, server, now=NINE + 2 * MINUTE)
    (mail,) = server.taken
    assert len(messages_in(mail.wire)) == 4
    assert states() == {"accepted": 4}
    assert sorted(len(attempts_of(copy.id)) for copy in copies()) == [1, 2, 2, 2]


@pytest.mark.parametrize(("kind", "state"), [("permanent", "failed"), ("unclear", "unclear")])
def test_what_becomes_of_the_mail_becomes_of_all_in_it(
    app_context: Flask, slug: str, kind: str, state: str
) -> None:
    outcome = Outcome(kind=kind, step="dot", code=None if kind == "unclear" else 554)  # type: ignore[arg-type]
    sent_at_nine(app_context, FakeServer(lambda _envelope: outcome))
    assert states() == {state: 3}
    server = FakeServer()
    send(app_context, server, now=NINE + timedelta(days=2))
    assert server.tried == []


def test_what_is_sent_again_goes_into_the_next_digest(app_context: Flask, slug: str) -> None:
    sent_at_nine(app_context, FakeServer(lambda _envelope: Outcome(kind="unclear", step="dot")))
    with transaction() as session:
        for copy in copies()[:2]:
            again = session.get_one(Delivery, copy.id)
            queue_again(session, again, now=NINE + MINUTE, cause="send it again", actor="an organizer")
    server = FakeServer()
    send(app_context, server, now=NINE + 2 * MINUTE)
    assert server.tried == []
    send(app_context, server, now=NINE + timedelta(days=1))
    assert len(messages_in(server.taken[0].wire)) == 2
    assert states() == {"accepted": 2, "unclear": 1}


@pytest.mark.parametrize(("at_the_dot", "state"), [(True, "unclear"), (False, "queued")])
@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_a_lost_worker_leaves_all_of_them_alike(
    app_context: Flask, slug: str, at_the_dot: bool, state: str
) -> None:
    send(app_context, FakeServer(), now=NOON + MINUTE)
    limits = limits_of(app_context.config["REDRESS_SETTINGS"])
    found = claims.claim(worker="lost", limit=1, now=NINE, lease=MINUTE, limits=limits)
    assert len({one.together for one in found}) == 1
    assert len(found) == 3
    begun = [beginning.begin(one, now=NINE, check=reasons_to_hold) for one in found]
    in_hand = [one for one in begun if one is not None]
    beginning.note_digest(in_hand, digest_of([one.delivery_id for one in in_hand]))
    if at_the_dot:
        assert journal.mark_dot_pending(*in_hand, now=NINE)
    take_over(now=NINE + MINUTE / 2, is_alive=lambda _process: None)
    assert states() == {state: 3}
    server = FakeServer()
    send(app_context, server, now=NINE + MINUTE)
    # One of them may be what breaks workers: they are tried one by one.
    assert len(server.taken) == (0 if at_the_dot else 3)


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_all_are_marked_or_none(app_context: Flask, slug: str) -> None:
    send(app_context, FakeServer(), now=NOON + MINUTE)
    limits = limits_of(app_context.config["REDRESS_SETTINGS"])
    found = claims.claim(worker="one", limit=1, now=NINE, lease=MINUTE, limits=limits)
    in_hand = [one for claim in found if (one := beginning.begin(claim, now=NINE)) is not None]
    assert take_back(in_hand[1].delivery_id, now=NINE)
    assert not journal.mark_dot_pending(*in_hand, now=NINE)
    assert [attempts_of(one.delivery_id)[0].dot_pending_at for one in in_hand] == [None] * 3
    assert take_back(in_hand[0].delivery_id, now=NINE), "before the dot"


def test_a_letter_that_must_be_held_is_left_out(app_context: Flask, slug: str) -> None:
    send(app_context, FakeServer(), now=NOON + MINUTE)
    with transaction() as session:
        session.get_one(Delivery, copies()[0].id).text = "To somebody else\n\nDear Sir"
    server = FakeServer()
    send(app_context, server, now=NINE)
    assert len(messages_in(server.taken[0].wire)) == 2
    assert states() == {"held": 1, "accepted": 2}


def test_a_letter_that_cannot_be_opened_harms_no_other(app_context: Flask, slug: str) -> None:
    send(app_context, FakeServer(), now=NOON + MINUTE)
    with transaction() as session:
        session.get_one(Delivery, copies()[0].id).wire_sealed = b"broken"
    server = FakeServer()
    for minute in range(4):
        send(app_context, server, now=NINE + minute * MINUTE)
    assert states() == {"held": 1, "accepted": 2}
    assert len(server.taken) == 1


def test_what_comes_back_came_back_for_all(app_context: Flask, slug: str) -> None:
    sent_at_nine(app_context, FakeServer())
    digest_id = copies()[0].digest_id
    assert digest_id is not None
    answer = ANSWERS[0].sent_to(bounce_address(digest_id))
    assert not receive(answer, now=NINE + MINUTE).changed, "nobody gets what may quote another's letter"
    forged = FULL.sent_to(bounce_address(digest_id)[:-20] + "aaa" + bounce_address(digest_id)[-17:])
    assert not receive(forged, now=NINE + MINUTE).changed
    assert receive(FULL.sent_to(bounce_address(digest_id)), now=NINE + MINUTE).changed
    assert states() == {"bounced": 3}
    assert not receive(FULL.sent_to(bounce_address(digest_id)), now=NINE + MINUTE).changed
    assert not receive(FULL.sent_to(bounce_address(uuid.uuid4())), now=NINE + MINUTE).changed


def test_a_relays_log_settles_all_of_them(app_context: Flask, slug: str) -> None:
    sent_at_nine(app_context, FakeServer(lambda _envelope: Outcome(kind="unclear", step="dot")))
    known_as = left_as(None, copies()[0].digest_id)
    log = [line("cleanup", "4AAAA1", f"message-id={known_as}"), line("smtp", "4AAAA1", SENT)]
    assert resolve_unclear(log, now=NINE + MINUTE) == Resolved(taken=3, came_back=0, left=0)
    assert states() == {"accepted": 3}


def test_its_writer_reads_that_the_office_gets_them_together(app_context: Flask, slug: str) -> None:
    with app_context.test_request_context():
        token = confirm_letters(slug, 1)
        (said,) = expectations(token, now=NOON).values()
        assert said == "This office gets its letters once a day, together."
        send(app_context, FakeServer(), now=NOON + MINUTE)
        (said,) = expectations(token, now=NOON + MINUTE).values()
        assert said == "This office gets its letters once a day, together. It should leave in about 21 hours."


@pytest.mark.parametrize(
    ("wishes", "now", "expected"),
    [
        (Wishes(digest=True), NOON, NINE),
        (Wishes(digest=True), NINE, NINE + timedelta(days=1)),
        (Wishes(digest=True, zone="Asia/Yerevan"), NOON, NINE - timedelta(hours=4)),
        (Wishes(digest=True, opens=15, closes=17), NOON, NOON + timedelta(hours=3)),
        (Wishes(digest=True, opens=8, closes=12, zone="America/New_York"), NOON, NOON + timedelta(hours=1)),
    ],
)
def test_the_hour_is_the_offices_own(wishes: Wishes, now: datetime, expected: datetime) -> None:
    assert wishes.next_digest(now) == expected


def test_what_is_more_than_one_mail_carries_makes_another(
    app_context: Flask, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MOST", 2)
    mails = sent_at_nine(app_context, FakeServer())
    assert len(mails) == 2
    assert states() == {"accepted": 3}


def test_a_digest_is_one_letter_to_its_domain_and_the_offices_daily_limit_says_nothing(
    app_factory: AppFactory,
) -> None:
    app = app_factory(REDRESS_PACE_DOMAIN="1")
    with app.app_context():
        offices = [OfficeFactory.build(rhythm="digest", daily_limit=1) for _office in range(2)]
        confirm_letters(store_campaign(offices), 3)
        server = FakeServer()
        send(app, server, now=NOON + MINUTE)
        taken = []
        for minute in range(2):
            send(app, server, now=NINE + minute * MINUTE)
            taken.append(len(server.taken))
        assert taken == [1, 2]
        assert [len(messages_in(mail.wire)) for mail in server.taken] == [3, 3]
        assert states() == {"accepted": 6}
