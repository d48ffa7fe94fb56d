"""What is deleted, when, and that nothing else is (promises.md, "Personal data")."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.database import db, transaction
from app.delivery.models import Delivery
from app.letters.confirming import confirm
from app.letters.counting import tally
from app.letters.following import follow
from app.letters.models import Letter
from app.letters.retention import Purged, purge
from app.supporters.models import Supporter
from tests.factories.campaigns import days_from, store_campaign
from tests.factories.deliveries import bring_to
from tests.factories.letters import (
    WriterFactory,
    copies,
    notices,
    write_and_confirm,
    write_and_find_token,
    write_letter,
)
from tests.factories.recipients import ContactFactory, OfficeFactory
from tests.factories.storage import counts, everything, raw_bytes
from tests.support.plugins.database import TimeTravel

NOTHING = Purged(0, 0, 0, 0, 0)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
MARKERS = ["PLANTEDNAME", "plantedmail", "PLANTEDWORDS", "PLANTEDCITY", "PLANTEDTITLE"]


def marked_letter(**other: str) -> dict[str, object]:
    """Return a draft in which everything personal can be found again."""
    person = {
        "name": "PLANTEDNAME Writer",
        "email": "plantedmail@people.example",
        "city": "PLANTEDCITY",
        "title": "PLANTEDTITLE",
    }
    return {"writer": WriterFactory.build(**person | other), "personal_message": "PLANTEDWORDS of mine."}


def deliver_all(now: datetime, *states: str) -> None:
    """Bring whatever waits in the queue from state to state."""
    with transaction() as session:
        for delivery in session.scalars(sa.select(Delivery).where(Delivery.state == "queued")):
            for state in states or ("sending", "accepted"):
                bring_to(session, delivery, state, now=now)


def readable() -> str:
    """Return all that the installation can still read of letters and their writers."""
    db.session.rollback()
    people = [
        [row.name, row.email, row.title, row.city, row.affiliation, row.region, row.postal_code]
        for row in db.session.scalars(sa.select(Supporter))
    ]
    letters = [row.personal_message for row in db.session.scalars(sa.select(Letter))]
    mails = [(row.text, row.wire, row.subject, row.envelope_to) for row in [*copies(), *notices()]]
    return repr((people, letters, mails))


def test_on_an_empty_or_fresh_database_nothing_is_deleted(app_context: Flask) -> None:
    assert purge(now=clock.now()) == NOTHING
    assert not purge(now=clock.now())
    slug = store_campaign()
    write_letter(slug)
    write_and_confirm(slug)
    before = everything()
    assert purge(now=clock.now()) == NOTHING
    assert everything() == before


def test_an_unconfirmed_letter_goes_when_its_link_ends(app_context: Flask) -> None:
    slug, now = store_campaign(closes_on=None), clock.now()
    empty = counts()
    write_and_confirm(slug, now=now)
    kept = counts()
    write_letter(slug, now=now, updates=True, **marked_letter())
    deliver_all(now)
    before = everything()
    assert purge(now=now + 7 * DAY - MOMENT) == NOTHING
    assert everything() == before
    purged = purge(now=now + 7 * DAY)
    assert (purged.unconfirmed, purged.notices, purged.texts, purged.supporters) == (1, 2, 0, 0)
    after = counts()
    for table in ("letters", "supporters", "consents"):
        assert after[table] == kept[table]
    assert after["deliveries"] == kept["deliveries"] - 1  # the mail that asked for the other letter
    assert set(after) - set(empty) == {"letters", "supporters", "consents", "deliveries", "state_changes"}
    assert "PLANTED" not in readable()


def test_the_text_goes_28_days_after_the_last_copy_came_to_its_end(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    token = write_and_confirm(slug, now=now, **marked_letter())
    deliver_all(now)
    with transaction() as session:
        late = session.scalars(sa.select(Delivery).where(Delivery.kind == "letter")).first()
        assert late is not None
        late.state_at = now + 2 * DAY
    assert purge(now=now + 30 * DAY - MOMENT).texts == 0
    assert purge(now=now + 30 * DAY).texts == 1
    for copy in copies():
        assert (copy.text, copy.wire, copy.subject) == ("", None, "")
        assert copy.state == "accepted"
    # What is left says that it was sent, when and to whom; the page still answers.
    assert {copy.state for copy in follow(token, "en").copies} == {"accepted"}
    assert db.session.scalars(sa.select(Letter.personal_message_sealed)).one() is None
    # Who wrote is another rule's business.
    assert db.session.scalars(sa.select(Supporter)).one().name == "PLANTEDNAME Writer"


@pytest.mark.parametrize("state", [("sending", "unclear"), ("deferred",), ("held",)], ids=lambda s: s[-1])
def test_the_text_of_a_letter_with_a_copy_under_way_stays(app_context: Flask, state: tuple[str, ...]) -> None:
    slug, now = store_campaign([OfficeFactory.build(), OfficeFactory.build()]), clock.now()
    write_and_confirm(slug, now=now)
    with transaction() as session:
        one, other = session.scalars(sa.select(Delivery).where(Delivery.kind == "letter"))
        for delivery, states in ((one, ("sending", "accepted")), (other, state)):
            for step in states:
                bring_to(session, delivery, step, now=now)
    assert purge(now=now + 60 * DAY).texts == 0
    assert all(copy.text for copy in copies())


def test_our_own_mails_go_after_seven_days(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    write_and_confirm(slug, now=now, **marked_letter())
    waiting = notices()
    assert purge(now=now + 30 * DAY).notices == 0  # it is still to be sent
    assert len(notices()) == len(waiting) == 1
    deliver_all(now)
    assert purge(now=now + 7 * DAY - MOMENT).notices == 0
    assert purge(now=now + 7 * DAY).notices == 1
    assert notices() == []
    assert len(copies()) == 2


@pytest.mark.parametrize("end", ["held", "unclear"])
def test_own_mails_that_leave_no_more_go_too(app_context: Flask, end: str) -> None:
    slug, now = store_campaign(), clock.now()
    write_and_find_token(slug, now=now, **marked_letter())
    deliver_all(now, "sending", end)
    assert purge(now=now + 7 * DAY - MOMENT).notices == 0
    assert purge(now=now + 7 * DAY).notices == 1
    assert notices() == []


def test_who_wrote_goes_90_days_after_the_campaign(app_context: Flask) -> None:
    now = clock.now()
    last_day = days_from(now, 10)
    over = store_campaign(closes_on=last_day)
    later = store_campaign(closes_on=days_from(now, 11))
    without_end = store_campaign(closes_on=None)
    for slug in (over, later, without_end):
        write_and_confirm(slug, now=now, **marked_letter())
    deliver_all(now)
    counted = {slug: _tally(slug) for slug in (over, later, without_end)}
    end = datetime.combine(last_day, datetime.min.time(), now.tzinfo)
    assert purge(now=end + 90 * DAY).supporters == 0
    assert purge(now=end + 91 * DAY).supporters == 1
    people = {_campaign_of(row): row for row in db.session.scalars(sa.select(Supporter))}
    nobody = people[over]
    assert [nobody.name, nobody.email, nobody.title, nobody.city] == [""] * 4
    assert nobody.country == "FR"
    assert len(nobody.email_index) == 16
    assert people[later].name == people[without_end].name == "PLANTEDNAME Writer"
    # What counts stays: letters, people, countries.
    assert {slug: _tally(slug) for slug in counted} == counted
    assert purge(now=end + 91 * DAY) == NOTHING


def _campaign_of(supporter: Supporter) -> str:
    from app.campaigns.models import Campaign

    query = sa.select(Campaign.slug).join(Letter, Letter.campaign_id == Campaign.id)
    return db.session.scalars(query.where(Letter.supporter_id == supporter.id)).one()


def _tally(slug: str) -> object:
    from app.campaigns.models import Campaign

    db.session.rollback()
    return tally(db.session.scalars(sa.select(Campaign.id).where(Campaign.slug == slug)).one())


def test_a_campaign_that_was_closed_by_hand_ends_on_its_last_day_too(app_context: Flask) -> None:
    # Closed with a last day in the past: counted from that day, whatever the status says.
    now = clock.now()
    slug = store_campaign(closes_on=days_from(now, 1))
    write_and_confirm(slug, now=now, **marked_letter())
    deliver_all(now)
    assert purge(now=now + 93 * DAY).supporters == 1


def test_in_the_end_nothing_personal_is_left_even_of_what_never_left(app_context: Flask) -> None:
    # One copy accepted, one held without a verified contact, one unclear; one letter never confirmed.
    now = clock.now()
    offices = [OfficeFactory.build(), OfficeFactory.build(), OfficeFactory.build(contacts=[])]
    offices[1].contacts[:] = [ContactFactory.build(value="second@offices.example")]
    slug = store_campaign(offices, closes_on=days_from(now, 10))
    write_and_confirm(slug, now=now, **marked_letter())
    write_letter(slug, now=now, **marked_letter())
    with transaction() as session:
        first, second = session.scalars(
            sa.select(Delivery).where(Delivery.kind == "letter", Delivery.state == "queued")
        )
        for delivery, states in ((first, ("sending", "accepted")), (second, ("sending", "unclear"))):
            for step in states:
                bring_to(session, delivery, step, now=now)
    deliver_all(now)
    assert "PLANTED" in readable()
    purge(now=now + 102 * DAY)
    left = readable()
    assert [marker for marker in MARKERS if marker in left] == []
    assert sorted(copy.state for copy in copies()) == ["accepted", "cancelled", "unclear"]


def test_purging_in_batches_leaves_nothing_over(app_context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.letters.retention.BATCH", 2)
    now = clock.now()
    slug = store_campaign(closes_on=days_from(now, 1))
    for _letter in range(5):
        write_letter(slug, now=now)
        write_and_confirm(slug, now=now)
    deliver_all(now)
    assert purge(now=now + 100 * DAY) == Purged(
        unconfirmed=5, texts=5, notices=10, supporters=5, corrections=0
    )


@pytest.mark.backends("sqlite")  # the bytes on the disk are looked at
def test_no_marker_can_be_found_in_the_bytes_before_or_after(app_context: Flask) -> None:
    now = clock.now()
    slug = store_campaign(closes_on=days_from(now, 1))
    write_and_confirm(slug, now=now, **marked_letter())
    write_letter(slug, now=now, **marked_letter())
    deliver_all(now)
    stored = raw_bytes()
    assert b"Water for the valley" in stored  # what is public can be found: the search works
    assert [marker for marker in MARKERS if marker.encode() in stored] == []
    purge(now=now + 100 * DAY)
    assert [marker for marker in MARKERS if marker.encode() in raw_bytes()] == []
    assert Path(f"{db.engine.url.database}-wal").stat().st_size == 0, "what was deleted stands in the journal"


def test_time_that_jumps_ahead_ends_a_link_and_back_again_revives_it(
    app_context: Flask, time_travel: TimeTravel
) -> None:
    # A clock that was wrong for an hour must not have deleted anything by being looked at.
    slug = store_campaign()
    start = clock.now()
    token = write_and_find_token(slug, now=start)
    time_travel(timedelta(days=365))
    assert "ended after seven days" in _refusal(token)
    time_travel(start)
    assert confirm(token, now=clock.now())


def _refusal(token: str) -> str:
    from app.errors import Gone
    from app.letters.confirming import look_at

    with pytest.raises(Gone) as gone:
        look_at(token, "en", now=clock.now())
    return gone.value.sentence
