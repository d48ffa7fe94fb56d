"""Pacing in the database: by domain, office and campaign, over several workers."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db, transaction
from app.delivery import claims
from app.delivery.breaker import Answer, note_answers
from app.delivery.limits import Limits, Wishes
from app.delivery.models import Attempt, Delivery
from app.delivery.pacing import PaceLane
from app.delivery.senders.base import Outcome
from tests.delivery.letters import queue_letters, some_letter
from tests.delivery.mails import NOON, queue, read, state_of
from tests.delivery.working import FakeServer, drain, running, worker_for
from tests.support.lengths import length

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
TWENTY = Limits(letters=20)

pytestmark = pytest.mark.usefixtures("app_context")


def minutes_of_attempts() -> list[int]:
    """Return how many attempts began in the first minute, the second, and so on."""
    with db.sessionmaker() as session:
        begun = session.scalars(sa.select(Attempt.started_at)).all()
    counted = Counter((at - NOON) // MINUTE for at in begun)
    return [counted[minute] for minute in range(max(counted) + 1)]


def test_five_hundred_letters_leave_in_the_right_minutes_over_two_workers(app_context: Flask) -> None:
    # Two workers with connections of their own and one clock between them, turned on by half a minute.
    count = length(60, 500)
    queue_letters(range(count), some_letter())
    server = FakeServer()
    instant = [NOON]
    both = [worker_for(app_context, server, limits=TWENTY, clock=lambda: instant[0]) for _ in range(2)]
    for half in range(2 * count // 20):
        instant[0] = NOON + half * MINUTE / 2
        threads = [
            threading.Thread(target=one.run, args=(threading.Event(),), kwargs={"drain": True})
            for one in both
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert minutes_of_attempts() == [20] * (count // 20)
    assert len({envelope.message_id for envelope in server.taken}) == len(server.taken) == count
    with db.sessionmaker() as session:
        scans = session.scalars(sa.select(sa.func.count()).where(Delivery.due_at.is_not(None))).one()
    assert scans == 0


def test_draining_does_not_wait_for_later_and_the_clock_decides(app_context: Flask) -> None:
    queue_letters(range(30), some_letter())
    server = FakeServer()
    drain(app_context, server, limits=TWENTY)
    assert len(server.taken) == 20
    drain(app_context, server, limits=TWENTY, now=NOON + MINUTE - timedelta(seconds=1))
    assert len(server.taken) == 20
    drain(app_context, server, limits=TWENTY, now=NOON + MINUTE)
    assert len(server.taken) == 30


def test_other_domains_and_our_own_mails_are_not_kept_waiting(app_context: Flask) -> None:
    of = some_letter()
    queue_letters(range(30), of)
    queue_letters(range(30, 40), of, domain="elsewhere.example")
    queue(range(40, 70))
    server = FakeServer()
    drain(app_context, server, limits=TWENTY)
    assert Counter(envelope.domain for envelope in server.taken) == {
        "offices.example": 20 + 30,
        "elsewhere.example": 10,
    }


def test_our_own_mails_have_a_cap_of_their_own(app_context: Flask) -> None:
    queue(range(30))
    server = FakeServer()
    drain(app_context, server, limits=Limits(letters=1, notices=25))
    assert len(server.taken) == 25
    with db.sessionmaker() as session:
        (key,) = session.scalars(sa.select(PaceLane.key))
    assert "example" not in key, "whose domain it is, nobody needs to know"


def test_what_waits_is_not_looked_at_again_and_who_comes_later_goes_behind(app_context: Flask) -> None:
    of = some_letter()
    mails = queue_letters(range(60), of)
    drain(app_context, FakeServer(), limits=TWENTY)
    assert [read(mail).due_at for mail in (mails[20], mails[40])] == [NOON + MINUTE, NOON + 2 * MINUTE]
    (late,) = queue_letters([60], of, now=NOON + MINUTE / 2)
    server = FakeServer()
    drain(app_context, server, limits=TWENTY, now=NOON + MINUTE)
    assert len(server.taken) == 20
    assert read(late).due_at == NOON + 3 * MINUTE


def test_a_day_without_workers_is_not_made_up_for(app_context: Flask) -> None:
    queue_letters(range(90), some_letter())
    server = FakeServer()
    drain(app_context, server, limits=TWENTY)
    for minute, sum_ in enumerate((40, 60, 80, 90)):
        drain(app_context, server, limits=TWENTY, now=NOON + DAY + minute * MINUTE)
        assert len(server.taken) == sum_


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_clock_that_jumps_by_a_day_lets_no_flood_out_and_closes_nothing(
    app_context: Flask, jump: timedelta
) -> None:
    of = some_letter()
    queue_letters(range(50), of)
    server = FakeServer()
    drain(app_context, server, limits=TWENTY)
    queue_letters(range(50, 90), of, now=NOON + jump)
    drain(app_context, server, limits=TWENTY, now=NOON + jump)
    assert len(server.taken) == 40
    drain(app_context, server, limits=TWENTY, now=NOON + jump + MINUTE)
    assert len(server.taken) == 60
    drain(app_context, server, limits=TWENTY, now=NOON + 3 * MINUTE + DAY)
    assert len(server.taken) == 80


def test_one_worker_at_a_time_speaks_with_a_domain(app_context: Flask) -> None:
    queue_letters(range(4), some_letter())
    lease = timedelta(minutes=2)
    first = claims.claim(worker="one", limit=2, now=NOON, lease=lease, limits=TWENTY)
    assert len(first) == 2
    assert claims.claim(worker="two", limit=2, now=NOON, lease=lease, limits=TWENTY) == []
    claims.release("one")
    soon = NOON + timedelta(seconds=2)
    assert len(claims.claim(worker="two", limit=9, now=soon, lease=lease, limits=TWENTY)) == 4


def wishing(**wishes: object) -> Limits:
    return Limits(wishes_of=lambda _recipient: Wishes(**wishes))  # type: ignore[arg-type]


def test_an_office_gets_no_more_a_day_than_it_wishes(app_context: Flask, offices: list[uuid.UUID]) -> None:
    limits = wishing(daily_limit=2)
    server = FakeServer()
    drain(app_context, server, limits=limits)
    assert len(server.taken) == 2
    drain(app_context, server, limits=limits, now=NOON + DAY)
    assert len(server.taken) == 4
    assert [state_of(mail) for mail in offices] == ["accepted"] * 4 + ["queued"]
    assert read(offices[4]).due_at == datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "second_day", "third_day"),
    [
        ("America/Los_Angeles", datetime(2026, 11, 22, 8, tzinfo=UTC), datetime(2026, 11, 23, 8, tzinfo=UTC)),
        # Midnight is in eight hours there, but two days' worth never leave within half a day.
        ("Asia/Yerevan", datetime(2026, 11, 22, 0, tzinfo=UTC), datetime(2026, 11, 22, 20, tzinfo=UTC)),
    ],
)
def test_an_offices_day_is_that_of_its_own_zone(
    app_context: Flask, offices: list[uuid.UUID], zone: str, second_day: datetime, third_day: datetime
) -> None:
    drain(app_context, FakeServer(), limits=wishing(daily_limit=2, zone=zone))
    assert [read(mail).due_at for mail in offices[2:]] == [second_day, second_day, third_day]


def test_letters_wait_for_office_hours_in_the_offices_own_zone(
    app_context: Flask, offices: list[uuid.UUID]
) -> None:
    limits = wishing(opens=9, closes=17, zone="America/New_York")
    server = FakeServer()
    drain(app_context, server, limits=limits)  # noon in UTC is seven in the morning there
    assert server.taken == []
    assert read(offices[0]).due_at == datetime(2026, 11, 21, 14, tzinfo=UTC)
    drain(app_context, server, limits=limits, now=datetime(2026, 11, 21, 14, tzinfo=UTC))
    assert len(server.taken) == 5


@pytest.mark.parametrize(
    ("opens", "closes", "at", "leaves"),
    [
        (9, 17, 12, 12),
        (9, 17, 17, 33),
        (9, 17, 8, 9),
        (22, 6, 23, 23),
        (22, 6, 5, 5),
        (22, 6, 6, 22),
        (8, 8, 3, 3),
    ],
)
def test_office_hours_may_span_midnight(opens: int, closes: int, at: int, leaves: int) -> None:
    day = datetime(2026, 11, 21, tzinfo=UTC)
    wishes = Wishes(opens=opens, closes=closes)
    assert wishes.opening(day + timedelta(hours=at)) == day + timedelta(hours=leaves)


@pytest.fixture
def offices(app_context: Flask) -> list[uuid.UUID]:
    """Five letters to one office."""
    from app.letters.models import Letter
    from app.recipients.models import Recipient

    of = some_letter()
    mails = queue_letters(range(5), of)
    with transaction() as session:
        recipient_id = session.scalars(sa.select(Recipient.id)).first()
        first = session.get_one(Letter, of[0])
        for place, mail in enumerate(mails):
            letter = first if not place else _like(first)
            session.add(letter)
            session.flush()
            session.execute(
                sa.update(Delivery)
                .where(Delivery.id == mail)
                .values(letter_id=letter.id, recipient_id=recipient_id)
            )
    return mails


def _like(letter: object) -> object:
    table = type(letter).__table__  # type: ignore[attr-defined]
    values = {column.key: getattr(letter, column.key) for column in table.columns}
    unique = {"id": uuid.uuid4(), "submission_key": uuid.uuid4()}
    hashes = {name: uuid.uuid4().bytes * 2 for name in ("confirm_token_hash", "page_token_hash")}
    values |= unique | hashes | {"reference": uuid.uuid4().hex[:8]}
    return type(letter)(**values)


def test_a_campaign_has_a_limit_by_the_hour(app_context: Flask) -> None:
    queue_letters(range(5), some_letter())
    server = FakeServer()
    limits = Limits(campaign=3)
    drain(app_context, server, limits=limits)
    assert len(server.taken) == 3
    drain(app_context, server, limits=limits, now=NOON + 60 * MINUTE)
    assert len(server.taken) == 5


@pytest.mark.parametrize(
    ("every", "own", "leave"), [(0, 2, 2), (3, 2, 2), (2, 3, 2), (3, None, 3), (0, None, 5)]
)
def test_of_a_campaigns_own_limit_and_that_of_all_the_smaller_one_counts(
    app_context: Flask, every: int, own: int | None, leave: int
) -> None:
    of = some_letter()
    queue_letters(range(5), of)
    server = FakeServer()
    drain(app_context, server, limits=Limits(campaign=every, letters=20, hourly_limit_of=lambda _id: own))
    assert len(server.taken) == leave


NOT_NOW = Outcome(kind="temporary", step="rcpt", code=451, reply="try later")
TAKEN = Outcome(kind="accepted", step="dot", code=250)


def lane() -> PaceLane:
    with db.sessionmaker() as session:
        return session.scalars(sa.select(PaceLane).where(PaceLane.key == "letters:offices.example")).one()


def test_a_temporary_refusal_gives_the_domain_a_rest(app_context: Flask) -> None:
    of = some_letter()
    queue_letters([0], of)
    drain(app_context, FakeServer(lambda _envelope: NOT_NOW), limits=TWENTY)
    rest = lane().rest_until
    assert rest is not None
    assert timedelta(seconds=11) < rest - NOON < timedelta(seconds=19)
    (mail,) = queue_letters([1], of)
    server = FakeServer()
    drain(app_context, server, limits=TWENTY)
    assert (server.taken, read(mail).due_at) == ([], rest)
    drain(app_context, server, limits=TWENTY, now=rest)
    assert len(server.taken) == 1
    assert lane().rest_until is None


def test_the_breaker_opens_lets_one_letter_try_and_closes(app_context: Flask) -> None:
    of = some_letter()
    limits = replace(TWENTY, letters=100)
    answers: Callable[[object], Outcome] = lambda envelope: (  # noqa: E731
        NOT_NOW if envelope.rcpt_to < "office13" else Outcome(kind="accepted", step="dot", code=250)  # type: ignore[attr-defined]
    )
    queue_letters(range(10, 40), of)
    drain(app_context, FakeServer(answers), limits=limits)
    shut = lane()
    # Three of thirty are not more than a tenth; one more is.
    assert (shut.is_open, shut.answers.count("4")) == (False, 3)
    queue_letters([110], of, now=NOON + MINUTE)
    drain(app_context, FakeServer(lambda _envelope: NOT_NOW), limits=limits, now=NOON + MINUTE)
    opened = lane()
    assert opened.is_open
    assert opened.rest_until is not None
    probing = opened.rest_until
    queue_letters(range(41, 45), of, now=NOON + MINUTE)
    failing = FakeServer(lambda _envelope: NOT_NOW)
    drain(app_context, failing, limits=limits, now=NOON + 2 * MINUTE)
    assert failing.tried == []
    drain(app_context, failing, limits=limits, now=probing)
    assert len(failing.tried) == 1, "half open: one letter tries"
    longer = lane()
    assert longer.rest_until is not None
    assert longer.rest_until - probing > (probing - NOON - MINUTE) * 1.2
    well = FakeServer()
    drain(app_context, well, limits=limits, now=longer.rest_until)
    assert len(well.taken) == 1
    assert not lane().is_open
    drain(app_context, well, limits=limits, now=longer.rest_until + 2 * MINUTE)
    assert len(well.taken) > 4


def test_what_was_claimed_before_the_breaker_opened_waits_with_the_others(app_context: Flask) -> None:
    of, tried = some_letter(), itertools.count()
    limits = replace(TWENTY, letters=100)
    queue_letters(range(20), of)
    drain(app_context, FakeServer(), limits=limits)
    mails = queue_letters(range(20, 40), of)
    (elsewhere,) = queue_letters([40], of, domain="elsewhere.example")
    server = FakeServer(
        lambda one: NOT_NOW if one.domain == "offices.example" and next(tried) < 10 else TAKEN
    )
    drain(app_context, server, limits=limits)
    assert len(server.tried) == 3 + 1, "the third refusal opens it; another domain is not concerned"
    opened = lane()
    assert (opened.is_open, opened.openings, opened.answers) == (True, 1, "+" * 20 + "444")
    assert opened.rest_until is not None
    assert opened.rest_until - NOON < 7 * MINUTE
    assert [state_of(mail) for mail in mails] == ["deferred"] * 3 + ["queued"] * 17
    assert state_of(elsewhere) == "accepted"
    assert all((due := read(mail).due_at) is not None and due >= opened.rest_until for mail in mails[3:])
    assert all(read(mail).attempt_count == 0 for mail in mails[3:]), "they were never tried"


def test_letters_in_hand_as_the_breaker_opened_neither_close_it_nor_prolong_its_rest(
    app_context: Flask,
) -> None:
    def answer(outcome: Outcome) -> None:
        with transaction() as session:
            note_answers(session, [Answer("offices.example", outcome, NOON, jitter=0.5)])

    for outcome in [TAKEN] * 20 + [NOT_NOW] * 3:
        answer(outcome)
    opened = lane()
    assert opened.is_open
    for outcome in (TAKEN, NOT_NOW):  # of workers that had begun theirs before
        answer(outcome)
    after = lane()
    assert after.is_open
    assert (after.openings, after.rest_until, after.answers) == (1, opened.rest_until, opened.answers)


def test_workers_that_go_on_keep_the_pace_too(app_context: Flask) -> None:
    queue_letters(range(30), some_letter())
    server = FakeServer()
    begun = time.monotonic()
    # It goes on: who waits for the other's connection to the domain to be over gets its turn.
    clock = lambda: NOON + timedelta(seconds=time.monotonic() - begun)  # noqa: E731
    both = [worker_for(app_context, server, limits=TWENTY, clock=clock) for _ in range(2)]
    with running(*both):
        deadline = begun + 20
        while len(server.taken) < 20 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
    assert len(server.taken) == 20
