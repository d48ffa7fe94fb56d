"""What came back: asked once, told, changed, counted; and who does not want to be asked is not."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask, current_app

from app import clock
from app.cli.chores import do_chores
from app.database import db, transaction
from app.delivery.models import Delivery
from app.errors import NotFound, Refused
from app.letters.replies import asking
from app.letters.replies.asking import ask_what_came_back
from app.letters.replies.counting import TOO_FEW, Share, replies_of
from app.letters.replies.models import OfficeReply, ReplyQuestion
from app.letters.replies.telling import ask_no_more, look_at_replies, tell_replies
from app.letters.retention import purge
from app.recipients.models import Recipient
from app.supporters.addresses import address_index
from app.supporters.silence import silence
from tests.factories.campaigns import days_from, store_campaign
from tests.factories.deliveries import bring_to
from tests.factories.letters import WriterFactory, copies, notices, write_and_confirm
from tests.factories.recipients import OfficeFactory
from tests.factories.replies import questions, token_of, written
from tests.factories.storage import counts, everything
from tests.factories.threads import at_once

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def asked(now: datetime) -> str:
    """Ask whoever's time has come on the fifteenth day, and return the token of the last mail."""
    assert ask_what_came_back(now=now + 14 * DAY) > 0
    return token_of(questions()[-1])


