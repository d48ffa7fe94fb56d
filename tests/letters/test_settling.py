"""What organizers settle at once: all that was unclear when they looked, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from app import clock
from app.database import transaction
from app.delivery.models import Delivery
from app.errors import NotFound
from app.letters.readdressing import Outcome
from app.letters.settling import OWN, settle_all, unclear_group, unclear_groups
from app.letters.unclear import Settlement
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies, notices, write_and_confirm
from tests.factories.recipients import OfficeFactory

WHO = "organizer:00000000-0000-0000-0000-000000000001"


@pytest.fixture
def unclear(app_context: Flask) -> None:
    """Two letters to two offices, all unclear, and so are the mails that asked to confirm them."""
    slug = store_campaign([OfficeFactory.build(), OfficeFactory.build()])
    for _letter in range(2):
        write_and_confirm(slug)
    with transaction() as session:
        session.execute(update(Delivery).values(state="unclear", due_at=None, state_at=clock.now()))


@pytest.mark.parametrize(
    ("how", "state"), [("arrived", "accepted"), ("again", "queued"), ("give-up", "failed")]
)
def test_a_group_is_settled_and_the_others_stay(unclear: None, how: Settlement, state: str) -> None:
    first, second, own = unclear_groups()
    assert (first.count, second.count, own.key, own.count) == (2, 2, OWN, 2)
    now = clock.now()
    assert settle_all(first.key, how, until=first.until, actor=WHO, now=now) == Outcome(2, 0, 0)
    assert settle_all(OWN, how, until=own.until - timedelta(seconds=1), actor=WHO, now=now) == Outcome(
        0, 0, 0
    )
    assert sorted(copy.state for copy in copies()) == sorted([state] * 2 + ["unclear"] * 2)
    assert {mail.state for mail in notices()} == {"unclear"}
    with pytest.raises(NotFound):
        unclear_group(first.key)


def test_what_is_not_kept_any_more_cannot_be_sent_again(unclear: None) -> None:
    group = unclear_groups()[0]
    with transaction() as session:
        one = group.mails[0].delivery_id
        session.execute(update(Delivery).where(Delivery.id == one).values(wire_sealed=None, text_sealed=None))
    now = clock.now()
    assert settle_all(group.key, "again", until=group.until, actor=WHO, now=now) == Outcome(1, 1, 1)
    assert settle_all(group.key, "give-up", until=group.until, actor=WHO, now=now) == Outcome(1, 0, 0)
