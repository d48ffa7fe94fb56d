"""Shared answers: nobody sees one before an organizer; a form is read once; taken back, or left, they go."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.campaigns.models import Campaign
from app.database import db
from app.errors import NotFound, Refused
from app.letters.replies import moderating, sharing
from app.letters.replies.models import SharedReply
from app.letters.replies.sharing import look_at_sharing, share, take_back
from app.letters.retention import purge
from app.supporters.models import Consent
from tests.factories.campaigns import store_campaign
from tests.factories.recipients import OfficeFactory
from tests.factories.replies import ANSWER, answered, shared
from tests.factories.storage import everything

DAY = timedelta(days=1)
TO_SOMEBODY_ELSE = ANSWER.replace("Ms Reader", "Mr Writer").replace("3 May", "4 June")
ANOTHER = (
    "We cannot comment on this matter while it is before the court. Please look at the pages of the water "
    "board, where all decisions are published on the first Monday of each month, and write to it directly."
)


@pytest.fixture
def slug(app_context: Flask) -> str:
    """A campaign with one office, to which several people write on one day."""
    return store_campaign([OfficeFactory.build(slug="board")])


def campaign_id() -> uuid.UUID:
    db.session.rollback()
    return db.session.scalars(sa.select(Campaign.id)).one()


def publish(shared_id: uuid.UUID, text: str = ANSWER) -> None:
    moderating.publish_reply(campaign_id(), shared_id, text, actor="test", now=clock.now())


def test_a_form_is_read_once_and_shown_without_a_name(slug: str) -> None:
    now = clock.now()
    for text in (ANSWER, TO_SOMEBODY_ELSE, ANOTHER, ANSWER):
        shared(slug, now, text)
    assert moderating.shown_replies(campaign_id()) == []
    form, other = sorted(moderating.waiting_replies(campaign_id()), key=lambda one: -one.alike)
    assert (form.alike, other.alike) == (3, 1)
    assert moderating.read_reply(campaign_id(), form.id, actor="test", now=now) == ANSWER
    assert "Ms Reader" not in repr(everything())
    publish(form.id, ANSWER.replace("Ms Reader", "…"))
    (shown,) = moderating.shown_replies(campaign_id())
    assert (shown.slug, shown.alike, "Dear …, thank you" in shown.text) == ("board", None, True)
    # A later one of the same form needs no reading, and its text is not even kept.
    token, copy = shared(slug, now, TO_SOMEBODY_ELSE)
    assert look_at_sharing(token, copy, "en").shown
    assert [one.id for one in moderating.waiting_replies(campaign_id())] == [other.id]
    texts = db.session.scalars(sa.select(SharedReply).where(SharedReply.text_sealed.is_not(None)))
    assert [row.text for row in texts] == [ANOTHER]


def test_from_ten_on_it_is_told_how_many_got_it(slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moderating, "LEAST_TOLD", 3)
    for expected in (None, None, 3):
        shared(slug, clock.now())
        if waiting := moderating.waiting_replies(campaign_id()):
            publish(waiting[0].id)
        (shown,) = moderating.shown_replies(campaign_id())
        assert shown.alike == expected


def test_what_is_rejected_is_deleted_with_those_alike(slug: str) -> None:
    now = clock.now()
    shared(slug, now)
    token, copy = shared(slug, now)
    (waiting,) = moderating.waiting_replies(campaign_id())
    moderating.reject_reply(campaign_id(), waiting.id, actor="test", now=now)
    assert db.session.scalars(sa.select(SharedReply)).all() == []
    for decide in (moderating.reject_reply, moderating.read_reply):
        with pytest.raises(NotFound):
            decide(campaign_id(), waiting.id, actor="test", now=now)
    with pytest.raises(NotFound):
        publish(waiting.id)
    share(token, copy, ANOTHER, agreed=True, now=now + 16 * DAY)  # they may share another one
    assert len(moderating.waiting_replies(campaign_id())) == 1


def test_taken_back_it_is_gone_and_shown_no_more_once_nobody_shares_it(slug: str) -> None:
    now = clock.now()
    first, second = shared(slug, now), shared(slug, now)
    take_back(*first, now=now + 16 * DAY)  # the one that led: the other one leads now
    (waiting,) = moderating.waiting_replies(campaign_id())
    assert moderating.read_reply(campaign_id(), waiting.id, actor="test", now=now) == ANSWER
    publish(waiting.id)
    third = shared(slug, now)
    take_back(*third, now=now + 16 * DAY)
    assert len(moderating.shown_replies(campaign_id())) == 1
    for _twice in range(2):
        take_back(*second, now=now + 16 * DAY)
    assert moderating.shown_replies(campaign_id()) == []
    given = db.session.scalars(sa.select(Consent).where(Consent.purpose == "reply"))
    assert [row.withdrawn_at for row in given] == [now + 16 * DAY] * 3


def test_only_whose_office_answered_shares_and_only_with_consent(slug: str) -> None:
    now = clock.now()
    token, copy = answered(slug, now)
    stranger, foreign = answered(slug, now)
    before = everything()
    with pytest.raises(Refused):
        share(token, copy, ANSWER, agreed=False, now=now)
    for text in ("", "Thank you.", "\x00" + ANSWER, "word " * sharing.LONGEST):
        with pytest.raises(Refused):
            share(token, copy, text, agreed=True, now=now)
    for place in ((token, foreign), (stranger, copy), (token[:-1], copy)):
        with pytest.raises(NotFound):
            share(*place, ANSWER, agreed=True, now=now)
    assert everything() == before
    share(token, copy, ANSWER, agreed=True, now=now)
    with pytest.raises(Refused):
        share(token, copy, ANSWER, agreed=True, now=now)


def test_answers_to_other_campaigns_and_of_other_offices_are_not_alike(app_context: Flask) -> None:
    now = clock.now()
    slugs = [store_campaign([OfficeFactory.build()]) for _two in range(2)]
    for slug in slugs:
        shared(slug, now)
    ids = [one for (one,) in db.session.execute(sa.select(Campaign.id))]
    assert [len(moderating.waiting_replies(one)) for one in ids] == [1, 1]
    (waiting,) = moderating.waiting_replies(ids[0])
    with pytest.raises(NotFound):
        moderating.read_reply(ids[1], waiting.id, actor="test", now=now)


def test_what_nobody_came_to_read_is_deleted_after_28_days(slug: str) -> None:
    now = clock.now()
    shared(slug, now)
    shared(slug, now, ANOTHER)
    publish(moderating.waiting_replies(campaign_id())[0].id)
    at = now + 15 * DAY
    purge(now=at + 28 * DAY - timedelta(microseconds=1))
    assert len(moderating.waiting_replies(campaign_id())) == 1
    assert purge(now=at + 28 * DAY).texts > 0
    assert moderating.waiting_replies(campaign_id()) == []
    assert len(moderating.shown_replies(campaign_id())) == 1


def test_when_the_first_of_those_alike_is_deleted_the_next_one_is_read(slug: str) -> None:
    now = clock.now()
    shared(slug, now)
    shared(slug, now + DAY, TO_SOMEBODY_ELSE)
    purge(now=now + 15 * DAY + 28 * DAY)
    (waiting,) = moderating.waiting_replies(campaign_id())
    assert waiting.alike == 1
    assert moderating.read_reply(campaign_id(), waiting.id, actor="test", now=now) == TO_SOMEBODY_ELSE
