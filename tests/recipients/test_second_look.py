"""The rule of two people: no letter goes to an address that only one person has looked at."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select

from app.content import content_version
from app.database import db, transaction
from app.errors import NotFound, Refused
from app.recipients import approving, reaching, second_look
from app.recipients.drafts import ContactDraft
from app.recipients.models import Contact, Recipient
from app.recipients.second_look import Proposal, proposal_of, seen_of
from app.security.audit import AuditEntry, check_chain
from app.security.options import FOUR_EYES, switch
from tests.factories.recipients import ContactFactory, OfficeFactory
from tests.factories.threads import at_once
from tests.support.lengths import length

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ANI, BEN, CARA = "organizer:ani", "organizer:ben", "organizer:cara"
OLD, NEW = "old@office.example", "new@office.example"
POSTAL = {"street": "8–14 avenue de la Paix", "city": "Genève", "region": "", "postal_code": "1211"}
SECOND = "somebody else"
"""What every refusal of the rule says."""


@pytest.fixture
def contact(app_context: Flask) -> Contact:
    """The verified address of an office."""
    return store(ContactFactory.build(value=OLD))


def store(row: Contact) -> Contact:
    with transaction() as session:
        session.add(OfficeFactory.build(contacts=[row]))
    return row


def stored(contact: Contact) -> Contact:
    db.session.rollback()
    return db.session.get_one(Contact, contact.id)


def waiting_for(contact: Contact) -> Proposal:
    proposal = proposal_of(stored(contact))
    assert proposal is not None
    return proposal


def draft_of(contact: Contact, **changed: object) -> ContactDraft:
    row = stored(contact)
    draft = ContactDraft(
        channel=row.channel, value=row.value, postal=row.postal, country=row.country,
        confidence=row.confidence,
    )  # fmt: skip
    return replace(draft, **changed)


def edit(contact: Contact, who: str = ANI, **changed: object) -> None:
    draft = draft_of(contact, **changed)
    reaching.edit_contact(contact.id, draft, seen=stored(contact).edited_at, actor=who, now=LATER)


def approve(contact: Contact, who: str = BEN, seen: str | None = None) -> None:
    seen = waiting_for(contact).seen if seen is None else seen
    by = f"{who} by name"
    approving.approve_proposal(contact.id, seen=seen, by=by, how="its page", actor=who, now=LATER)


def verify(contact: Contact, who: str, seen: str | None = None) -> None:
    seen = seen_of(stored(contact)) if seen is None else seen
    reaching.verify_contact(contact.id, seen=seen, by=who, how="a call", actor=who, now=LATER)


def told() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)))


def test_the_old_address_stays_in_use_until_a_second_person_approves(contact: Contact) -> None:
    before = content_version()
    edit(contact, value=NEW)
    row = stored(contact)
    assert (row.value, row.is_usable, row.edited_at) == (OLD, True, None)
    assert content_version() == before, "what is only proposed is not content"
    proposal = waiting_for(contact)
    assert (proposal.by, proposal.at, proposal.changed) == (ANI, LATER, ["value"])
    assert (proposal.old["value"], proposal.new["value"]) == (OLD, NEW)
    assert second_look.waiting_count() == 1

    approve(contact)
    row = stored(contact)
    assert (row.value, row.is_usable, row.verified_at) == (NEW, True, LATER)
    assert (row.verified_by, row.entered_by, row.confidence) == (f"{BEN} by name", ANI, "high")
    assert proposal_of(row) is None
    assert content_version() > before
    assert second_look.waiting_count() == 0
    assert told() == ["contact.proposed", "contact.approved"]
    assert check_chain() is None


def test_a_postal_address_too(app_context: Flask) -> None:
    contact = store(ContactFactory.build(channel="post", value="", postal=POSTAL, country="CH"))
    edit(contact, postal=POSTAL | {"street": "Case postale 1"})
    assert stored(contact).postal == POSTAL
    approve(contact)
    assert stored(contact).postal["street"] == "Case postale 1"


def test_who_proposed_it_cannot_approve_it(contact: Contact) -> None:
    edit(contact, value=NEW)
    with pytest.raises(Refused, match=SECOND):
        approve(contact, ANI)
    assert stored(contact).value == OLD


def test_what_leads_nowhere_else_needs_nobody(contact: Contact) -> None:
    before = content_version()
    edit(contact, note="Ask for Ms. Roy", language="fr", sources=[{"label": "Its page", "url": ""}])
    row = stored(contact)
    assert (row.note, row.language, row.is_usable) == ("Ask for Ms. Roy", "fr", True)
    assert proposal_of(row) is None
    assert content_version() > before


def test_both_in_one_form_the_note_counts_at_once_and_the_address_waits(contact: Contact) -> None:
    edit(contact, value=NEW, note="They moved", confidence="unverified")
    row = stored(contact)
    assert (row.note, row.value, row.confidence, row.is_usable) == ("They moved", OLD, "high", True)
    assert waiting_for(contact).new["value"] == NEW
    assert told() == ["contact.proposed", "contact.edited"]
    approve(contact)
    assert stored(contact).value == NEW


def test_a_form_on_the_offices_site_needs_nobody(app_context: Flask) -> None:
    contact = store(ContactFactory.build(channel="web_form", value="https://office.example/a"))
    edit(contact, value="https://office.example/b")
    row = stored(contact)
    assert (row.value, row.verified_at, row.entered_by) == ("https://office.example/b", None, ANI)
    verify(contact, ANI)
    edit(contact, channel="email", value=NEW)
    assert not stored(contact).is_usable
    with pytest.raises(Refused, match=SECOND):
        verify(contact, ANI)


def test_a_second_proposal_takes_the_place_of_the_first(contact: Contact) -> None:
    edit(contact, ANI, value=NEW)
    first = waiting_for(contact).seen
    edit(contact, BEN, value="newer@office.example")
    assert waiting_for(contact).by == BEN
    with pytest.raises(Refused, match="changed while you were looking"):
        approve(contact, CARA, first)
    approve(contact, ANI)
    assert stored(contact).value == "newer@office.example"
    assert told() == ["contact.proposed", "contact.proposed_anew", "contact.approved"]


def test_nobody_approves_what_the_page_did_not_show(contact: Contact) -> None:
    """Between the opening of the page and the yes, the proposer puts another address under it."""
    edit(contact, ANI, value=NEW)
    shown = waiting_for(contact).seen
    edit(contact, ANI, value="rogue@elsewhere.example")
    for seen in (shown, ""):
        with pytest.raises(Refused, match="changed while you were looking"):
            approve(contact, BEN, seen)
    assert stored(contact).value == OLD


def test_nobody_verifies_what_the_page_did_not_show(app_context: Flask) -> None:
    contact = store(ContactFactory.build(value=NEW, verified_at=None, entered_by=ANI))
    shown = seen_of(stored(contact))
    edit(contact, ANI, value="rogue@elsewhere.example")
    with pytest.raises(Refused, match="changed while you were looking"):
        verify(contact, BEN, shown)
    assert not stored(contact).is_usable


def test_rejecting_and_taking_back(contact: Contact) -> None:
    edit(contact, value=NEW)
    seen = waiting_for(contact).seen
    before = content_version()
    with pytest.raises(Refused, match="Somebody else proposed"):
        approving.take_back_proposal(contact.id, seen=seen, actor=BEN, now=LATER)
    approving.reject_proposal(contact.id, seen=seen, reason="It bounces.", actor=BEN, now=LATER)
    for decide in (
        lambda: approve(contact, BEN, seen),
        lambda: approving.take_back_proposal(contact.id, seen=seen, actor=ANI, now=LATER),
    ):
        with pytest.raises(NotFound):
            decide()
    edit(contact, value=NEW)
    approving.take_back_proposal(contact.id, seen=waiting_for(contact).seen, actor=ANI, now=LATER)
    row = stored(contact)
    assert (row.value, row.is_usable, proposal_of(row), row.proposed_by) == (OLD, True, None, None)
    assert content_version() == before
    assert told() == ["contact.proposed", "contact.rejected", "contact.proposed", "contact.taken_back"]
    reason = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "contact.rejected")).one()
    assert reason.detail["reason"] == "It bounces."


def test_a_contact_that_was_edited_meanwhile_is_not_overwritten(contact: Contact) -> None:
    edit(contact, ANI, value=NEW)
    switch(FOUR_EYES, False, actor=CARA, now=NOW)
    edit(contact, CARA, value="third@office.example")
    switch(FOUR_EYES, True, actor=CARA, now=NOW)
    assert waiting_for(contact).is_stale
    with pytest.raises(Refused, match="edited after the change was proposed"):
        approve(contact, BEN)
    assert stored(contact).value == "third@office.example"
    approving.reject_proposal(contact.id, seen=waiting_for(contact).seen, reason="Old.", actor=BEN, now=LATER)
    assert proposal_of(stored(contact)) is None


def test_a_withdrawn_contact_is_not_brought_back_by_a_proposal(contact: Contact) -> None:
    edit(contact, value=NEW)
    reaching.set_contact_status(contact.id, "withdrawn", actor=ANI, now=LATER)
    assert second_look.waiting_count() == 0
    with pytest.raises(Refused, match="withdrawn"):
        approve(contact)
    reaching.set_contact_status(contact.id, "suspended", actor=ANI, now=LATER)
    approve(contact)
    assert (stored(contact).value, stored(contact).is_usable) == (NEW, False)


@pytest.mark.parametrize("channel", ["email", "post"])
def test_who_entered_a_new_address_cannot_verify_it(app_context: Flask, channel: str) -> None:
    office: Recipient = OfficeFactory.build(contacts=[])
    with transaction() as session:
        session.add(office)
    draft = ContactDraft(channel=channel, value=NEW, postal=POSTAL, country="CH")
    row = reaching.add_contact(office.id, draft, row_id=uuid.uuid4(), actor=ANI, now=NOW)
    assert second_look.waiting_count() == 1
    with pytest.raises(Refused, match=SECOND):
        verify(row, ANI)
    edit(row, BEN, country="FR")  # now it is Ben who said last where it leads
    with pytest.raises(Refused, match=SECOND):
        verify(row, BEN)
    verify(row, ANI)
    assert stored(row).is_usable
    assert second_look.waiting_count() == 0
    verify(row, BEN)  # again, months later: a second person has seen it


@pytest.mark.parametrize("entered_by", [None, "command line", "system"])
def test_what_nobody_at_the_desk_entered_is_verified_by_anybody(
    app_context: Flask, entered_by: str | None
) -> None:
    contact = store(ContactFactory.build(value=NEW, verified_at=None, entered_by=entered_by))
    assert second_look.waiting_count() == 0
    verify(contact, ANI)
    assert stored(contact).is_usable


def test_a_group_of_one_switches_the_rule_off(contact: Contact) -> None:
    edit(contact, value=NEW)
    switch(FOUR_EYES, False, actor=ANI, now=NOW)
    approve(contact, ANI)
    edit(contact, value="newer@office.example")
    assert not stored(contact).is_usable
    assert second_look.waiting_count() == 0
    verify(contact, ANI)
    assert stored(contact).value == "newer@office.example"
    assert stored(contact).is_usable


def test_closed_offices_wait_for_nobody(contact: Contact) -> None:
    edit(contact, value=NEW)
    with transaction() as session:
        office = session.scalars(select(Recipient)).one()
        office.status, office.closed_on = "closed", NOW.date()
    assert second_look.waiting_count() == 0


def test_the_list_tells_both_sorts_page_by_page(app_context: Flask) -> None:
    for number in range(3):
        edit(store(ContactFactory.build(value=f"old-{number}@office.example")), value=NEW)
    store(ContactFactory.build(verified_at=None, entered_by=ANI))
    store(ContactFactory.build(verified_at=None))
    pages = [second_look.waiting(number=number, size=3) for number in (1, 2, 9)]
    assert [(page.number, page.pages, page.total) for page in pages] == [(1, 2, 4), (2, 2, 4), (2, 2, 4)]
    lines = [*pages[0].lines, *pages[1].lines]
    assert len({line.contact.id for line in lines}) == 4
    assert Counter(line.proposal is None for line in lines) == {False: 3, True: 1}


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_of_two_who_approve_at_once_one_does(contact: Contact, app_context: Flask) -> None:
    edit(contact, value=NEW)
    seen = waiting_for(contact).seen

    def decide() -> bool:
        try:
            approve(contact, BEN, seen)
        except NotFound:
            return False
        return True

    assert sum(at_once(4, app_context, decide)) == 1
    assert told().count("contact.approved") == 1


played: Counter[str] = Counter()


class Rogue(RuleBasedStateMachine):
    """Ani does whatever the services let her; Ben honestly keeps the same contacts, and looks first.

    Ani may open any page, and act on what she knows; Ben decides on what a page showed him earlier.
    """

    def __init__(self) -> None:
        super().__init__()
        self.chance = random.Random()
        self.looked_at: dict[str, set[str]] = {}
        self.shown: tuple[uuid.UUID, str, str, str] | None = None
        with transaction() as session:
            # Those of an earlier way go first: one database for all of them.
            session.execute(delete(Contact))
            session.execute(delete(Recipient))
            office = OfficeFactory.build(contacts=[ContactFactory.build(value=OLD)])
            session.add(office)
        self.office = office.id
        self.contacts = [office.contacts[0].id]  # in the order of their making: ids are of no order
        self.looked_at[OLD] = {ANI, BEN}

    @rule(chance=st.randoms(use_true_random=False))
    def chance_decides(self, chance: random.Random) -> None:
        self.chance = chance
        moves: list[Callable[[], None]] = [
            self.ani_edits, self.ani_edits, self.ani_adds, self.ani_says_yes, self.ani_says_yes,
            self.ani_takes_a_step, self.ben_edits, self.ben_opens_a_page, self.ben_opens_a_page,
            self.ben_says_yes, self.ben_says_yes, self.somebody_rejects,
        ]  # fmt: skip
        move = chance.choice(moves)
        try:
            move()
            played[move.__name__] += 1
        except (Refused, NotFound):
            played[f"{move.__name__}, refused"] += 1

    def any_contact(self) -> Contact:
        db.session.rollback()
        return db.session.get_one(Contact, self.chance.choice(self.contacts))

    def new_address(self, who: str) -> str:
        address = f"{who[10:]}-{len(self.looked_at)}@office.example"
        self.looked_at[address] = {who}
        return address

    def ani_edits(self) -> None:
        edit(self.any_contact(), ANI, value=self.new_address(ANI), note=str(self.chance.random()))

    def ben_edits(self) -> None:
        edit(self.any_contact(), BEN, value=self.new_address(BEN))

    def ani_adds(self) -> None:
        if len(self.contacts) == 2:  # few, so that the two get in each other's way
            raise NotFound("there are enough")
        draft = ContactDraft(channel="email", value=self.new_address(ANI))
        row_id = uuid.uuid4()
        reaching.add_contact(self.office, draft, row_id=row_id, actor=ANI, now=NOW)
        self.contacts.append(row_id)

    def ani_says_yes(self) -> None:
        contact = self.any_contact()
        proposal = proposal_of(contact)
        if proposal is None or self.chance.random() < 0.3:
            verify(contact, ANI)
            self.looked_at[stored(contact).value].add(ANI)
        else:
            approve(contact, ANI)
            self.looked_at[proposal.new["value"]].add(ANI)

    def ani_takes_a_step(self) -> None:
        status = self.chance.choice(["suspended", "withdrawn", "active", "active"])
        reaching.set_contact_status(self.any_contact().id, status, actor=ANI, now=LATER)

    def ben_opens_a_page(self) -> None:
        contact = self.any_contact()
        proposal = proposal_of(contact)
        if proposal:
            self.shown = (contact.id, "approve", proposal.seen, proposal.new["value"])
        else:
            self.shown = (contact.id, "verify", seen_of(contact), contact.value)

    def ben_says_yes(self) -> None:
        if self.shown is None:
            raise NotFound("no page is open")
        contact_id, decision, seen, address = self.shown
        contact = db.session.get_one(Contact, contact_id)
        self.shown = None
        self.looked_at[address].add(BEN)  # he looked, whatever comes of it
        if decision == "approve":
            approve(contact, BEN, seen)
        else:
            verify(contact, BEN, seen)

    def somebody_rejects(self) -> None:
        contact = self.any_contact()
        proposal = proposal_of(contact)
        if proposal is None:
            raise NotFound("nothing is proposed")
        who = self.chance.choice([ANI, BEN])
        if who == proposal.by:
            approving.take_back_proposal(contact.id, seen=proposal.seen, actor=who, now=LATER)
        else:
            approving.reject_proposal(contact.id, seen=proposal.seen, reason="no", actor=who, now=LATER)

    @invariant()
    def letters_go_only_where_two_people_have_looked(self) -> None:
        with db.sessionmaker() as session:
            for contact in session.scalars(select(Contact)):
                if contact.is_usable:
                    assert self.looked_at[contact.value] == {ANI, BEN}, contact.value


def test_one_organizer_alone_never_makes_a_letter_go_anywhere(app_context: Flask) -> None:
    played.clear()
    options = settings(
        max_examples=length(8, 200),
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Rogue, settings=options)
    for move in ("ani_edits", "ani_adds", "ben_edits", "ben_says_yes", "ani_says_yes"):
        assert played[move], played
    assert played["ani_says_yes, refused"], played
