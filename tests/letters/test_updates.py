"""Updates: to whom they go, how often, with which headers, and that they stop at once."""

from __future__ import annotations

import email
import email.policy
import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.campaigns.models import Campaign
from app.database import db, transaction
from app.delivery import claims
from app.delivery.models import Delivery
from app.errors import NotFound, Refused
from app.letters.confirming import confirm
from app.letters.retention import purge
from app.letters.updates import desk
from app.letters.updates.models import CampaignUpdate, UpdateMail
from app.letters.updates.sending import send_update, try_update
from app.letters.updates.subscribing import look_at_subscription, unsubscribe
from app.supporters.addresses import address_index
from app.supporters.models import Consent
from app.supporters.silence import silence
from tests.factories.campaigns import KEY, days_from, reword, store_campaign
from tests.factories.joint import BODY, SUBJECT, begin, sign_and_confirm
from tests.factories.letters import WriterFactory, copies, notices, write_and_find_token, write_letter
from tests.factories.storage import everything
from tests.factories.threads import at_once
from tests.factories.updates import ask_for_news, news, stop_path, store_update

DAY = timedelta(days=1)


def send(update: CampaignUpdate, now: datetime) -> int:
    """Send an update as somebody who has just read it."""
    return send_update(
        update.campaign_id, update.id, seen=update.edited_at, language="en", actor="test", now=now
    )


def token_of(path: str) -> str:
    return path.rpartition("/")[2]


def test_who_asked_for_news_gets_one_mail_and_nobody_else(app_context: Flask) -> None:
    slug, other, now = store_campaign(), store_campaign(), clock.now()
    for address in ("one@people.example", "two@people.example", "Two+again@people.example"):
        ask_for_news(slug, address)
    ask_for_news(slug, "no-news@people.example", updates=False)
    ask_for_news(other, "elsewhere@people.example")
    ask_for_news(slug, "never@people.example")
    write_letter(slug, updates=True, writer=WriterFactory.build(email="unconfirmed@people.example"))
    with transaction() as session:
        silence(session, address_index("never@people.example"), now=now)
    update = store_update(slug, sent=False)
    assert send(update, now) == 2
    assert {mail.envelope_to for mail in news()} == {"one@people.example", "Two+again@people.example"}
    assert send(update, now) == 2  # the same form again
    assert len(news()) == 2


