"""Erasing: nothing that tells who somebody was is left, and nobody else loses anything."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.database import db, transaction
from app.delivery.envelope import Envelope, bounce_address
from app.delivery.models import Delivery
from app.delivery.outbox import notice_rows
from app.delivery.senders.base import Outcome
from app.errors import NotFound, Refused
from app.hot_rows import insert_rows
from app.letters.bouncing import receive
from app.letters.counting import tally
from app.letters.deciding import ERASED
from app.letters.dispatch import reasons_to_hold
from app.letters.following import follow
from app.letters.models import Letter
from app.letters.privacy.erasing import Erased, erase_behind, erase_mailbox
from app.letters.privacy.links import LinkOver
from app.letters.privacy.models import PrivacyLink
from app.letters.privacy.showing import look_at_own_data
from app.letters.replies.models import OfficeReply, PublishedReply, ReplyQuestion, SharedReply
from app.letters.replies.moderating import publish_reply, waiting_replies
from app.letters.replies.sharing import share
from app.letters.retention import purge
from app.letters.unclear import settle
from app.letters.updates.sending import send_update
from app.notices.replies import order_question
from app.notices.sending import compose_notice
from app.security.audit import SUPPORTER, AuditEntry, check_chain
from app.security.tokens import hash_token
from app.supporters.addresses import address_index
from app.supporters.models import Consent, Supporter
from app.supporters.silence import is_not_to_be_asked, is_silenced, silence, stop_asking
from tests.delivery.bounces.corpus import ANSWERS
from tests.delivery.mails import attempts_of, way_of
from tests.delivery.working import TAKEN, FakeServer, drain
from tests.factories.campaigns import store_campaign
from tests.factories.deliveries import bring_to
from tests.factories.joint import sign_and_confirm, sign_joint, store_joint
from tests.factories.letters import WriterFactory, copies, notices, write_and_confirm, write_letter
from tests.factories.privacy import token_for_own_data
from tests.factories.recipients import ContactFactory, OfficeFactory
from tests.factories.replies import ANSWER, shared, take_all
from tests.factories.storage import everything, raw_bytes, readable
from tests.factories.threads import at_once
from tests.factories.updates import store_update

ANI = "plantedmail@planted.example"
MARKERS = ("PLANTED", "plantedmail", "planted.example")
DAY = timedelta(days=1)
BOTH = pytest.mark.backends("sqlite", "postgresql")


def ani() -> dict[str, str]:
    """Return somebody in whom everything that can be filled in can be found again."""
    typed = ("name", "title", "affiliation", "city", "region", "postal_code")
    return {"email": ANI} | {name: f"PLANTED {name}"[:20] for name in typed}


def written(slug: str, **other: object) -> str:
    """Let Ani write and confirm a letter in her own words, asking for news."""
    return write_and_confirm(
        slug,
        writer=WriterFactory.build(**ani()),
        personal_message="PLANTED own words.",
        updates=True,
        **other,
    )


def erase(address: str = ANI) -> Erased:
    db.session.rollback()
    done = erase_mailbox(address, actor="test", now=clock.now())
    db.session.rollback()
    return done


def left_of_ani() -> list[str]:
    """Return the markers that can still be read, with a piece of what is around them."""
    found = readable()
    places = [found.find(marker) for marker in MARKERS]
    return [found[max(place - 80, 0) : place + 40] for place in places if place >= 0]


def bring(copy: Delivery, *states: str) -> None:
    with transaction() as session:
        for state in states:
            bring_to(session, session.get_one(Delivery, copy.id), state, now=clock.now())


def state_of(copy: Delivery) -> str:
    db.session.rollback()
    return db.session.get_one(Delivery, copy.id, populate_existing=True).state


def test_of_nobody_nothing_is_erased(app_context: Flask) -> None:
    written(store_campaign())
    before = everything()
    with pytest.raises(NotFound, match="Nothing is stored"):
        erase("stranger@people.example")
    assert everything() == before


@BOTH
def test_nothing_that_tells_who_it_was_is_left_in_any_table(app_context: Flask) -> None:
    """Whatever a supporter can fill in or bring about, with whatever hangs on it."""
    now = clock.now()
    form = ContactFactory.build(channel="web_form", value="https://form.example/")
    offices = [OfficeFactory.build(slug=f"o{n}") for n in range(3)] + [OfficeFactory.build(contacts=[form])]
    slug = store_campaign(offices)
    written(slug)
    taken, unclear, waiting, by_hand = copies()
    with transaction() as session:
        letter = session.scalars(sa.select(Letter).where(Letter.confirmed_at.is_not(None))).one()
        letter.edits = '{"appeal": {"points.well": "PLANTED in place of a point"}}'
    write_letter(slug, writer=WriterFactory.build(**ani()), personal_message="PLANTED, never confirmed.")
    bring(taken, "sending", "accepted")
    bring(unclear, "sending", "unclear")
    with transaction() as session:
        mine = session.get_one(Delivery, by_hand.id)
        mine.receipt = "PLANTED number of the form"
    _asks_answers_and_news(slug, taken)
    joint = store_joint(offices=1)
    sign_and_confirm(joint, **ani())
    sign_joint(joint, kind="organization", **ani())
    assert len(left_of_ani()) == len(MARKERS), "there is something to find"
    token = token_for_own_data(ANI)
    erased = erase_behind(token, now=now)
    assert left_of_ani() == []
    # Three mails asked to confirm (no more go out on a day); an answer, a question, news, and the link.
    assert erased == Erased(
        letters=2, taken_back=2, left=2, signatures=2, signatures_left=0, consents=8, answers=1, mails=7
    )
    assert [state_of(copy) for copy in (taken, unclear, waiting, by_hand)] == [
        "accepted", "unclear", "cancelled", "cancelled",
    ]  # fmt: skip
    assert (db.session.scalars(sa.select(Consent)).all(), notices()) == ([], [])
    assert [row.kind for row in db.session.scalars(sa.select(OfficeReply))] == ["answered"]
    if db.engine.dialect.name == "sqlite":
        stored = raw_bytes()
        assert [marker for marker in MARKERS if marker.encode() in stored] == []


def _asks_answers_and_news(slug: str, taken: Delivery) -> None:
    """An answer goes on to Ani, she is asked what came back, shares it, and is sent news."""
    now = clock.now()
    answer = next(sample for sample in ANSWERS if sample.kind == "answer")
    raw = answer.sent_to(bounce_address(taken.id)).replace(b"Subject:", b"Subject: PLANTED", 1)
    assert receive(raw, to=[bounce_address(taken.id)], now=now).changed
    with transaction() as session:
        key = taken.letter_id or uuid.uuid4()
        session.add(ReplyQuestion(letter_id=key, token_hash=hash_token("asked"), asked_at=now))
        session.add(OfficeReply(delivery_id=taken.id, kind="answered", told_on=now.date()))
        mail = order_question(
            to=ANI, campaign_title="x", link="x", stop_link="x", message_key=key, language="en", now=now
        )
        session.flush()
        insert_rows(session, *notice_rows(mail=mail, now=now))
    share("asked", taken.id, f"PLANTED {ANSWER}", agreed=True, now=now)
    update = store_update(slug, sent=False)
    send_update(update.campaign_id, update.id, seen=update.edited_at, language="en", actor="test", now=now)


def world_of(person: str) -> list[object]:
    """Return all that is stored about somebody else: their rows, whatever hangs on them, opened."""
    db.session.rollback()
    (who,) = db.session.scalars(sa.select(Supporter).where(Supporter.email_index == address_index(person)))
    (letter,) = db.session.scalars(sa.select(Letter).where(Letter.supporter_id == who.id))
    of_letter = db.session.scalars(
        sa.select(Delivery).where(Delivery.letter_id == letter.id).order_by(Delivery.position)
    )
    consents = db.session.scalars(sa.select(Consent).where(Consent.supporter_id == who.id))
    found = [(copy.state, copy.text, copy.wire, copy.change_count) for copy in of_letter]
    return [
        (who.name, who.email, who.email_index, who.city),
        (letter.own_words, letter.points, letter.page_token_hash, letter.sketches),
        found,
        sorted((one.purpose, one.given_at) for one in consents),
        [(mail.id, mail.wire) for mail in notices(person)],
    ]


@BOTH
def test_others_keep_what_is_theirs_and_counts_stay(app_context: Flask) -> None:
    slug = store_campaign()
    for _twice in range(2):
        written(slug)
    token = write_and_confirm(slug, writer=WriterFactory.build(email="other@planted.example"), updates=True)
    take_all(clock.now())
    campaign = db.session.scalars(sa.select(Letter.campaign_id)).first()
    assert campaign is not None
    before, counted = world_of("other@planted.example"), tally(campaign)
    assert (counted.letters, counted.people, counted.countries) == (6, 2, 1)
    assert erase().letters == 2
    assert world_of("other@planted.example") == before
    assert tally(campaign) == counted
    assert {copy.state for copy in follow(token, "en").copies} == {"accepted"}


def test_links_in_earlier_mails_lead_nowhere_and_the_own_one_is_used_up(app_context: Flask) -> None:
    page = written(store_campaign())
    now = clock.now()
    first = token_for_own_data(ANI, now=now)
    second = token_for_own_data(ANI, now=now + timedelta(minutes=6))
    later = now + timedelta(minutes=7)
    assert erase_behind(first, now=later)
    before = everything()
    for token in (first, second):
        for act in (erase_behind, lambda token, now: look_at_own_data(token, "en", now=now)):
            with pytest.raises(LinkOver) as over:
                act(token, now=later)
            assert over.value.used
    with pytest.raises(NotFound):
        follow(page, "en")
    assert everything() == before
    mailbox = address_index(ANI)
    assert mailbox not in {row.email_index for row in db.session.scalars(sa.select(PrivacyLink))}


@BOTH
def test_pressed_several_times_at_once_it_is_done_once(app_context: Flask) -> None:
    written(store_campaign())
    token, now = token_for_own_data(ANI), clock.now()
    db.session.rollback()

    def act() -> bool:
        try:
            return bool(erase_behind(token, now=now))
        except LinkOver:
            return False

    assert sorted(at_once(3, app_context, act)) == [False, False, True]
    assert actions() == ["privacy.erased"]


def actions() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.number)))


def test_the_audit_log_tells_that_and_not_of_whom(app_context: Flask) -> None:
    written(store_campaign())
    erase_behind(token_for_own_data(ANI), now=clock.now())
    (entry,) = db.session.scalars(sa.select(AuditEntry))
    assert (entry.action, entry.actor, entry.object_id) == ("privacy.erased", SUPPORTER, None)
    assert entry.detail["letters"] == "1"
    assert check_chain() is None


def test_wishes_outlive_it_as_a_scrambled_address(app_context: Flask) -> None:
    written(store_campaign())
    with transaction() as session:
        silence(session, address_index(ANI), now=clock.now())
        stop_asking(session, address_index(ANI), now=clock.now())
    erase()
    for wish in (is_silenced, is_not_to_be_asked):
        assert db.session.scalar(sa.select(wish(address_index(ANI))))
    assert left_of_ani() == []


# What is under way


@dataclass
class Interrupted:
    """A server during whose transaction something is done, before the dot or behind it."""

    act: Callable[[], object]
    behind_the_dot: bool
    outcome: Outcome = TAKEN
    taken: list[Envelope] = field(default_factory=list)
    done: bool = False

    def __call__(self, _hurry: threading.Event) -> Interrupted:
        return self

    def send(self, *, envelope: Envelope, before_dot: Callable[[], bool]) -> Outcome:
        if not self.behind_the_dot:
            self._act()
        if not before_dot():
            return Outcome(kind="withheld", step="before_dot")
        if self.behind_the_dot:
            self._act()
        if self.outcome.kind == "accepted":
            self.taken.append(envelope)
        return self.outcome

    def _act(self) -> None:
        if not self.done:
            self.done = True
            self.act()

    def close(self) -> None:
        """Nothing is open."""


def deliver(app: Flask, server: Interrupted | FakeServer, after: timedelta = timedelta(minutes=1)) -> None:
    drain(app, server, now=clock.now() + after, check=reasons_to_hold, compose=compose_notice)
    db.session.rollback()


@BOTH
def test_what_is_just_being_sent_is_stopped_as_long_as_its_dot_is_not_out(app_context: Flask) -> None:
    copy = only_copy()
    server = Interrupted(erase, behind_the_dot=False)
    deliver(app_context, server)
    assert server.done
    assert server.taken == []
    assert way_of(copy.id)[-2:] == ["sending", "cancelled"]
    assert left_of_ani() == []


@BOTH
@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (TAKEN, "accepted"),
        (Outcome(kind="permanent", step="dot", code=550), "failed"),
        (Outcome(kind="unclear", step="dot"), "unclear"),
    ],
    ids=["taken", "refused", "unclear"],
)
def test_what_was_beyond_the_dot_is_journalled_as_it_ended(
    app_context: Flask, outcome: Outcome, state: str
) -> None:
    copy = only_copy()
    done: list[Erased] = []
    deliver(app_context, Interrupted(lambda: done.append(erase()), behind_the_dot=True, outcome=outcome))
    assert (done[0].taken_back, done[0].left) == (0, 1)
    assert state_of(copy) == state
    assert [one.outcome for one in attempts_of(copy.id)] == [outcome.kind]
    assert left_of_ani() == []


def only_copy() -> Delivery:
    """Return the one copy of Ani's letter, queued, with our own mails gone."""
    written(store_campaign([OfficeFactory.build()]))
    with transaction() as session:
        session.execute(sa.delete(Delivery).where(Delivery.kind == "notice"))
    return copies()[0]


