"""The supporter's page: where each copy is, and taking back what has not left."""

from __future__ import annotations

from functools import partial
from typing import get_args

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.database import transaction
from app.delivery import causes
from app.delivery.models import STATES, Delivery, StateChange
from app.errors import NotFound
from app.letters.confirming import page_token
from app.letters.counting import tally
from app.letters.deciding import (
    CANCELLED,
    GIVEN_UP,
    TAKEN_BACK,
    TIME_OVER,
    TOLD,
    TWICE,
    UNSUBMITTED,
)
from app.letters.dispatch import STUCK
from app.letters.following import follow, withdraw
from app.letters.freezing import LEFT_CAMPAIGN
from app.letters.models import Letter
from app.letters.standing import Mood, standing_of
from tests.factories.campaigns import store_campaign
from tests.factories.deliveries import bring_to
from tests.factories.letters import WriterFactory, copies, write_and_confirm, write_and_find_token
from tests.factories.recipients import OfficeFactory
from tests.factories.storage import everything
from tests.factories.threads import at_once
from tests.support.client import CheckingClient


def bring(slug: str, *states: str) -> None:
    """Bring the copy to an office from state to state, as a worker would."""
    from app.recipients.models import Recipient

    with transaction() as session:
        copy = session.scalars(sa.select(Delivery).join(Recipient).where(Recipient.slug == slug)).one()
        for state in states:
            bring_to(session, copy, state, now=clock.now())


def three_offices() -> str:
    return store_campaign([OfficeFactory.build(slug=name) for name in ("first", "second", "third")])


def test_the_page_shows_every_copy_in_the_order_of_the_campaign(app_context: Flask) -> None:
    now = clock.now()
    page = follow(write_and_confirm(three_offices(), now=now), "en")
    assert [copy.slug for copy in page.copies] == ["first", "second", "third"]
    assert page.confirmed_at == now
    assert {copy.when for copy in page.copies} == {now}
    assert page.can_withdraw
    assert all(copy.label and copy.standing.what and copy.standing.next for copy in page.copies)
    assert "".join(segment.text for segment in page.copies[0].segments) == copies()[0].text


def test_every_state_has_words_that_do_not_claim_too_much(app_context: Flask) -> None:
    with app_context.test_request_context():
        standings = {state: standing_of(state) for state in STATES}
    assert all(standing.mood in get_args(Mood) for standing in standings.values())
    # The mail server took it: nobody knows whether it arrived (promises.md, Deliverability).
    told = standings["accepted"]
    assert "delivered" not in f"{told.label} {told.what} {told.next}".casefold()
    labels = [standing.label for standing in standings.values()]
    assert len(labels) == len(set(labels))


def test_a_letter_that_was_not_confirmed_has_no_page(app_context: Flask) -> None:
    write_and_find_token(three_offices())
    with pytest.raises(NotFound):
        follow(_page_token_of_the_letter(), "en")
    with pytest.raises(NotFound):
        withdraw(_page_token_of_the_letter(), only=None, now=clock.now())


def _page_token_of_the_letter() -> str:
    from app.database import db

    db.session.rollback()
    return page_token(db.session.scalars(sa.select(Letter)).one())


def test_what_has_not_left_is_taken_back_and_what_has_left_stays(app_context: Flask) -> None:
    token = write_and_confirm(three_offices())
    bring("first", "sending", "accepted")
    bring("second", "deferred")
    assert withdraw(token, only=None, now=clock.now()) == 2
    page = follow(token, "en")
    assert {copy.slug: copy.state for copy in page.copies} == {
        "first": "accepted",
        "second": "cancelled",
        "third": "cancelled",
    }
    assert page.state == "withdrawn"
    assert not page.can_withdraw
    last = [_last_change(copy) for copy in copies()[1:]]
    assert {change.actor for change in last} == {"supporter"}


def _last_change(copy: Delivery) -> StateChange:
    from app.database import db

    changes = sa.select(StateChange).where(StateChange.delivery_id == copy.id)
    return db.session.scalars(changes.order_by(StateChange.number.desc())).first() or StateChange()


