"""Erasing a name under joint letters: off every copy that may still leave, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.campaigns.models import Campaign
from app.database import db, transaction
from app.delivery.models import Delivery
from app.delivery.outbox import queue_again
from app.errors import NotFound
from app.letters.joint.dispatch import dispatch
from app.letters.joint.models import Signature
from app.letters.joint.reading import count
from tests.delivery.mails import way_of
from tests.delivery.working import FakeServer
from tests.factories.joint import begin, sign_and_confirm, sign_joint, store_joint, the_joint
from tests.factories.letters import copies
from tests.letters.privacy.test_erasing import (
    ANI,
    BOTH,
    DAY,
    Interrupted,
    ani,
    bring,
    deliver,
    erase,
    left_of_ani,
    state_of,
)
from tests.letters.test_joint import names_on


def joint_way(*states: str, others: int = 2) -> list[Delivery]:
    """Let Ani sign a joint letter among others, send it to as many offices as there are ways to go."""
    joint = store_joint(offices=len(states))
    names = [f"Other {number}" for number in range(others)]
    now = clock.now()
    for place, name in enumerate([*names[:1], "", *names[1:]]):
        person = {"name": name, "email": f"other-{place}@people.example"} if name else ani()
        sign_and_confirm(joint, now=now + timedelta(seconds=place), **person)
    dispatch(joint.campaign_id, joint.id, after=0, actor="test", now=clock.now())
    with transaction() as session:
        session.execute(sa.delete(Delivery).where(Delivery.kind == "notice"))
    made = copies()
    for copy, state in zip(made, states, strict=True):
        bring(copy, *state.split())
    return made


@BOTH
def test_the_name_comes_off_every_copy_that_may_still_leave(app_context: Flask) -> None:
    ways = ("held", "sending deferred", "sending unclear", "sending accepted", "sending deferred queued")
    made = joint_way(*ways)
    texts = [copy.text for copy in made]
    assert all(names_on(text)[1].startswith("PLANTED") for text in texts)
    erased = erase()
    assert (erased.signatures, erased.signatures_left, erased.letters) == (0, 1, 0)
    assert left_of_ani() == []
    after = copies()
    assert [copy.state for copy in after] == ["held", "deferred", "unclear", "accepted", "queued"]
    for copy, text in zip(after, texts, strict=True):
        if copy.state == "accepted":
            assert (copy.text, copy.wire) == ("", None)
            continue
        assert names_on(copy.text) == ["Other 0", "Other 1"]
        assert "Signed by 2 signatories:" in copy.text
        # Word for word the same, but for the one line.
        renumbered = text.replace("3. Other 1", "2. Other 1").replace("3 signatories", "2 signatories")
        assert copy.text == "".join(line for line in renumbered.splitlines(True) if "PLANTED" not in line)
        assert copy.wire is not None
        assert (copy.message_id or "").encode() in copy.wire
    assert [one.message_id for one in after] == [one.message_id for one in made]
    joint = db.session.scalars(sa.select(Signature.joint_letter_id)).first()
    assert joint is not None
    assert count(the_joint(joint)).all == 3, "counts stay"


def test_what_leaves_afterwards_is_read_by_the_office_without_the_name(app_context: Flask) -> None:
    joint_way("held", "sending deferred queued")
    erase()
    server = FakeServer()
    deliver(app_context, server)
    (mail,) = server.taken
    assert "PLANTED" not in mail.wire.decode()
    assert names_on(mail.text) == ["Other 0", "Other 1"]


@BOTH
def test_a_joint_letter_that_is_just_being_sent_goes_again_without_the_name(app_context: Flask) -> None:
    (copy,) = joint_way("held")
    with transaction() as session:
        mine = session.get_one(Delivery, copy.id)
        queue_again(session, mine, now=clock.now(), cause="released", actor="test")
    server = Interrupted(erase, behind_the_dot=False)
    deliver(app_context, server)
    (mail,) = server.taken
    assert names_on(mail.text) == ["Other 0", "Other 1"]
    assert way_of(copy.id)[-4:] == ["sending", "queued", "sending", "accepted"]


def test_the_only_signatory_takes_the_letter_along(app_context: Flask) -> None:
    made = joint_way("held", "sending accepted", others=0)
    erase()
    assert [state_of(copy) for copy in made] == ["cancelled", "accepted"]
    assert left_of_ani() == []


def test_an_update_says_how_many_names_it_has_now(app_context: Flask) -> None:
    joint = store_joint(offices=1)
    now = clock.now()
    sign_and_confirm(joint, name="Early", now=now)
    dispatch(joint.campaign_id, joint.id, after=0, actor="test", now=now)
    sign_and_confirm(joint, now=now + timedelta(seconds=1), **ani())
    sign_and_confirm(joint, name="Late", now=now + timedelta(seconds=2))
    dispatch(joint.campaign_id, joint.id, after=1, actor="test", now=now + DAY)
    assert "2 more names" in copies()[1].text
    erase()
    _first, second = copies()
    assert names_on(second.text) == ["Late"]
    assert "one more name" in second.text
    assert "one signatory" in second.text


def test_what_has_not_left_is_signed_by_one_fewer(app_context: Flask) -> None:
    joint = store_joint(offices=1)
    sign_and_confirm(joint, name="Other")
    sign_and_confirm(joint, **ani())
    sign_joint(joint, kind="organization", **ani())
    assert erase().signatures == 2
    assert count(the_joint(joint.id)).all == 1
    dispatch(joint.campaign_id, joint.id, after=0, actor="test", now=clock.now())
    assert names_on(copies()[0].text) == ["Other"]
    assert left_of_ani() == []


def test_the_groups_own_letter_is_not_its_address_owners_to_erase(app_context: Flask) -> None:
    joint = store_joint(offices=1, reply_to=ANI)
    sign_and_confirm(joint, name="Other")
    dispatch(joint.campaign_id, joint.id, after=0, actor="test", now=clock.now())
    with pytest.raises(NotFound):
        erase()
    assert state_of(copies()[0]) == "queued"


def test_two_joint_letters_of_one_campaign(app_context: Flask) -> None:
    joint = store_joint(offices=1)
    sign_and_confirm(joint, **ani())
    sign_and_confirm(joint, name="Other")
    dispatch(joint.campaign_id, joint.id, after=0, actor="test", now=clock.now())
    slug = db.session.get_one(Campaign, joint.campaign_id).slug
    again = begin(slug, "joint")
    sign_and_confirm(again, **ani())
    erased = erase()
    assert (erased.signatures, erased.signatures_left) == (1, 1)
    assert left_of_ani() == []