def test_what_was_refused_for_now_beyond_the_dot_never_leaves_again(app_context: Flask) -> None:
    copy = only_copy()
    later = Outcome(kind="temporary", step="dot", code=451)
    deliver(app_context, Interrupted(erase, behind_the_dot=True, outcome=later))
    assert state_of(copy) == "deferred"
    server = FakeServer()
    deliver(app_context, server, after=timedelta(hours=3))
    assert (server.tried, state_of(copy)) == ([], "held")
    purge(now=clock.now())
    assert (state_of(copy), way_of(copy.id)[-1]) == ("cancelled", "cancelled")
    assert copies()[0].reason == ERASED


def test_nobody_sends_an_unclear_copy_again_whose_text_is_gone(app_context: Flask) -> None:
    copy = only_copy()
    bring(copy, "sending", "unclear")
    erase()
    with pytest.raises(Refused, match="not kept any more"):
        settle(copy.id, "again", actor="test", now=clock.now())
    settle(copy.id, "arrived", actor="test", now=clock.now())
    assert state_of(copy) == "accepted"


def test_a_mail_of_ours_that_a_worker_has_in_hand_is_gone_too(app_context: Flask) -> None:
    written(store_campaign([OfficeFactory.build()]))
    server = Interrupted(erase, behind_the_dot=False)
    deliver(app_context, server)
    assert server.done
    assert (server.taken, notices()) == ([], [])


