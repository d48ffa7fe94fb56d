"""The stop switch: asked in the claim, before the attempt, and before the dot."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db
from app.delivery import beginning, claims, stops
from app.delivery.envelope import Envelope
from app.delivery.limits import Limits
from app.delivery.models import Attempt, Delivery
from app.delivery.senders.base import Outcome
from app.recipients.models import Recipient
from app.security.audit import AuditEntry
from tests.delivery.letters import queue_letters, some_letter
from tests.delivery.mails import NOON, attempts_of, queue, read, state_of
from tests.delivery.working import TAKEN, FakeServer, drain

LEASE = timedelta(minutes=2)
LATER = NOON + timedelta(seconds=10)

pytestmark = pytest.mark.usefixtures("app_context")


def stop_site(*, notices: bool = False) -> bool:
    return stops.stop("site", reason="a mistake in the text", actor="test", now=NOON, notices=notices)


def test_a_stop_of_the_site_keeps_letters_back_and_lets_our_own_mails_go(app_context: Flask) -> None:
    (letter,) = queue_letters([0], some_letter())
    (notice,) = queue([1])
    stop_site()
    drain(app_context, FakeServer())
    assert (state_of(letter), state_of(notice)) == ("queued", "accepted")
    assert stops.resume("site", actor="test", now=NOON)
    drain(app_context, FakeServer())
    assert state_of(letter) == "accepted"


def test_if_wished_it_keeps_our_own_mails_back_too(app_context: Flask) -> None:
    (notice,) = queue()
    stop_site()
    assert stop_site(notices=True), "the wider stop takes the place of the other"
    assert not stop_site(notices=True)
    drain(app_context, FakeServer())
    assert state_of(notice) == "queued"


def test_stopping_a_campaign_or_an_office_leaves_the_others_alone(app_context: Flask) -> None:
    of = some_letter()
    with db.sessionmaker() as session:
        office = session.scalars(sa.select(Recipient.id)).first()
    (theirs,) = queue_letters([0], of, recipient_id=office)
    (of_another_office,) = queue_letters([1], of)
    other_campaign = (of[0], uuid.uuid4())
    (of_another_campaign,) = queue_letters([2], other_campaign)
    assert office is not None
    stops.stop("office", office, reason="they asked for it", actor="test", now=NOON)
    stops.stop("campaign", other_campaign[1], reason="a wrong fact", actor="test", now=NOON)
    drain(app_context, FakeServer())
    mails = (theirs, of_another_office, of_another_campaign)
    assert [state_of(mail) for mail in mails] == ["queued", "accepted", "queued"]


def test_a_letter_that_an_older_version_queued_is_delivered_and_stopped_with_the_site(
    app_context: Flask,
) -> None:
    of = some_letter()
    (old,) = queue_letters([0], (of[0], None))  # type: ignore[arg-type]
    stops.stop("campaign", of[1], reason="", actor="test", now=NOON)
    stop_site()
    drain(app_context, FakeServer(), limits=Limits(letters=20, campaign=5))
    assert state_of(old) == "queued"
    stops.resume("site", actor="test", now=NOON)
    drain(app_context, FakeServer(), limits=Limits(letters=20, campaign=5))
    assert state_of(old) == "accepted"


def test_what_was_claimed_before_the_stop_is_given_back_unbegun(app_context: Flask) -> None:
    (letter,) = queue_letters([0], some_letter())
    (one,) = claims.claim(worker="one", limit=1, now=NOON, lease=LEASE)
    stop_site()
    assert beginning.begin(one, now=NOON) is None
    assert (state_of(letter), read(letter).leased_by, attempts_of(letter)) == ("queued", None, [])


def test_a_stop_found_before_the_dot_puts_the_letter_back_and_nothing_left(app_context: Flask) -> None:
    mails = queue_letters(range(3), some_letter())

    def behave(_envelope: Envelope) -> Outcome:
        stop_site()  # the text is out, the dot is not
        return TAKEN

    server = FakeServer(behave)
    drain(app_context, server)
    assert (server.taken, server.dots_refused) == ([], 1)
    assert [state_of(mail) for mail in mails] == ["queued"] * 3
    with db.sessionmaker() as session:
        assert session.scalars(sa.select(Attempt.outcome)).all() == ["withheld"]
    stops.resume("site", actor="test", now=NOON)
    well = FakeServer()
    drain(app_context, well, now=LATER)
    assert len(well.taken) == 3


def test_lifting_a_stop_floods_nobody(app_context: Flask) -> None:
    limits = Limits(letters=20)
    queue_letters(range(70), some_letter())
    drain(app_context, FakeServer(), limits=limits)
    stop_site()
    later = NOON + timedelta(hours=3)
    drain(app_context, FakeServer(), limits=limits, now=later)
    stops.resume("site", actor="test", now=later)
    server = FakeServer()
    drain(app_context, server, limits=limits, now=later)
    assert len(server.taken) == 20


@pytest.mark.parametrize("how", [stop_site, lambda: stops.resume("site", actor="test", now=NOON)])
def test_stopping_and_lifting_are_audited_once(app_context: Flask, how: Callable[[], bool]) -> None:
    if how is not stop_site:
        stop_site()
    assert how()
    assert not how(), "a second time changes nothing"
    with db.sessionmaker() as session:
        last = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert last is not None
    assert last.action == ("delivery.stopped" if how is stop_site else "delivery.resumed")
    assert last.detail["scope"] == "site"


def test_stops_that_are_on_are_listed_with_their_reason(app_context: Flask) -> None:
    assert stops.all_stops() == []
    stop_site()
    (row,) = stops.all_stops()
    assert (row.scope, row.reason, row.since, row.by) == ("site", "a mistake in the text", NOON, "test")
    assert db.session.scalars(sa.select(Delivery)).all() == []
