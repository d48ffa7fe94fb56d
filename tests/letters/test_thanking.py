"""Offices that have acted are thanked, and not asked for what they have done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.campaigns.models import Campaign, LetterTemplate
from app.campaigns.reading import AudienceOffice, audience_of
from app.database import db, transaction
from app.errors import Refused
from app.letters import readdressing, retracted, thanking
from app.letters.checking import problems_of_template
from app.letters.confirming import confirm
from app.letters.dispatch import HOLDER_CHANGED, reasons_to_hold
from app.letters.joint.dispatch import dispatch
from app.letters.submitting import forms_to_fill
from app.letters.thanking import Doing
from app.recipients.models import Holder, Recipient
from app.security.audit import AuditEntry
from tests.delivery.working import FakeServer, drain
from tests.factories.campaigns import TemplateFactory, store_campaign, thanks_letter
from tests.factories.joint import sign_and_confirm, store_joint
from tests.factories.letters import copies, write_and_confirm, write_and_find_token
from tests.factories.recipients import ContactFactory, HolderFactory, OfficeFactory
from tests.support.client import CheckingClient
from tests.support.pages import Page

WHO = "organizer:00000000-0000-0000-0000-000000000001"
SAID = "In May, the Assembly voted for opening the sluice."
ASK = "I ask you to have the sluice opened."
SOURCE = {"label": "The Assembly’s record", "url": "https://assembly.example/record"}
pytestmark = pytest.mark.usefixtures("app_context")


def made(templates: Sequence[LetterTemplate] = (), **office: object) -> str:
    """Store a campaign that writes to the office “assembly”, with a letter that asks, and one that thanks."""
    there = [OfficeFactory.build(slug="assembly", **office)]
    return store_campaign(there, templates=templates or [TemplateFactory.build(), thanks_letter()])


def campaign() -> Campaign:
    db.session.rollback()
    return db.session.scalars(select(Campaign)).one()


def office() -> Recipient:
    return db.session.scalars(select(Recipient).where(Recipient.slug == "assembly")).one()


def card(*, day: date | None = None) -> AudienceOffice:
    (found,) = audience_of(db.session, campaign(), "en", day=day or clock.now().date())
    return found


def doing(*, by_holder: bool = False, done_on: date = date(2026, 5, 4), said: str = SAID) -> Doing:
    return Doing(done_on=done_on, said={"en": said} if said else {}, source=SOURCE, by_holder=by_holder)


def record(what: Doing | None = None) -> int:
    return thanking.record_deed(campaign().id, office().id, what or doing(), actor=WHO, now=clock.now())


def undo() -> int:
    return thanking.undo_deed(campaign().id, office().id, actor=WHO, now=clock.now())


def reason(kind: str) -> str:
    return f"{kind}{campaign().slug}/assembly"


def states() -> Counter[tuple[str, str]]:
    """Return how many copies are in each state, with the reason of held ones."""
    return Counter((copy.state, copy.reason if copy.state == "held" else "") for copy in copies())


def send(app: Flask) -> list[str]:
    """Run a worker over what is due, and return the texts of the letters that left."""
    server = FakeServer()
    drain(app, server, check=reasons_to_hold, now=clock.now() + timedelta(minutes=1))
    db.session.rollback()
    return [
        envelope.text for envelope in server.taken if "Dear" in envelope.text or "Excellency" in envelope.text
    ]


def somebody_else_holds_it() -> None:
    with transaction() as session:
        (before,) = session.scalars(select(Holder))
        before.ends_on = clock.now().date() - timedelta(days=1)
        follower = HolderFactory.build(name="Robin Follower", starts_on=clock.now().date())
        follower.recipient_id = before.recipient_id
        session.add(follower)


def test_an_office_that_acted_gets_the_letter_of_thanks(app_context: Flask) -> None:
    slug = made()
    assert record() == 0
    write_and_confirm(slug)
    (text,) = send(app_context)
    assert SAID in text
    assert "Thank you for it." in text
    assert ASK not in text
    assert (card().deed_said, card().template_key, card().preselected) == (SAID, "thanks", True)
    recorded, *_before = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "campaign.deed_recorded")
    )
    assert recorded.actor == WHO


def test_it_has_acted_from_that_day_on(app_context: Flask) -> None:
    made()
    record()
    assert card(day=date(2026, 5, 3)).deed is None
    assert card(day=date(2026, 5, 4)).deed is not None


def test_without_a_letter_of_thanks_it_can_be_asked_but_is_not_ticked(app_context: Flask) -> None:
    slug = made([TemplateFactory.build()])
    record()
    found = card()
    assert (found.deed_said, found.template_key, found.preselected) == (SAID, "appeal", False)
    assert found.addressable
    write_and_confirm(slug)
    (text,) = send(app_context)
    assert ASK in text  # whoever wrote it knew


def test_what_one_holder_did_their_follower_did_not(app_context: Flask) -> None:
    slug = made()
    record(doing(by_holder=True))
    assert card().deed is not None
    write_and_confirm(slug)
    somebody_else_holds_it()
    assert card().deed is None
    assert send(app_context) == []
    assert states() == {("held", HOLDER_CHANGED): 1}
    # Nor is the follower thanked for it in a letter that was written to the one before.
    outcome = readdressing.readdress(office().id, HOLDER_CHANGED, actor=WHO, now=clock.now())
    assert (outcome.done, outcome.failed) == (0, 1)
    record(doing(by_holder=True))
    assert card().deed is not None


def test_letters_that_ask_for_what_was_done_are_held_and_decided_about_at_once(app_context: Flask) -> None:
    slug = made()
    for _ in range(3):
        write_and_confirm(slug)
    assert record() == 3
    acted = reason("it has acted: ")
    assert states() == {("held", acted): 3}
    (group,) = retracted.retracted_groups("en")
    assert (group.count, group.can_ask) == (3, False)
    assert SAID in group.about
    assert retracted.release_retracted(acted, actor=WHO, now=clock.now()).done == 3
    assert len(send(app_context)) == 3


def test_the_last_look_holds_what_was_overlooked(app_context: Flask) -> None:
    slug = made()
    token = write_and_find_token(slug)
    assert record() == 0  # not confirmed, so nothing of it could be held
    confirm(token, now=clock.now())
    (copy,) = copies()
    assert ASK in copy.text  # what its writer read
    assert send(app_context) == []
    assert states() == {("held", reason("it has acted: ")): 1}
    outcome = retracted.cancel_retracted(reason("it has acted: "), "It has.", actor=WHO, now=clock.now())
    assert outcome.done == 1


def test_a_letter_for_the_offices_form_is_held_when_it_is_confirmed(app_context: Flask) -> None:
    slug = made(contacts=[ContactFactory.build(channel="web_form", value="https://assembly.example/form")])
    token = write_and_find_token(slug)
    record()
    page = confirm(token, now=clock.now())
    assert states() == {("held", reason("it has acted: ")): 1}
    assert forms_to_fill(page) == {}
    written = write_and_confirm(slug)
    (help_,) = forms_to_fill(written).values()
    assert SAID in "".join(field.text for field in help_.fields)


def test_what_was_recorded_by_mistake_is_undone_and_its_thanks_are_held(app_context: Flask) -> None:
    slug = made()
    record()
    pending = write_and_find_token(slug)
    write_and_confirm(slug)
    assert undo() == 1
    undone = reason("thanks for what was not done: ")
    assert states()["held", undone] == 1
    confirm(pending, now=clock.now())
    assert SAID in copies()[0].text
    assert send(app_context) == []
    assert states() == {("held", undone): 2}
    with pytest.raises(Refused):
        undo()
    assert card().deed is None
    write_and_confirm(slug)
    (text,) = send(app_context)
    assert ASK in text
    assert SAID in retracted.retracted_groups("en")[0].about


def test_what_is_recorded_needs_a_day_a_sentence_and_a_source(app_context: Flask) -> None:
    made(holders=[])
    no_source = Doing(done_on=date(2026, 5, 4), said={"en": SAID}, source={}, by_holder=False)
    tomorrow = clock.now().date() + timedelta(days=1)
    for wrong in (doing(said=""), no_source, doing(done_on=tomorrow), doing(by_holder=True)):
        with pytest.raises(Refused):
            record(wrong)
    record()
    with pytest.raises(Refused):
        record()
    with transaction() as session:
        session.add(OfficeFactory.build(slug="stranger"))
    stranger = db.session.scalars(select(Recipient.id).where(Recipient.slug == "stranger")).one()
    with pytest.raises(Refused):
        thanking.record_deed(campaign().id, stranger, doing(), actor=WHO, now=clock.now())


def test_letters_of_thanks_are_held_against_the_offices_that_acted(app_context: Flask) -> None:
    body = "{{ personal }}\n\n{{ %s }}\n"
    appeal = TemplateFactory.build(body=body % "recipient.deed")
    made([appeal, thanks_letter(), thanks_letter("asks", body % "recipient.ask")])
    told = {
        template.key: [str(one) for one in problems(template)]
        for template in sorted(campaign().templates, key=lambda one: one.key)
    }
    assert told["thanks"] == []
    assert "asks for nothing" in told["asks"][0]
    assert "{{ recipient.deed }}" in told["asks"][1]
    assert "Only a letter of thanks" in told["appeal"][0]
    record(Doing(done_on=date(2026, 5, 4), said={"fr": "Oui."}, source=SOURCE, by_holder=False))
    thanks = next(one for one in campaign().templates if one.key == "thanks")
    assert "not said in this language" in str(problems(thanks)[0])


def problems(template: LetterTemplate) -> list[object]:
    day = clock.now().date()
    return list(problems_of_template(db.session, template.campaign, template.versions[-1], day=day))


def test_a_joint_letter_that_was_begun_before_an_office_acted_is_held_for_it(app_context: Flask) -> None:
    joint = store_joint(offices=2)
    sign_and_confirm(joint)
    first = campaign().audience[0].recipient_id
    assert first is not None
    thanking.record_deed(campaign().id, first, doing(), actor=WHO, now=clock.now())
    dispatch(joint.campaign_id, joint.id, after=0, actor=WHO, now=clock.now())
    assert len(send(app_context)) == 1
    held = {copy.recipient_id: copy.state for copy in copies()}
    assert held[first] == "held"


def test_the_write_page_says_that_it_acted_when_and_from_where(
    app_context: Flask, client: CheckingClient
) -> None:
    slug = made()
    record()
    page = Page(client.get(f"/campaigns/{slug}/write").text)
    assert SAID in page.text
    assert "May 4, 2026" in page.text or "4 May 2026" in page.text
    assert "Your letter thanks it, and asks for nothing." in page.text
    assert SOURCE["label"] in page.text
    assert "Open the sluice." not in page.text
    public = Page(client.get(f"/campaigns/{slug}").text)
    assert SAID in public.text
