"""What somebody is shown of their own data, and the file that they take along."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.database import db, transaction
from app.errors import NotFound
from app.letters.joint.dispatch import dispatch
from app.letters.privacy.showing import look_at_own_data
from app.letters.privacy.stored import Stored, read_stored
from app.letters.privacy.taking_along import take_along, take_along_behind
from app.security.audit import COMMAND_LINE, SUPPORTER, AuditEntry, check_chain
from app.supporters.addresses import address_index
from app.supporters.models import Supporter
from app.supporters.silence import silence
from tests.factories.campaigns import days_from, store_campaign
from tests.factories.joint import sign_and_confirm, store_joint
from tests.factories.letters import OWN_WORDS, WriterFactory, copies, write_and_confirm, write_letter
from tests.factories.privacy import token_for_own_data
from tests.factories.recipients import OfficeFactory
from tests.factories.replies import ANSWER, shared, take_all
from tests.factories.storage import everything
from tests.letters.privacy.test_erasing import ANI, ani, written

DAY = timedelta(days=1)


def stored(address: str = ANI) -> Stored:
    db.session.rollback()
    return read_stored(address_index(address), "en")


def test_letters_stand_there_with_all_that_hangs_on_them(app_context: Flask) -> None:
    now = clock.now()
    slug = store_campaign([OfficeFactory.build(title="Registrar")], closes_on=days_from(now, 10))
    written(slug, now=now)
    take_all(now)
    found = stored()
    (letter,) = found.letters
    (copy,) = letter.copies
    assert (letter.campaign, letter.own_words) == ("Water for the valley", "PLANTED own words.")
    assert (copy.office, copy.state, copy.label, copy.fate) == ("Registrar", "accepted", "Accepted", "left")
    assert "PLANTED own words." in copy.text
    assert letter.text_until == (now + 28 * DAY).date()
    assert letter.identity_until == days_from(now, 100)
    (person,) = found.people
    assert (person.email, person.name, person.country) == (ANI, "PLANTED name", "France")
    assert [one.purpose for one in found.consents] == ["letter", "updates"]
    assert {one.version for one in found.consents} == {"2026-11-01"}
    assert [one.campaign for one in found.news] == ["Water for the valley"]
    assert [mail.subject for mail in found.mails] == ["Please confirm your letter: Water for the valley"]


def test_until_when_is_told_only_where_it_is_known(app_context: Flask) -> None:
    now = clock.now()
    written(store_campaign(), now=now)
    write_letter(store_campaign(), now=now + DAY, writer=WriterFactory.build(**ani()))
    first, second = stored().letters
    assert (first.text_until, first.identity_until) == (None, None)
    assert second.confirmed_at is None
    assert second.text_until == second.identity_until == (now + 8 * DAY).date()


def test_signatures_and_wishes(app_context: Flask) -> None:
    now = clock.now()
    joint = store_joint(offices=1)
    sign_and_confirm(joint, now=now, **ani())
    dispatch(joint.campaign_id, joint.id, after=0, actor="test", now=now)
    sign_and_confirm(joint, now=now + timedelta(minutes=1), kind="organization", public=False, **ani())
    with transaction() as session:
        silence(session, address_index(ANI), now=now)
    carried, late = stored().signatures
    assert (carried.left_at, carried.public, carried.line[:12]) == (now, True, "PLANTED name")
    assert (late.left_at, late.public, late.kind) == (None, False, "organization")
    assert stored().never_mail_since == now


def test_what_others_did_is_not_there(app_context: Flask) -> None:
    slug = store_campaign()
    written(slug)
    write_and_confirm(slug, writer=WriterFactory.build(email="other@planted.example"))
    found = stored()
    assert len(found.letters) == len(found.people) == len(found.mails) == 1
    assert "other@" not in repr(found)


def test_of_a_stranger_nothing_is_there_and_no_file_is_made(app_context: Flask) -> None:
    written(store_campaign())
    before = everything()
    assert not stored("stranger@planted.example")
    with pytest.raises(NotFound, match="Nothing is stored"):
        take_along("stranger@planted.example", "en", actor=COMMAND_LINE, now=clock.now())
    assert everything() == before


def test_the_file_can_be_read_by_a_person_and_by_a_machine(app_context: Flask) -> None:
    slug, now = store_campaign([OfficeFactory.build(title="Ջրի Office")]), clock.now()
    written(slug)
    take_all(now)
    token = token_for_own_data(ANI)
    content = take_along_behind(token, "en", now=now)
    read = json.loads(content)
    assert read["site"] == "Redress"
    (letter,) = read["letters"]
    assert letter["campaign"] == "Water for the valley"
    assert letter["in your own words"] == "PLANTED own words."
    assert letter["copies"][0]["office"] == "Ջրի Office"
    assert letter["copies"][0]["text"] == copies()[0].text
    assert read["who you said that you are"][0]["email"] == ANI
    assert {mail["subject"] for mail in read["our mails to you"]} == {
        "Please confirm your letter: Water for the valley",
        "Your link to what is stored about you",
    }
    assert "Ջրի" in content, "as it is written, and not as escapes"
    assert content.count("\n") > 30, "indented"
    assert token not in content
    assert look_at_own_data(token, "en", now=now).stored, "the link stays good"


def test_a_shared_answer_is_in_the_file_as_long_as_its_text_is_kept(app_context: Flask) -> None:
    shared(store_campaign([OfficeFactory.build()]), clock.now())
    (who,) = db.session.scalars(sa.select(Supporter))
    content = take_along(who.email, "en", actor=COMMAND_LINE, now=clock.now())
    assert json.dumps(ANSWER)[1:-1] in content
    assert OWN_WORDS.splitlines()[0] in content


def test_that_it_was_taken_along_stands_in_the_audit_log_without_a_name(app_context: Flask) -> None:
    written(store_campaign())
    take_along_behind(token_for_own_data(ANI), "en", now=clock.now())
    take_along(ANI, "en", actor=COMMAND_LINE, now=clock.now())
    entries = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number)).all()
    assert [entry.actor for entry in entries] == [SUPPORTER, COMMAND_LINE]
    assert {entry.action for entry in entries} == {"privacy.exported"}
    assert [(entry.object_id, entry.detail) for entry in entries] == [(None, {"letters": "1"})] * 2
    assert check_chain() is None
