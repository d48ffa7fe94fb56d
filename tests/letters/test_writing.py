"""Writing a letter: what is stored, what is refused, and that one form is one letter."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.database import db, transaction
from app.errors import Gone, NotFound, Refused
from app.letters.models import Letter
from app.letters.writing import CONFIRMATIONS_A_DAY, SentAlready
from app.supporters.addresses import address_index
from app.supporters.models import Consent, Supporter
from app.supporters.silence import silence
from tests.factories.campaigns import days_from, store_campaign
from tests.factories.letters import OWN_WORDS, WriterFactory, copies, notices, write_letter
from tests.factories.recipients import ClosedOfficeFactory, OfficeFactory
from tests.factories.storage import counts, everything
from tests.factories.threads import at_once
from tests.support.lengths import length


def test_a_letter_waits_with_a_copy_for_each_office(app_context: Flask) -> None:
    slug = store_campaign()
    written = write_letter(slug, writer=WriterFactory.build(name="Ani Գրող", title="Dr."))
    letter = db.session.scalars(select(Letter)).one()
    assert written.is_new
    assert written.reference == letter.reference
    assert letter.personal_message == OWN_WORDS
    assert (letter.supporter.name, letter.supporter.title) == ("Ani Գրող", "Dr.")
    assert letter.confirmed_at is None
    assert letter.confirm_until - letter.created_at == timedelta(days=7)
    assert [copy.state for copy in copies()] == ["awaiting_confirmation"] * 2
    # Nothing that could leave exists before the supporter has confirmed.
    assert all(copy.wire is None and copy.due_at is None for copy in copies())


def test_consent_is_kept_with_its_text_version_and_time(app_context: Flask) -> None:
    slug = store_campaign()
    now = clock.now()
    write_letter(slug, now=now, updates=True)
    consents = {consent.purpose: consent for consent in db.session.scalars(select(Consent))}
    assert consents["letter"].text == "Send my letters in my name."
    assert consents["updates"].text == "Write to me when there is news."
    assert {consent.text_version for consent in consents.values()} == {"2026-11-01"}
    assert {consent.given_at for consent in consents.values()} == {now}


def test_without_the_box_there_is_no_consent_to_updates(app_context: Flask) -> None:
    write_letter(store_campaign(), updates=False)
    assert [consent.purpose for consent in db.session.scalars(select(Consent))] == ["letter"]


CANNOT_BE_CHOSEN = {
    (): "Please choose at least one office",
    ("nowhere",): "does not belong to this campaign",
    ("open", "nowhere"): "does not belong to this campaign",
    ("closed",): "takes no letters any more",
    ("open", "closed"): "takes no letters any more",
    ("open", "of-no-campaign"): "does not belong to this campaign",
    ("open", "for-cases"): "takes no letters any more",
}


def test_an_office_that_cannot_be_written_to_is_refused_and_nothing_stored(app_context: Flask) -> None:
    offices = [
        OfficeFactory.build(slug="open"),
        ClosedOfficeFactory.build(slug="closed"),
        OfficeFactory.build(slug="for-cases", accepts="cases"),
    ]
    slug = store_campaign(offices)
    with transaction() as session:
        session.add(OfficeFactory.build(slug="of-no-campaign"))
    before = everything()
    for chosen, sentence in CANNOT_BE_CHOSEN.items():
        with pytest.raises(Refused, match=sentence) as refusal:
            write_letter(slug, recipients=chosen)
        assert refusal.value.field == "recipients"
    assert everything() == before


def test_a_campaign_that_takes_no_letters(app_context: Flask) -> None:
    today = clock.now()
    refusals: list[tuple[dict[str, object], type[Exception], str]] = [
        ({"status": "closed"}, Gone, "takes no letters any more"),
        ({"closes_on": days_from(today, -1)}, Gone, "takes no letters any more"),
        ({"opens_on": days_from(today, 1)}, NotFound, "takes letters from"),
        ({"status": "draft"}, NotFound, "^$"),
    ]
    for fields, error, sentence in refusals:
        with pytest.raises(error, match=sentence):
            write_letter(store_campaign(**fields))
    with pytest.raises(NotFound):
        write_letter("there-is-none")
    assert "letters" not in counts()


def test_letters_are_taken_on_the_first_and_on_the_last_day(app_context: Flask) -> None:
    today = clock.now().date()
    assert write_letter(store_campaign(opens_on=today, closes_on=today)).is_new


def test_the_same_form_again_is_the_same_letter(app_context: Flask) -> None:
    slug, key, writer = store_campaign(), uuid.uuid4(), WriterFactory.build()
    first = write_letter(slug, submission_key=key, writer=writer)
    before = everything()
    again = write_letter(slug, submission_key=key, writer=writer)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.reference == again.reference
    assert everything() == before


def test_a_form_that_was_changed_after_it_was_sent_is_not_taken_for_the_same(app_context: Flask) -> None:
    slug, key = (
        store_campaign([OfficeFactory.build(slug="one"), OfficeFactory.build(slug="two")]),
        uuid.uuid4(),
    )
    writer = WriterFactory.build(email="slip@people.example")
    sent = {"submission_key": key, "writer": writer, "recipients": ("one", "two")}
    write_letter(slug, **sent)
    before = everything()
    for changed in (
        {"writer": WriterFactory.build(name=writer.name, email="right@people.example")},
        {"writer": WriterFactory.build(name="Other Name", email=writer.email)},
        {"personal_message": "Other words of mine."},
        {"recipients": ("one",)},
    ):
        with pytest.raises(SentAlready):
            write_letter(slug, **sent | changed)
    assert not write_letter(slug, **sent).is_new
    assert everything() == before


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_eight_posts_of_one_form_at_once_make_one_letter(app_context: Flask) -> None:
    slug, rounds = store_campaign(), length(5, 20)
    for _round in range(rounds):
        key = uuid.uuid4()
        writer = WriterFactory.build()
        answers = at_once(8, app_context, partial(write_letter, slug, submission_key=key, writer=writer))
        assert [answer.is_new for answer in answers].count(True) == 1
        assert len({answer.reference for answer in answers}) == 1
        assert len(notices(to=writer.email)) == 1
    assert counts()["letters"] == counts()["supporters"] == counts()["consents"] == rounds
    assert counts()["deliveries"] == rounds * 3


VICTIM = [
    "victim@people.example",
    "VICTIM@People.Example",
    "victim+one@people.example",
    "Victim+two@people.example",
    "victim+three+four@people.example",
]
GMAIL = ["one.victim@gmail.com", "onevictim@gmail.com", "o.n.e.victim@googlemail.com", "OneVictim+@gmail.com"]


@pytest.mark.parametrize("spellings", [VICTIM, GMAIL], ids=["case and tags", "dots at gmail"])
def test_one_mailbox_is_asked_three_times_a_day_however_it_is_spelled(
    app_context: Flask, spellings: list[str]
) -> None:
    slug, now = store_campaign(), clock.now()
    answers = [
        write_letter(slug, now=now, writer=WriterFactory.build(email=spellings[n % len(spellings)]))
        for n in range(8)
    ]
    # Nobody is told: what is answered is the same as before.
    assert all(answer.is_new for answer in answers)
    assert len(notices()) == CONFIRMATIONS_A_DAY == 3
    write_letter(slug, now=now + timedelta(hours=23), writer=WriterFactory.build(email=spellings[0]))
    assert len(notices()) == 3
    write_letter(slug, now=now + timedelta(hours=49), writer=WriterFactory.build(email=spellings[0]))
    assert len(notices()) == 4


def test_another_mailbox_is_not_touched_by_it(app_context: Flask) -> None:
    slug = store_campaign()
    for address in ["a.b@people.example", "ab@people.example", "a-b@people.example", "ab@other.example"] * 3:
        write_letter(slug, writer=WriterFactory.build(email=address))
    assert len(notices()) == 12


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_many_at_once_do_not_get_more_mails_for_one_mailbox(app_context: Flask) -> None:
    slug = store_campaign()
    for turn in range(5):
        address = f"victim-{turn}@people.example"
        at_once(8, app_context, partial(write_letter, slug, writer=WriterFactory.build(email=address)))
        assert len(notices(to=address)) == 3


def test_a_silenced_mailbox_gets_no_mail_and_nobody_is_told(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    with transaction() as session:
        silence(session, address_index("Quiet@people.example"), now=now)
    answer = write_letter(slug, now=now, writer=WriterFactory.build(email="quiet+now@people.example"))
    assert answer.is_new
    assert notices() == []


def test_what_tells_who_wrote_is_not_readable_in_the_row(app_context: Flask) -> None:
    slug = store_campaign()
    writer = WriterFactory.build(name="Plantedname", email="plantedmail@people.example", city="Plantedcity")
    write_letter(slug, writer=writer, personal_message="Plantedwords of mine.")
    held = repr(everything())
    assert "campaign-" in held
    assert "planted" not in held.casefold()
    row = db.session.scalars(select(Supporter)).one()
    assert (row.name, row.email, row.city) == (writer.name, writer.email, writer.city)


def test_the_reference_is_the_same_before_and_after_the_letter_is_stored(app_context: Flask) -> None:
    # The preview shows it already, and what is previewed is what is sent.
    key = uuid.UUID("6f1c2a52-0d0e-4f6e-9f62-3d1f5a0b7c11")
    written = write_letter(store_campaign(), submission_key=key)
    assert written.reference == db.session.scalars(select(Letter.reference)).one()
    assert len(written.reference) == 12
