"""Confirming a letter: it is looked at without change, confirmed once, or deleted."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.database import db, transaction
from app.delivery.models import Delivery, StateChange
from app.errors import Gone, NotFound
from app.letters.confirming import LinkUsed, confirm, decline, look_at
from app.letters.following import follow, withdraw
from app.letters.models import Letter
from app.recipients.models import Contact, Holder, Recipient
from tests.factories.campaigns import change_campaign, drop_from_audience, reword, store_campaign
from tests.factories.letters import (
    OWN_WORDS,
    WriterFactory,
    copies,
    notices,
    write_and_confirm,
    write_and_find_token,
    write_letter,
)
from tests.factories.recipients import ContactFactory, HolderFactory, OfficeFactory
from tests.factories.storage import counts, everything
from tests.factories.threads import at_once
from tests.support.lengths import length

WEEK = timedelta(days=7)
MOMENT = timedelta(microseconds=1)


def altered(token: str) -> str:
    """Return a token with its last letter changed."""
    return token[:-1] + ("A" if token[-1] != "A" else "B")


def test_looking_fifty_times_changes_nothing(app_context: Flask) -> None:
    token = write_and_find_token(store_campaign())
    before = everything()
    for _time in range(50):
        pending = look_at(token, "en", now=clock.now())
        assert len(pending.letters) == 2
    db.session.rollback()
    assert everything() == before


def test_confirming_freezes_addresses_and_queues_every_copy(app_context: Flask) -> None:
    now = clock.now()
    page_token = write_and_confirm(store_campaign(), now=now)
    letter = db.session.scalars(sa.select(Letter)).one()
    assert letter.confirmed_at == now
    for copy in copies():
        assert copy.state == "queued"
        assert copy.due_at == now
        assert copy.holder_id is not None
        contact = db.session.get_one(Contact, copy.contact_id)
        assert copy.envelope_to == contact.value
        assert copy.domain == "offices.example"
        assert OWN_WORDS in copy.text
        assert copy.wire is not None
        changes = db.session.scalars(sa.select(StateChange).where(StateChange.delivery_id == copy.id)).all()
        assert [(change.from_state, change.to_state) for change in changes] == [
            ("awaiting_confirmation", "queued")
        ]
        assert changes[0].actor == "supporter"
        assert changes[0].at == now
    assert follow(page_token, "en").state == "confirmed"


def test_a_link_is_used_once(app_context: Flask) -> None:
    now = clock.now()
    token = write_and_find_token(store_campaign(), now=now)
    page_token = confirm(token, now=now)
    before = everything()
    for again in (
        partial(confirm, token),
        partial(look_at, token, "en"),
        partial(decline, token, never_again=True),
    ):
        with pytest.raises(LinkUsed) as used:
            again(now=now + timedelta(minutes=1))
        assert used.value.page_token == page_token
    # Also long after it would have ended: who confirmed is led to the letter, not told that it is gone.
    with pytest.raises(LinkUsed):
        confirm(token, now=now + 2 * WEEK)
    assert everything() == before


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_two_who_confirm_at_once_confirm_once(app_context: Flask) -> None:
    slug, rounds = store_campaign([OfficeFactory.build()]), length(5, 20)
    for _round in range(rounds):
        token = write_and_find_token(slug)

        def one_of_two(token: str = token) -> str:
            try:
                return f"confirmed {confirm(token, now=clock.now())}"
            except LinkUsed as used:
                return f"used {used.page_token}"

        answers = at_once(2, app_context, one_of_two)
        assert sorted(answer.split()[0] for answer in answers) == ["confirmed", "used"]
        assert len({answer.split()[1] for answer in answers}) == 1
    db.session.rollback()
    transitions = sa.select(sa.func.count()).where(StateChange.to_state == "queued")
    of_letters = transitions.join(StateChange.delivery).where(Delivery.kind == "letter")
    assert db.session.scalar(of_letters) == rounds


def test_a_link_is_good_for_seven_days_to_the_moment(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    last, late = write_and_find_token(slug, now=now), write_and_find_token(slug, now=now)
    assert confirm(last, now=now + WEEK - MOMENT)
    before = everything()
    for act in (
        partial(look_at, late, "en"),
        partial(confirm, late),
        partial(decline, late, never_again=True),
    ):
        with pytest.raises(Gone, match="seven days"):
            act(now=now + WEEK)
    assert everything() == before


def test_an_altered_link_leads_nowhere(app_context: Flask) -> None:
    token = write_and_find_token(store_campaign())
    before = everything()
    for wrong in (
        altered(token),
        token[:-1],
        token + "A",
        token.swapcase(),
        "",
        "ՀԱՅ",
        "a\x00b",
        "\udc80",
        "x" * 5000,
    ):
        with pytest.raises(NotFound):
            look_at(wrong, "en", now=clock.now())
        with pytest.raises(NotFound):
            confirm(wrong, now=clock.now())
        with pytest.raises(NotFound):
            decline(wrong, never_again=True, now=clock.now())
    assert everything() == before


def test_the_page_token_does_not_open_the_confirmation_nor_the_other_way_round(app_context: Flask) -> None:
    now = clock.now()
    token = write_and_find_token(store_campaign(), now=now)
    page_token = confirm(token, now=now)
    with pytest.raises(NotFound):
        confirm(page_token, now=now)
    with pytest.raises(NotFound):
        follow(token, "en")


def test_tokens_stand_nowhere_in_the_database(app_context: Flask) -> None:
    token = write_and_find_token(store_campaign())
    page_token = confirm(token, now=clock.now())
    held = repr(everything())
    assert token not in held
    assert page_token not in held


def test_a_letter_can_still_be_confirmed_when_its_campaign_has_closed(app_context: Flask) -> None:
    # Whoever wrote in time was promised seven days.
    slug = store_campaign()
    token = write_and_find_token(slug)
    change_campaign(slug, status="closed")
    confirm(token, now=clock.now())
    assert {copy.state for copy in copies()} == {"queued"}


def test_declining_deletes_everything_that_was_stored_with_the_letter(app_context: Flask) -> None:
    slug = store_campaign()
    before = counts()
    decline(write_and_find_token(slug, updates=True), never_again=False, now=clock.now())
    assert counts() == before


def test_declining_for_good_silences_the_mailbox_in_every_spelling(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    before = counts()
    token = write_and_find_token(slug, now=now, writer=WriterFactory.build(email="Me+letters@people.example"))
    decline(token, never_again=True, now=now)
    assert counts() == before | {"silenced_mailboxes": 1}
    write_letter(slug, now=now + timedelta(days=40), writer=WriterFactory.build(email="ME@people.example"))
    assert notices() == []


def test_declining_one_letter_leaves_the_others(app_context: Flask) -> None:
    slug = store_campaign()
    mine = write_and_find_token(slug)
    other = write_and_find_token(slug)
    decline(mine, never_again=False, now=clock.now())
    assert confirm(other, now=clock.now())
    assert counts()["letters"] == 1
    with pytest.raises(NotFound):
        confirm(mine, now=clock.now())


def _unverified_post() -> Contact:
    contact: Contact = ContactFactory.build(channel="post", value="", verified_at=None)
    return contact


def test_a_copy_without_verified_contact_is_held_and_the_others_go(app_context: Flask) -> None:
    offices = [
        OfficeFactory.build(slug="reached"),
        OfficeFactory.build(slug="unverified", contacts=[ContactFactory.build(verified_at=None)]),
        OfficeFactory.build(slug="suspended", contacts=[ContactFactory.build(status="suspended")]),
        OfficeFactory.build(slug="by-post", contacts=[_unverified_post()]),
        OfficeFactory.build(slug="without", contacts=[]),
    ]
    page = follow(write_and_confirm(store_campaign(offices)), "en")
    states = {copy.slug: copy.state for copy in page.copies}
    assert states.pop("reached") == "queued"
    assert set(states.values()) == {"held"}
    held = [copy for copy in copies() if copy.state == "held"]
    assert all(OWN_WORDS in copy.text for copy in held)
    assert all(copy.wire is None and copy.due_at is None for copy in held)


def test_an_office_that_closed_in_between_is_held(app_context: Flask) -> None:
    offices = [OfficeFactory.build(slug="one"), OfficeFactory.build(slug="two")]
    slug, now = store_campaign(offices), clock.now()
    token = write_and_find_token(slug, now=now)
    with transaction() as session:
        office = session.scalars(sa.select(Recipient).where(Recipient.slug == "one")).one()
        office.status, office.closed_on = "closed", now.date()
    page = follow(confirm(token, now=now), "en")
    assert [(copy.slug, copy.state) for copy in page.copies] == [("one", "held"), ("two", "queued")]


def test_an_office_that_left_the_campaign_gets_nothing_and_the_link_still_works(app_context: Flask) -> None:
    offices = [OfficeFactory.build(slug="one"), OfficeFactory.build(slug="two")]
    slug, now = store_campaign(offices), clock.now()
    token = write_and_find_token(slug, now=now)
    drop_from_audience(slug, "one")
    assert [letter.slug for letter in look_at(token, "en", now=now).letters] == ["two"]
    page = follow(confirm(token, now=now), "en")
    assert [(copy.slug, copy.state) for copy in page.copies] == [("one", "cancelled"), ("two", "queued")]


def test_a_letter_whose_offices_all_left_the_campaign_cannot_be_confirmed(app_context: Flask) -> None:
    slug, now = store_campaign([OfficeFactory.build(slug="one")]), clock.now()
    token = write_and_find_token(slug, now=now)
    drop_from_audience(slug, "one")
    before = everything()
    for act in (partial(look_at, token, "en"), partial(confirm, token)):
        with pytest.raises(Gone, match="do not belong to this campaign"):
            act(now=now)
    assert everything() == before


def test_the_letter_is_addressed_to_who_holds_the_office_at_confirmation(app_context: Flask) -> None:
    office = OfficeFactory.build(holders=[HolderFactory.build(name="Old Holder", family_name="Old")])
    slug, now = store_campaign([office]), clock.now()
    token = write_and_find_token(slug, now=now)
    with transaction() as session:
        session.scalars(sa.select(Holder)).one().ends_on = (now - timedelta(days=1)).date()
        new = HolderFactory.build(name="New Holder", family_name="New", starts_on=now.date())
        new.recipient_id = office.id
        session.add(new)
    shown = look_at(token, "en", now=now).letters[0].text
    confirm(token, now=now)
    (copy,) = copies()
    assert "New Holder" in shown
    assert "Old Holder" not in shown
    assert copy.text == shown
    assert copy.holder_id == new.id


def test_the_wording_it_was_written_with_is_sent(app_context: Flask) -> None:
    slug = store_campaign([OfficeFactory.build()])
    token = write_and_find_token(slug)
    reword(slug, "Quite other words, {{ supporter.name }}.\n\n{{ personal }}\n", "Another subject")
    confirm(token, now=clock.now())
    (copy,) = copies()
    assert "I ask you to have the sluice opened." in copy.text
    assert "Quite other words" not in copy.text
    assert copy.subject.startswith("An appeal to the Secretary")
    write_and_confirm(slug)
    assert "Quite other words" in copies()[-1].text


def test_what_is_edited_after_confirmation_does_not_reach_the_frozen_letter(app_context: Flask) -> None:
    slug = store_campaign([OfficeFactory.build()])
    page_token = write_and_confirm(slug)
    frozen = [(copy.text, copy.wire, copy.subject) for copy in copies()]
    reword(slug, "Other words.\n\n{{ personal }}\n")
    change_campaign(slug, title={"en": "Another title"})
    with transaction() as session:
        for office in session.scalars(sa.select(Recipient)):
            office.title = "Renamed"
        for holder in session.scalars(sa.select(Holder)):
            holder.name = "Somebody Else"
    assert [(copy.text, copy.wire, copy.subject) for copy in copies()] == frozen
    (shown,) = follow(page_token, "en").copies
    assert "".join(segment.text for segment in shown.segments) == frozen[0][0]


def test_a_letter_that_was_taken_back_stays_taken_back(app_context: Flask) -> None:
    token = write_and_find_token(store_campaign())
    page_token = confirm(token, now=clock.now())
    assert withdraw(page_token, only=None, now=clock.now()) == 2
    before = everything()
    with pytest.raises(LinkUsed):
        confirm(token, now=clock.now())
    assert everything() == before
    assert {copy.state for copy in copies()} == {"cancelled"}
