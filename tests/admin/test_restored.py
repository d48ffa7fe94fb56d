"""After a restore: what the desk and a letter's page say of what waited in the backup."""

from __future__ import annotations

import pytest
from flask import Flask

from app import clock
from app.database import transaction
from app.delivery import causes
from app.delivery.models import Delivery
from app.delivery.outbox import hold
from app.letters.dispatch import HOLDER_CHANGED
from app.letters.restored import MayHaveLeft, keep_all_back, note_restored
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies, write_and_confirm
from tests.factories.organizers import desk_of
from tests.factories.recipients import OfficeFactory
from tests.support.client import CheckingClient
from tests.support.pages import Page, text_of

WARNING = "may have been released after the backup was made"
WAITED = "They waited in the backup from which the database was restored"
BROKE_OFF = "The connection broke at the one moment"


def restore() -> MayHaveLeft:
    """Do with the queue what a restore does."""
    now = clock.now()
    kept = keep_all_back(now=now)
    note_restored(actor="command line", now=now, backup_of=now, edition="0018", kept=kept)
    return kept


def main_of(page: str) -> str:
    return text_of(next(Page(page).elements("main")))


@pytest.fixture
def letter(app: Flask) -> str:
    """The token of a letter with a copy that waits and one that is held since its office changed hands."""
    with app.app_context(), app.test_request_context():
        token = write_and_confirm(store_campaign([OfficeFactory.build(), OfficeFactory.build()]))
        with transaction() as session:
            second = session.get_one(Delivery, copies()[1].id)
            hold(session, second, now=clock.now(), cause=HOLDER_CHANGED, actor="worker")
        return token


def test_the_desk_tells_what_may_have_left(app: Flask, letter: str) -> None:
    desk = desk_of(app, "organizer")
    assert WARNING not in desk.get("/admin/held").text
    with app.app_context():
        assert restore() == MayHaveLeft(unclear=2, held=0, unconfirmed=0)
    held = main_of(desk.get("/admin/held").text)
    assert WARNING in held
    assert "Nothing of them has left" not in held
    unclear = main_of(desk.get("/admin/unclear").text)
    assert WAITED in unclear
    assert BROKE_OFF not in unclear
    with app.app_context(), transaction() as session:
        one = session.get_one(Delivery, copies()[0].id)
        one.reason = causes.WORKER_LOST_AT_THE_DOT
    unclear = main_of(desk.get("/admin/unclear").text)
    assert BROKE_OFF in unclear
    assert "1 of them waited in the backup" in unclear
    assert "restored the database from a backup" in desk_of(app, "owner").get("/admin/audit").text


def test_what_is_held_after_a_restore_needs_no_warning(app: Flask, letter: str) -> None:
    with app.app_context():
        with transaction() as session:
            for copy in session.query(Delivery):
                copy.state, copy.due_at = "accepted", None
        restore()
        write_and_confirm(store_campaign([OfficeFactory.build(contacts=[])]))
    assert WARNING not in desk_of(app, "organizer").get("/admin/held").text


def test_its_writer_reads_it_in_plain_words(app: Flask, letter: str, client: CheckingClient) -> None:
    with app.app_context():
        restore()
    page = text_of(next(Page(client.get(f"/letters/{letter}").text).elements("main")))
    assert "an earlier copy of our records" in page
    assert "We do not send it twice on a guess" in page
    assert "The connection broke" not in page