def test_who_signed_a_joint_letter_gets_them_too(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    reword(slug, BODY, SUBJECT)
    sign_and_confirm(begin(slug, KEY), updates=True)
    assert send(store_update(slug, sent=False), now) == 1


def test_it_is_a_lists_mail_and_leaves_after_every_letter(app_context: Flask) -> None:
    slug, now = store_campaign(slug="valley"), clock.now()
    ask_for_news(slug, "reader@people.example")
    send(store_update(slug, sent=False), now)
    (mail,) = news()
    read = email.message_from_bytes(mail.wire, policy=email.policy.default)
    assert str(read["From"]).startswith("Water for the valley <noreply@")
    assert read["List-Id"] == f"<valley.updates.{str(read['From']).rpartition('@')[2]}"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(read["List-Unsubscribe"]).startswith("<http")
    assert (read["Auto-Submitted"], read["To"], mail.state) == (None, "reader@people.example", "queued")
    assert mail.text.startswith("Since Monday there is water.\n\nThank you.\n")
    assert stop_path(mail) in mail.text
    assert token_of(stop_path(mail)) not in repr(everything())
    # No other mail of ours, and no letter, is a list's.
    others = [*(one.wire for one in notices() if one.id != mail.id), *(copy.wire or b"" for copy in copies())]
    assert len(others) == 3
    assert not any(b"List-" in wire for wire in others)
    order = [one.delivery_id for one in claims.claim(worker="w", limit=9, now=now + DAY, lease=DAY / 48)]
    assert order[-1] == mail.id


def test_at_most_one_a_week_is_told_with_the_day(app_context: Flask) -> None:
    slug, now = store_campaign(), datetime(2026, 11, 3, 23, 30, tzinfo=clock.now().tzinfo)
    ask_for_news(slug, "reader@people.example", now=now)
    send(store_update(slug, sent=False, now=now), now)
    again = store_update(slug, sent=False, now=now)
    for soon in (timedelta(0), DAY, 6 * DAY):
        with pytest.raises(Refused, match=r"from 10 November 2026 on\."):
            send(again, now + soon)
    assert desk.too_early(db.session, again.campaign_id, now=now + 6 * DAY) is not None
    assert len(news()) == 1
    assert send(again, now + 6 * DAY + timedelta(hours=1)) == 1
    assert len(news()) == 2


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_two_updates_at_the_same_instant_are_one(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    ask_for_news(slug, "reader@people.example")
    drafts = [store_update(slug, sent=False) for _twice in range(2)]
    db.session.rollback()

    def one() -> int:
        try:
            return send(drafts.pop(), now)
        except Refused:
            return 0

    assert sorted(at_once(2, app_context, one)) == [0, 1]
    assert len(news()) == 1


def test_what_was_changed_meanwhile_or_is_for_nobody_is_not_sent(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    update = store_update(slug, sent=False)
    with pytest.raises(Refused, match="Nobody has asked"):
        send(update, now)
    ask_for_news(slug, "reader@people.example")
    desk.edit_update(
        update.campaign_id, update.id, subject="Other", body="Words", actor="test", now=now + DAY
    )
    with pytest.raises(Refused, match="meanwhile"):
        send(update, now + DAY)
    with pytest.raises(NotFound):
        send_update(uuid.uuid4(), update.id, seen=update.edited_at, language="en", actor="test", now=now)
    assert news() == []


def test_a_sent_one_does_not_change_any_more(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    update = store_update(slug)
    with pytest.raises(Refused):
        desk.edit_update(update.campaign_id, update.id, subject="Other", body="Words", actor="test", now=now)
    with pytest.raises(Refused):
        desk.discard_update(update.campaign_id, update.id, actor="test", now=now)


@pytest.mark.parametrize("subject", ["=?utf-8?q?x?=", "two\nlines"])
def test_a_subject_that_no_mail_can_bear_is_refused(app_context: Flask, subject: str) -> None:
    store_campaign()
    campaign = db.session.scalars(sa.select(Campaign.id)).one()
    with pytest.raises(Refused):
        desk.draft_update(
            campaign, row_id=uuid.uuid4(), subject=subject, body="x", actor="test", now=clock.now()
        )


def test_stopped_at_once_with_what_waits(app_context: Flask) -> None:
    slug, other, now = store_campaign(), store_campaign(), clock.now()
    ask_for_news(slug, "reader@people.example")
    ask_for_news(slug, "Reader+twice@people.example")
    ask_for_news(other, "reader@people.example")
    ask_for_news(slug, "stays@people.example")
    update = store_update(slug, sent=False)
    send(update, now)
    send(store_update(other, sent=False), now)
    mine = next(mail for mail in news() if mail.envelope_to == "Reader+twice@people.example")
    token = token_of(stop_path(mine))
    assert look_at_subscription(token, "en").stands
    for _twice in range(2):
        unsubscribe(token, now=now + DAY)
    assert not look_at_subscription(token, "en").stands
    states = {mail.envelope_to: mail.state for mail in news()}
    assert states == {
        "Reader+twice@people.example": "cancelled",
        "reader@people.example": "queued",  # of the other campaign
        "stays@people.example": "queued",
    }
    assert send(store_update(slug, sent=False, now=now + 8 * DAY), now + 8 * DAY) == 1
    taken_back = [
        row.withdrawn_at for row in db.session.scalars(sa.select(Consent)) if row.purpose == "updates"
    ]
    assert sum(at is not None for at in taken_back) == 2
    # Whoever asks anew gets them anew.
    ask_for_news(slug, "reader@people.example", now=now + 9 * DAY)
    assert send(store_update(slug, sent=False, now=now + 15 * DAY), now + 15 * DAY) == 2


def test_to_try_it_goes_to_oneself_only_and_is_no_update(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    ask_for_news(slug, "reader@people.example")
    update = store_update(slug, sent=False)
    try_update(update.campaign_id, update.id, to="me@desk.example", language="en", actor="test", now=now)
    (mail,) = news()
    assert mail.envelope_to == "me@desk.example"
    with pytest.raises(NotFound):
        look_at_subscription(token_of(stop_path(mail)), "en")
    assert send(update, now) == 1


def test_the_link_works_as_long_as_there_is_somebody_behind_it(app_context: Flask) -> None:
    slug, now = store_campaign(closes_on=days_from(clock.now(), 10)), clock.now()
    ask_for_news(slug, "reader@people.example")
    send(store_update(slug, sent=False), now)
    with transaction() as session:
        session.execute(sa.update(Delivery).values(state="accepted", due_at=None))
    token = token_of(stop_path(news()[0]))
    purge(now=now + 60 * DAY)
    assert news() == []  # the mail is gone, its link is not
    assert look_at_subscription(token, "en").stands
    purge(now=now + 102 * DAY)
    with pytest.raises(NotFound):
        unsubscribe(token, now=now + 102 * DAY)
    assert db.session.scalars(sa.select(UpdateMail)).all() == []


def test_a_letter_that_waits_for_its_confirmation_brings_none_back(app_context: Flask) -> None:
    slug, now = store_campaign(), clock.now()
    ask_for_news(slug, "reader@people.example", now=now - DAY)
    waits = write_and_find_token(
        slug, now=now - DAY, updates=True, writer=WriterFactory.build(email="reader@people.example")
    )
    send(store_update(slug, sent=False), now)
    unsubscribe(token_of(stop_path(news()[0])), now=now)
    confirm(waits, now=now)
    with pytest.raises(Refused, match="Nobody has asked"):
        send(store_update(slug, sent=False, now=now + 8 * DAY), now + 8 * DAY)