def test_one_copy_can_be_taken_back_alone(app_context: Flask) -> None:
    token = write_and_confirm(three_offices())
    assert withdraw(token, only="second", now=clock.now()) == 1
    assert [copy.state for copy in follow(token, "en").copies] == ["queued", "cancelled", "queued"]
    assert withdraw(token, only="nowhere", now=clock.now()) == 0
    assert follow(token, "en").state == "confirmed"


def test_taking_back_twice_changes_nothing_the_second_time(app_context: Flask) -> None:
    token = write_and_confirm(three_offices())
    assert withdraw(token, only=None, now=clock.now()) == 3
    before = everything()
    assert withdraw(token, only=None, now=clock.now()) == 0
    assert everything() == before


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_four_who_take_back_at_once_take_each_copy_back_once(app_context: Flask) -> None:
    token = write_and_confirm(three_offices())
    taken = at_once(4, app_context, partial(withdraw, token, only=None, now=clock.now()))
    assert sum(taken) == 3


def test_only_confirmed_letters_count_and_one_mailbox_is_one_person(app_context: Flask) -> None:
    slug = three_offices()
    write_and_find_token(slug)
    write_and_confirm(slug, writer=WriterFactory.build(email="me@people.example", country="FR"))
    write_and_confirm(slug, writer=WriterFactory.build(email="ME+again@people.example", country="FR"))
    gone = write_and_confirm(slug, writer=WriterFactory.build(country="AM"))
    withdraw(gone, only=None, now=clock.now())
    counted = tally(_campaign_id(slug))
    assert (counted.letters, counted.people, counted.countries) == (6, 1, 1)


def test_letters_of_another_campaign_do_not_count(app_context: Flask) -> None:
    one, other = three_offices(), store_campaign()
    write_and_confirm(one)
    assert tally(_campaign_id(other)).letters == 0
    assert tally(_campaign_id(one)).letters == 3


def _campaign_id(slug: str) -> object:
    from app.campaigns.models import Campaign
    from app.database import db

    db.session.rollback()
    return db.session.scalars(sa.select(Campaign.id).where(Campaign.slug == slug)).one()


def test_every_cause_of_an_end_has_words_of_its_own(app_context: Flask) -> None:
    ends = [
        *(("failed", cause) for cause in (causes.REFUSED, causes.GAVE_UP, GIVEN_UP)),
        *(("failed", cause) for cause in (causes.NEEDS_SMTPUTF8, causes.NEEDS_8BIT)),
        *(("cancelled", cause) for cause in (TAKEN_BACK, CANCELLED, f"{TOLD}because", TWICE, UNSUBMITTED)),
        *(("cancelled", cause) for cause in (TIME_OVER, LEFT_CAMPAIGN)),
        *(("held", cause) for cause in (STUCK, causes.QUARANTINED)),
    ]
    with app_context.test_request_context():
        told = {end: standing_of(*end) for end in ends}
    assert len({standing.what for standing in told.values()}) == len(ends)
    assert all(standing.next for standing in told.values())
    # Nobody reads that they took back what an organizer cancelled.
    assert [end for end, standing in told.items() if standing.label == "Taken back"] == [
        ("cancelled", TAKEN_BACK)
    ]
    assert "four days" in told["failed", causes.GAVE_UP].what


@pytest.mark.backends("sqlite")
def test_the_page_says_as_a_whole_what_became_of_a_letter(app_context: Flask, client: CheckingClient) -> None:
    offices = [OfficeFactory.build(slug=slug) for slug in ("one", "two")]
    token = write_and_confirm(store_campaign(offices))

    def says(one: str, two: str) -> str:
        both = [copy.id for copy in copies()]
        with transaction() as session:
            for copy_id, state in zip(both, (one, two), strict=True):
                row = session.get_one(Delivery, copy_id)
                row.state, row.due_at = state, row.created_at if state == "queued" else None
        return client.get(f"/letters/{token}").text.partition("<h1>")[2].partition("</h1>")[0]

    assert says("queued", "accepted") == "Thank you. Your letter is on its way."
    assert says("accepted", "failed") == "Thank you. Your letter has left."
    assert says("failed", "bounced") == "Your letter did not arrive"
    assert says("held", "accepted") == "Thank you. Part of your letter has left."
    assert says("held", "cancelled") == "Thank you. Your letter is kept, and waits."
    assert says("cancelled", "cancelled") == "Your letter was not sent"