def test_a_writer_is_asked_once_fourteen_days_after_the_last_copy_was_taken(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    write_and_confirm(slug, now=now, writer=WriterFactory.build(email="asked@people.example"))
    one, other = copies()
    with transaction() as session:
        for state in ("sending", "accepted"):
            bring_to(session, session.get_one(Delivery, one.id), state, now=now)
    assert ask_what_came_back(now=now + 20 * DAY) == 0  # the other one has not left yet
    with transaction() as session:
        for state in ("sending", "accepted"):
            bring_to(session, session.get_one(Delivery, other.id), state, now=now + 3 * DAY)
    assert ask_what_came_back(now=now + 17 * DAY - MOMENT) == 0
    assert ask_what_came_back(now=now + 17 * DAY) == 1
    assert ask_what_came_back(now=now + 60 * DAY) == 0
    (mail,) = questions()
    assert (mail.envelope_to, mail.state, mail.priority) == ("asked@people.example", "queued", 8)
    assert b"Auto-Submitted: auto-generated" in mail.wire
    assert "Reply-To" not in mail.wire.decode()
    token = token_of(mail)
    assert f"/replies/{token}/stop" in mail.text
    assert "taken by an office's mail server" in mail.text
    assert "reached" not in mail.text, "what a server took has not reached anybody, as far as we know"
    stored = repr(everything())
    assert token not in stored
    assert [copy.told for copy in look_at_replies(token, "en").copies] == ["", ""]


@pytest.mark.parametrize(
    "why", ["never mail me", "not asked again", "withdrawn", "too long ago", "nothing taken", "nobody left"]
)
def test_who_is_not_asked(app_context: Flask, why: str) -> None:
    slug, now = store_campaign(closes_on=days_from(clock.now(), 1)), clock.now()
    written(slug, now, email="quiet@people.example")
    if why in ("never mail me", "not asked again"):
        with transaction() as session:
            index = address_index("Quiet+tag@people.example")
            (silence if why == "never mail me" else asking_stops)(session, index, now=now)
    elif why == "withdrawn":
        _set("letters", withdrawn_at=now)
    elif why == "nothing taken":
        with transaction() as session:
            for copy in session.scalars(sa.select(Delivery).where(Delivery.kind == "letter")):
                bring_to(session, copy, "bounced", now=now)
    elif why == "nobody left":
        _set("letters", confirmed_at=now + 100 * DAY)
        purge(now=now + 120 * DAY)
        assert ask_what_came_back(now=now + 120 * DAY) == 0
        return
    later = now + (91 if why == "too long ago" else 14) * DAY
    assert ask_what_came_back(now=later) == 0
    assert questions() == []


def asking_stops(session: sa.orm.Session, index: bytes, *, now: datetime) -> None:
    from app.supporters.silence import stop_asking

    stop_asking(session, index, now=now)
    session.flush()
    stop_asking(session, index, now=now)


def _set(table: str, **values: object) -> None:
    with transaction() as session:
        session.execute(sa.update(sa.table(table, *map(sa.column, values))).values(values))


def test_a_held_copy_does_not_keep_the_question_back(app_context: Flask) -> None:
    offices = [OfficeFactory.build(), OfficeFactory.build(contacts=[])]
    slug, now = store_campaign(offices), clock.now()
    written(slug, now)
    assert sorted(copy.state for copy in copies()) == ["accepted", "held"]
    assert len(look_at_replies(asked(now), "en").copies) == 1


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_several_workers_ask_everybody_once(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    for _number in range(6):
        written(slug, now)
    db.session.rollback()
    asked_by_each = at_once(3, app_context, lambda: ask_what_came_back(now=now + 14 * DAY))
    assert sum(asked_by_each) == 6
    assert len({mail.envelope_to for mail in questions()}) == len(questions()) == 6


def test_a_pause_is_caught_up_with_calmly(app_context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "AN_HOUR", 3)
    monkeypatch.setattr(asking, "_BATCH", 2)
    slug, now = store_campaign(), clock.now()
    for number in range(5):
        written(slug, now + number * MOMENT, email=f"in-turn-{number}@people.example")
    later = now + 30 * DAY
    assert [ask_what_came_back(now=later) for _again in range(2)] == [3, 0]
    assert ask_what_came_back(now=later + timedelta(minutes=59)) == 0
    assert ask_what_came_back(now=later + timedelta(minutes=61)) == 2
    first, last = questions()[:3], questions()[3:]
    assert {mail.envelope_to for mail in first} == {f"in-turn-{n}@people.example" for n in range(3)}
    assert {mail.envelope_to for mail in last} == {f"in-turn-{n}@people.example" for n in (3, 4)}


def test_what_was_told_is_kept_and_can_be_changed(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    written(slug, now)
    token, before = asked(now), counts()
    one, other = look_at_replies(token, "en").copies
    assert tell_replies(token, {one.id: "answered"}, now=now + 15 * DAY) == 1
    assert [copy.told for copy in look_at_replies(token, "en").copies] == ["answered", ""]
    assert tell_replies(token, {one.id: "nothing", other.id: "acknowledged"}, now=now + 16 * DAY) == 2
    assert [copy.told for copy in look_at_replies(token, "en").copies] == ["nothing", "acknowledged"]
    assert {row.told_on for row in db.session.scalars(sa.select(OfficeReply))} == {(now + 16 * DAY).date()}
    assert counts() == before | {"office_replies": 2}


def test_what_is_no_answer_is_refused_and_changes_nothing(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    written(slug, now)
    written(slug, now)
    token = asked(now)
    mine = {copy.id for copy in look_at_replies(token, "en").copies}
    (foreign, *_) = [copy.id for copy in copies() if copy.id not in mine]
    before = everything()
    for told in ({}, {foreign: "answered"}, {uuid.uuid4(): "nothing"}, {min(mine): "loudly"}):
        with pytest.raises(Refused):
            tell_replies(token, told, now=now + 15 * DAY)
    for wrong in (token[:-1], f"{token}x", ""):
        with pytest.raises(NotFound):
            tell_replies(wrong, {min(mine): "answered"}, now=now + 15 * DAY)
        with pytest.raises(NotFound):
            look_at_replies(wrong, "en")
    assert everything() == before


def test_whoever_does_not_want_to_be_asked_again_is_not(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    written(slug, now, email="enough@people.example")
    token = asked(now)
    assert look_at_replies(token, "en").asked_again
    for _twice in range(2):
        ask_no_more(token, now=now + 15 * DAY)
    assert not look_at_replies(token, "en").asked_again
    later = now + 20 * DAY
    written(slug, later, email="Enough+again@people.example")
    written(slug, later, email="other@people.example")
    assert ask_what_came_back(now=later + 14 * DAY) == 1
    assert questions()[-1].envelope_to == "other@people.example"
    # It was only about questions: they can still write.
    assert len(notices("Enough+again@people.example")) == 1


def told_by(slug: str, now: datetime, kinds: list[str], **writer: str) -> None:
    """Let as many people as there are kinds write to every office, and tell the same of each."""
    for kind in kinds:
        written(slug, now, **writer)
        untold = sa.select(Delivery.id).where(
            Delivery.kind == "letter", ~sa.exists().where(OfficeReply.delivery_id == Delivery.id)
        )
        with transaction() as session:
            ids = session.scalars(untold).all()
            session.add_all(OfficeReply(delivery_id=one, kind=kind, told_on=now.date()) for one in ids)


def test_an_office_is_counted_from_ten_people_on(app_context: Flask) -> None:
    slug, now = store_campaign([OfficeFactory.build()]), clock.now()
    office = db.session.scalars(sa.select(Recipient.id)).one()
    told_by(slug, now, ["answered"] * 3 + ["acknowledged"] * 2 + ["nothing"] * 4)
    assert replies_of(office) == TOO_FEW
    told_by(slug, now, ["nothing"], email="one-who-writes-twice@people.example")
    found = replies_of(office)
    assert (found.enough, found.copies) == (True, 10)
    assert found.answered == Share(30, 11, 60)
    assert found.acknowledged == Share(20, 6, 51)


def test_one_mailbox_is_one_person_however_often_it_tells(app_context: Flask) -> None:
    slug, now = store_campaign([OfficeFactory.build()]), clock.now()
    office = db.session.scalars(sa.select(Recipient.id)).one()
    for day in range(4):
        told_by(slug, now + day * DAY, ["answered"] * 3, email="eager@people.example")
    assert replies_of(office) == TOO_FEW


def test_links_go_with_the_identity_and_what_was_told_stays(app_context: Flask) -> None:
    slug, now = store_campaign(closes_on=days_from(clock.now(), 20)), clock.now()
    written(slug, now)
    token = asked(now)
    tell_replies(token, {copy.id: "nothing" for copy in look_at_replies(token, "en").copies}, now=now)
    purge(now=now + 115 * DAY)
    with pytest.raises(NotFound):
        look_at_replies(token, "en")
    assert db.session.scalars(sa.select(ReplyQuestion)).all() == []
    assert len(db.session.scalars(sa.select(OfficeReply)).all()) == 2


def test_the_mail_is_in_the_letters_language_and_leads_where_it_says(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    written(slug, now)
    asked(now)
    base = current_app.config["REDRESS_SETTINGS"].base_url
    (mail,) = questions()
    adapter = current_app.url_map.bind("")
    for link in re.findall(rf"{base}(/\S+)", mail.text):
        endpoint, _values = adapter.match(link, method="GET")
        assert endpoint in {"public.replies", "public.stop_asking"}


def test_a_worker_asks_beside_its_work(app_context: Flask) -> None:
    written(store_campaign(), clock.now() - 15 * DAY)
    do_chores(all_of_them=False)
    assert len(questions()) == 1