def test_mails_to_however_the_mailbox_is_written_are_gone_and_to_others_are_not(app_context: Flask) -> None:
    slug = store_campaign([OfficeFactory.build()])
    for address in ("Ani@München.example", "ani+letters@münchen.example", "other@münchen.example"):
        write_and_confirm(slug, writer=WriterFactory.build(email=address))
    take_all(clock.now())
    for copy in copies():
        answer = next(sample for sample in ANSWERS if sample.kind == "answer")
        # Composed at once, and so to the domain in ASCII.
        assert receive(answer.sent_to(bounce_address(copy.id)), to=[bounce_address(copy.id)], now=clock.now())
    db.session.rollback()
    mails = sa.select(sa.func.count(Delivery.id)).where(Delivery.kind == "notice")
    assert db.session.scalar(mails) == 6
    assert erase("ani@münchen.example").mails == 4
    assert db.session.scalar(mails) == 2


def test_what_is_printed_counts_as_left_and_what_is_to_be_printed_does_not(app_context: Flask) -> None:
    post = [
        ContactFactory.build(channel="post", value=f"{n} Rue de la Paix\n1202 Genève\nSwitzerland")
        for n in (1, 2)
    ]
    written(store_campaign([OfficeFactory.build(contacts=[one]) for one in post]))
    printed, waiting = copies()
    assert {printed.state, waiting.state} == {"to_print"}
    bring(printed, "printed")
    assert (erase().taken_back, state_of(printed), state_of(waiting)) == (1, "printed", "cancelled")
    assert left_of_ani() == []


# Shared answers


def test_a_shared_answer_is_shown_as_long_as_somebody_else_shares_it(app_context: Flask) -> None:
    slug = store_campaign([OfficeFactory.build()])
    now = clock.now()
    for reader in range(2):
        shared(slug, now + reader * DAY)
    people = db.session.scalars(sa.select(Supporter).order_by(Supporter.created_at)).all()
    campaign = db.session.scalars(sa.select(Letter.campaign_id)).first()
    assert campaign is not None
    (waiting,) = waiting_replies(campaign)
    publish_reply(campaign, waiting.id, ANSWER, actor="test", now=now)
    for person, shown in zip([one.email for one in people], (1, 0), strict=True):
        assert erase(person).answers == 1
        assert len(db.session.scalars(sa.select(PublishedReply)).all()) == shown
    assert db.session.scalars(sa.select(SharedReply)).all() == []
