"""Offices change before a letter leaves: nothing goes to the old desk, and one decision is for all."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.campaigns.models import AudienceMember
from app.database import db, transaction
from app.delivery.envelope import Envelope
from app.delivery.models import Delivery, StateChange
from app.delivery.outbox import hold
from app.errors import NotFound, Refused
from app.evidence.models import Fact
from app.letters import deciding, readdressing, retracting
from app.letters.deciding import cause_sentence, release_copy
from app.letters.dispatch import (
    CONTACT_CHANGED,
    HOLDER_CHANGED,
    NO_CONTACT,
    OFFICE_CLOSED,
    STUCK,
    reasons_to_hold,
)
from app.letters.following import follow
from app.letters.models import Letter
from app.recipients import editing, holding, reaching
from app.recipients.drafts import HolderDraft
from app.recipients.models import Contact, Holder, Recipient
from app.rendering.mail_headers import UnsafeHeader
from app.security.audit import AuditEntry
from tests.delivery.working import FakeServer, drain
from tests.factories.campaigns import reword, store_campaign
from tests.factories.evidence import FactFactory, store
from tests.factories.letters import copies, write_and_confirm
from tests.factories.recipients import ContactFactory, HolderFactory, OfficeFactory
from tests.factories.storage import everything
from tests.support.lengths import length

WHO = "organizer:00000000-0000-0000-0000-000000000001"
pytestmark = pytest.mark.usefixtures("app_context")


def office(**fields: object) -> Recipient:
    """An office of Jordan Before."""
    holders = [HolderFactory.build(name="Jordan Before", family_name="Before")]
    built: Recipient = OfficeFactory.build(**{"holders": holders, **fields})
    return built


def confirmed(offices: list[Recipient], number: int = 1) -> list[str]:
    """Store a campaign to these offices and confirm letters; return the tokens of their pages."""
    slug = store_campaign(offices)
    return [write_and_confirm(slug) for _letter in range(number)]


def send(app: Flask) -> FakeServer:
    """Run a worker over what is due."""
    server = FakeServer()
    drain(app, server, check=reasons_to_hold, now=clock.now() + timedelta(minutes=1))
    db.session.rollback()
    return server


def change_holder(recipient: Recipient, name: str = "Robin After") -> None:
    """End the present term yesterday, and let another one begin today."""
    now = clock.now()
    holding.end_holder(recipient.holders[0].id, on=now.date() - timedelta(days=1), actor=WHO, now=now)
    draft = HolderDraft(
        name=name, family_name="After", rank="Ambassador", starts_on=now.date(), confidence="high"
    )
    holding.add_holder(recipient.id, draft, row_id=uuid.uuid4(), actor=WHO, now=now)


def states() -> Counter[tuple[str, str]]:
    """Return how many copies are in each state, with the reason of held ones."""
    return Counter((copy.state, copy.reason if copy.state == "held" else "") for copy in copies())


def letters_to(server: FakeServer) -> list[str]:
    """Return the texts of the letters that a server took."""
    return [envelope.text for envelope in server.taken if envelope.mail_from and "Dear" in envelope.text]


def held_at(recipient: Recipient, reason: str) -> readdressing.HeldGroup:
    return readdressing.held_group(recipient.id, reason, day=clock.now().date())


def test_all_letters_follow_the_office_to_its_new_holder(app_context: Flask) -> None:
    desk, many = office(), length(20, 100)
    confirmed([desk], many)
    change_holder(desk)

    assert not [text for text in letters_to(send(app_context)) if "Before" in text]
    assert states() == {("held", HOLDER_CHANGED): many}
    group = held_at(desk, HOLDER_CHANGED)
    assert (group.count, group.before, group.can_readdress) == (many, ("Jordan Before",), True)

    outcome = readdressing.readdress(desk.id, HOLDER_CHANGED, actor=WHO, now=clock.now())
    assert outcome == readdressing.Outcome(done=many, failed=0, left=0)
    server = send(app_context)
    assert states() == {("accepted", ""): many}
    texts = [copy.text for copy in copies()]
    assert all("Robin After" in text and "Before" not in text for text in texts)
    assert sorted(texts) == sorted(envelope.text for envelope in server.taken)
    assert len({envelope.message_id for envelope in server.taken}) == many
    journal = Counter(db.session.scalars(select(StateChange.cause)))
    assert journal[HOLDER_CHANGED] == many
    (anew,) = [cause for cause in journal if cause.startswith("addressed anew")]
    assert journal[anew] == many
    assert "Jordan Before" in cause_sentence(anew)
    assert "Robin After" in cause_sentence(anew)
    noted = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "delivery.all_readdressed")
    ).all()
    assert sum(int(entry.detail["copies"]) for entry in noted) == many


def test_only_the_address_changes(app_context: Flask) -> None:
    desk = office()
    confirmed([desk])
    (before,) = [copy.text for copy in copies()]
    change_holder(desk)
    send(app_context)
    readdressing.readdress(desk.id, HOLDER_CHANGED, actor=WHO, now=clock.now())
    (after,) = [copy.text for copy in copies()]
    assert after == before.replace("Jordan Before", "Robin After").replace(
        "Ambassador Before", "Ambassador After"
    )
    assert after != before


def test_a_name_that_is_overwritten_is_a_changed_holder_too(app_context: Flask) -> None:
    desk = office()
    confirmed([desk])
    with transaction() as session:
        session.get_one(Holder, desk.holders[0].id).name = "Robin After"
    send(app_context)
    assert states() == {("held", HOLDER_CHANGED): 1}


def test_nothing_is_held_where_nothing_changed(app_context: Flask) -> None:
    desk, vacant = office(), office(holders=[])
    confirmed([desk, vacant])
    with transaction() as session:  # a past holder is added: nothing for today
        row = session.get_one(Recipient, desk.id)
        row.holders.append(HolderFactory.build(starts_on=date(2020, 1, 1), ends_on=date(2020, 12, 31)))
    send(app_context)
    assert states() == {("accepted", ""): 2}


@pytest.mark.parametrize("how", ["suspended", "withdrawn", "moved"])
def test_a_contact_that_is_not_in_use_any_more_holds_its_letters(app_context: Flask, how: str) -> None:
    desk = office()
    (page,) = confirmed([desk])
    contact_id, now = desk.contacts[0].id, clock.now()
    if how == "moved":
        with transaction() as session:
            session.get_one(Contact, contact_id).value = "elsewhere@offices.example"
    else:
        reaching.set_contact_status(contact_id, how, actor=WHO, now=now)
    assert letters_to(send(app_context)) == []
    assert states() == {("held", CONTACT_CHANGED): 1}
    (copy,) = follow(page, "en").copies
    assert "address changed" in copy.standing.what

    if how == "moved":
        readdressing.readdress(desk.id, CONTACT_CHANGED, actor=WHO, now=now)
        assert [envelope.rcpt_to for envelope in send(app_context).taken if "Dear" in envelope.text] == [
            "elsewhere@offices.example"
        ]
    else:
        with pytest.raises(Refused, match="verified"):
            readdressing.readdress(desk.id, CONTACT_CHANGED, actor=WHO, now=now)


def closed_with_successor() -> tuple[Recipient, Recipient]:
    """An office to which letters wait, and the one that is to follow it."""
    desk, successor = (
        office(),
        office(holders=[HolderFactory.build(name="Sam Successor", family_name="Successor")]),
    )
    confirmed([desk], 3)
    with transaction() as session:
        session.add(successor)
    editing.close_recipient(
        desk.id,
        on=clock.now().date(),
        reason="It was merged.",
        successor_id=successor.id,
        actor=WHO,
        now=clock.now(),
    )
    return desk, successor


def test_letters_to_a_closed_office_go_to_its_successor(app_context: Flask) -> None:
    desk, successor = closed_with_successor()
    send(app_context)
    assert states() == {("held", OFFICE_CLOSED): 3}
    group = held_at(desk, OFFICE_CLOSED)
    assert (group.can_readdress, group.can_follow) == (False, True)
    with pytest.raises(Refused, match="no letters any more"):
        readdressing.readdress(desk.id, OFFICE_CLOSED, actor=WHO, now=clock.now())

    outcome = readdressing.send_to_successor(desk.id, OFFICE_CLOSED, actor=WHO, now=clock.now())
    assert outcome.done == 3
    taken = send(app_context).taken
    assert {envelope.rcpt_to for envelope in taken if "Dear" in envelope.text} == {
        successor.contacts[0].value
    }
    assert {copy.recipient_id for copy in copies()} == {successor.id}
    assert all("Sam Successor" in copy.text for copy in copies())


def test_a_successor_gets_each_letter_once(app_context: Flask) -> None:
    desk, successor = office(), office()
    confirmed([desk, successor])
    editing.close_recipient(
        desk.id, on=clock.now().date(), reason="", successor_id=successor.id, actor=WHO, now=clock.now()
    )
    send(app_context)
    readdressing.send_to_successor(desk.id, OFFICE_CLOSED, actor=WHO, now=clock.now())
    send(app_context)
    assert states() == {("accepted", ""): 1, ("cancelled", ""): 1}


def test_a_line_of_successors_ends_at_the_first_open_one() -> None:
    first, second, third = office(), office(), office()
    with transaction() as session:
        session.add_all([first, second, third])
        session.flush()
        for closed, follows in ((first, second), (second, third)):
            closed.status, closed.closed_on, closed.successor = "closed", date(2025, 1, 1), follows
    day = date(2026, 1, 1)
    found = readdressing.successor_of(db.session, db.session.get_one(Recipient, first.id), day=day)
    assert found is not None
    assert found.recipient.id == third.id
    with transaction() as session:  # a circle, as two imports may make one
        third = session.get_one(Recipient, third.id)
        third.status, third.closed_on, third.successor_id = "closed", date(2025, 1, 1), first.id
    db.session.rollback()
    again = db.session.get_one(Recipient, first.id)
    assert readdressing.successor_of(db.session, again, day=day) is None


def test_held_letters_are_cancelled_together(app_context: Flask) -> None:
    desk = office()
    confirmed([desk], 3)
    change_holder(desk)
    send(app_context)
    assert readdressing.cancel_held(desk.id, HOLDER_CHANGED, actor=WHO, now=clock.now()).done == 3
    assert states() == {("cancelled", ""): 3}
    with pytest.raises(NotFound):
        held_at(desk, HOLDER_CHANGED)
    assert readdressing.cancel_held(desk.id, HOLDER_CHANGED, actor=WHO, now=clock.now()).done == 0


def test_more_than_one_press_can_decide_about(app_context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readdressing, "AT_ONCE", 4)
    monkeypatch.setattr(readdressing, "BATCH", 2)
    desk = office()
    confirmed([desk], 5)
    change_holder(desk)
    send(app_context)
    first = readdressing.readdress(desk.id, HOLDER_CHANGED, actor=WHO, now=clock.now())
    second = readdressing.readdress(desk.id, HOLDER_CHANGED, actor=WHO, now=clock.now())
    assert (first.done, first.left, second.done, second.left) == (4, 1, 1, 0)


def test_a_contact_that_is_added_later_releases_what_waited_for_it(app_context: Flask) -> None:
    desk, other = office(contacts=[]), office(contacts=[])
    (page,) = confirmed([desk, other])
    assert states() == {("held", NO_CONTACT): 2}
    assert readdressing.release_waiting(now=clock.now()) == 0
    with transaction() as session:
        row = session.get_one(Recipient, desk.id)
        row.contacts.append(ContactFactory.build(value="new@offices.example"))
    assert readdressing.release_waiting(now=clock.now()) == 1
    assert [envelope.rcpt_to for envelope in send(app_context).taken if "Dear" in envelope.text] == [
        "new@offices.example"
    ]
    assert [copy.state for copy in follow(page, "en").copies] == ["accepted", "held"]


def test_a_waiting_letter_whose_text_is_gone_keeps_no_other_back() -> None:
    desk = office(contacts=[])
    confirmed([desk], 2)
    with transaction() as session:
        gone = session.scalars(select(Delivery).where(Delivery.kind == "letter")).first()
        assert gone is not None
        gone.text = ""
        session.get_one(Recipient, desk.id).contacts = [ContactFactory.build()]
    assert readdressing.release_waiting(now=clock.now()) == 1
    assert states() == {("queued", ""): 1, ("held", NO_CONTACT): 1}
    before = everything()
    assert readdressing.release_waiting(now=clock.now()) == 0
    assert everything() == before, "what is tried each minute and changes nothing stands in no log"


def test_a_letter_to_somebody_who_left_is_not_simply_released(app_context: Flask) -> None:
    desk = office()
    confirmed([desk])
    change_holder(desk)
    send(app_context)
    (copy,) = copies()
    with pytest.raises(Refused, match="Address it anew"):
        release_copy(copy.id, actor=WHO, now=clock.now())
    assert states() == {("held", HOLDER_CHANGED): 1}


def test_what_was_held_for_another_reason_is_not_released() -> None:
    desk = office()
    confirmed([desk])
    with transaction() as session:
        delivery = session.scalars(select(Delivery).where(Delivery.kind == "letter")).one()
        hold(session, delivery, now=clock.now(), cause=HOLDER_CHANGED, actor=WHO)
    assert readdressing.release_waiting(now=clock.now()) == 0


def test_a_letter_whose_writers_data_are_gone_stays_held(app_context: Flask) -> None:
    desk = office()
    confirmed([desk], 2)
    change_holder(desk)
    send(app_context)
    with transaction() as session:
        letter = session.scalars(select(Letter)).first()
        assert letter is not None
        letter.supporter.name = ""
    outcome = readdressing.readdress(desk.id, HOLDER_CHANGED, actor=WHO, now=clock.now())
    assert outcome == readdressing.Outcome(done=1, failed=1, left=1)


def test_an_office_that_left_the_campaign_cannot_be_addressed_anew(app_context: Flask) -> None:
    desk = office()
    confirmed([desk])
    change_holder(desk)
    send(app_context)
    with transaction() as session:
        session.delete(session.scalars(select(AudienceMember)).one())
    outcome = readdressing.readdress(desk.id, HOLDER_CHANGED, actor=WHO, now=clock.now())
    assert (outcome.done, outcome.failed) == (0, 1)


def test_a_term_that_begins_tomorrow_changes_nothing_today(app_context: Flask) -> None:
    desk = office(holders=[HolderFactory.build(name="Jordan Before", ends_on=date(2026, 12, 31))])
    confirmed([desk])
    draft = HolderDraft(name="Robin After", starts_on=date(2027, 1, 1), confidence="high")
    holding.add_holder(desk.id, draft, row_id=uuid.uuid4(), actor=WHO, now=datetime(2026, 11, 21, tzinfo=UTC))
    send(app_context)
    assert states() == {("accepted", ""): 1}


def test_one_letters_mistake_keeps_no_other_one_back_and_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = office(contacts=[])
    confirmed([desk], 3)
    broken = sorted(copy.id for copy in copies())[1]
    with transaction() as session:
        session.get_one(Recipient, desk.id).contacts = [ContactFactory.build()]
    one_envelope = deciding.envelope_of

    def envelope_of(*, delivery: Delivery, **values: Any) -> Envelope:
        if delivery.id == broken:
            raise UnsafeHeader("a name")
        return one_envelope(delivery=delivery, **values)

    monkeypatch.setattr(deciding, "envelope_of", envelope_of)
    assert readdressing.release_waiting(now=clock.now()) == 2
    assert states() == {("queued", ""): 2, ("held", STUCK): 1}
    (left,) = [copy for copy in copies() if copy.id == broken]
    assert (left.contact_id, left.wire) == (None, None), "what was begun with it is undone"
    group = held_at(desk, STUCK)
    assert (group.count, group.can_readdress) == (1, True)
    assert "An error of our own" in cause_sentence(STUCK)
    assert readdressing.release_waiting(now=clock.now()) == 0
    monkeypatch.undo()
    assert readdressing.readdress(desk.id, STUCK, actor=WHO, now=clock.now()).done == 1


def test_what_nobody_can_word_anew_is_not_offered_to_be(app_context: Flask) -> None:
    store(FactFactory.build(key="wells", value="seven"))
    desk = office()
    slug = store_campaign([desk])
    reword(slug, "Of the wells, {{ fact.wells.value }} are dry.\n\n{{ recipient.ask }}\n")
    write_and_confirm(slug)
    change_holder(desk)
    send(app_context)
    fact = db.session.scalars(select(Fact.id)).one()
    retracting.withdraw_fact(fact, "Counted twice", actor=WHO, now=clock.now())
    db.session.rollback()
    group = held_at(desk, HOLDER_CHANGED)
    assert (group.stating, group.can_readdress, group.can_follow) == (1, False, False)
