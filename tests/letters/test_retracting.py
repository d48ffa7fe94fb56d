"""What letters state is taken back before they leave: they are held, and one decision is for all."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.campaigns.models import TemplateVersion
from app.database import db
from app.delivery.models import Delivery
from app.errors import Gone, NotFound, Refused
from app.evidence.models import Fact, Person
from app.letters import posting, readdressing, retracted, retracting
from app.letters.confirming import confirm, look_at
from app.letters.dispatch import reasons_to_hold
from app.letters.following import agree_to, corrections, follow
from app.letters.models import Letter
from app.letters.stating import stated_by
from app.letters.submitting import forms_to_fill
from app.rendering.points import draw
from app.security.audit import AuditEntry
from tests.delivery.working import FakeServer, drain
from tests.factories.campaigns import TemplateFactory, reword, store_campaign
from tests.factories.evidence import FactFactory, PersonFactory, store
from tests.factories.letters import copies, notices, write_and_confirm, write_and_find_token
from tests.factories.recipients import ContactFactory, OfficeFactory
from tests.support.client import CheckingClient
from tests.support.lengths import length

WHO = "organizer:00000000-0000-0000-0000-000000000001"
BODY = (
    "{{ personal }}\n\nOf the wells, {{ fact.wells.value }} are dry.\n\n{{ recipient.ask }}\n\nThank you.\n"
)
ASKS_FOR = (
    "{{ personal }}\n\nPlease remember {{ person.robin.office }}.\n\n{{ recipient.ask }}\n\nThank you.\n"
)
WITHDRAWN = "fact withdrawn: wells"
CORRECTED = "fact corrected: wells"
pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def slug(app_context: Flask) -> str:
    """A campaign whose letter states the fact “wells”."""
    store(FactFactory.build(key="wells", value="seven"))
    slug = store_campaign([OfficeFactory.build()])
    reword(slug, BODY)
    return slug


def fact(key: str = "wells") -> Fact:
    db.session.rollback()
    return db.session.scalars(select(Fact).where(Fact.key == key)).one()


def states() -> Counter[tuple[str, str]]:
    """Return how many copies are in each state, with the reason of held ones."""
    return Counter((copy.state, copy.reason if copy.state == "held" else "") for copy in copies())


def send(app: Flask) -> list[str]:
    """Run a worker over what is due, and return the texts of the letters that left."""
    server = FakeServer()
    drain(app, server, check=reasons_to_hold, now=clock.now() + timedelta(minutes=1))
    db.session.rollback()
    return [envelope.text for envelope in server.taken if "Dear" in envelope.text]


def withdraw(reason: str = "Two wells were counted twice") -> int:
    return retracting.withdraw_fact(fact().id, reason, actor=WHO, now=clock.now())


def correct(value: str = "five") -> int:
    store(FactFactory.build(key="wells_again", value=value))
    return retracting.supersede_fact(
        fact().id, "wells_again", "Two were counted twice", actor=WHO, now=clock.now()
    )


def test_all_letters_that_state_it_are_held_and_one_decision_is_for_all(
    app_context: Flask, slug: str
) -> None:
    many = length(20, 100)
    pages = [write_and_confirm(slug) for _letter in range(many)]
    assert retracting.waiting_that_state("fact.wells") == many
    assert withdraw() == many
    assert states() == {("held", WITHDRAWN): many}
    assert send(app_context) == []
    assert readdressing.held_groups(day=clock.now().date()) == []
    (group,) = retracted.retracted_groups("en")
    assert (group.count, group.about, group.can_ask) == (many, "Seven wells are dry.", False)
    assert "turned out not to hold" in follow(pages[0], "en").copies[0].standing.what

    message = "The wells were counted again. Please write once more when we know how many are dry."
    outcome = retracted.cancel_retracted(group.reason, message, actor=WHO, now=clock.now())
    assert outcome == readdressing.Outcome(done=many, failed=0, left=0)
    assert states() == {("cancelled", ""): many}
    assert message in follow(pages[0], "en").copies[0].standing.what
    actions = Counter(db.session.scalars(select(AuditEntry.action)))
    assert actions["fact.withdrawn"] == 1
    assert actions["delivery.all_retracted"] == -(-many // readdressing.BATCH)


def test_writers_agree_to_the_corrected_letter_that_they_have_read(app_context: Flask, slug: str) -> None:
    page, other = write_and_confirm(slug), write_and_confirm(slug)
    (office,) = {copy.slug for copy in follow(page, "en").copies}
    assert correct() == 2
    assert states() == {("held", CORRECTED): 2}
    (group,) = retracted.retracted_groups("en")
    assert group.can_ask
    before = len(notices())
    for _twice in range(2):
        assert retracted.ask_writers(group.reason, actor=WHO, now=clock.now()).done == 2
    asked = notices()[before:]
    assert len(asked) == 2, "each writer is asked once"
    assert [mail for mail in asked if f"/letters/{page}" in mail.text]
    assert all("five" not in mail.text for mail in asked)
    assert send(app_context) == []

    seen = corrections(page, now=clock.now())[office]
    assert "five are dry" in "".join(segment.text for segment in seen.segments)
    store(FactFactory.build(key="wells_again"), value="four")
    with pytest.raises(Refused, match="once more"):
        agree_to(page, only=office, seen=seen.seen, now=clock.now())
    seen = corrections(page, now=clock.now())[office]
    agree_to(page, only=office, seen=seen.seen, now=clock.now())
    with pytest.raises(Refused):
        agree_to(page, only=office, seen=seen.seen, now=clock.now())
    (text,) = send(app_context)
    assert text == "".join(segment.text for segment in seen.segments)
    assert "four are dry" in text
    assert states() == {("accepted", ""): 1, ("held", CORRECTED): 1}
    assert corrections(page, now=clock.now()) == {}
    assert corrections(other, now=clock.now()) != {}


def test_released_as_they_are_they_leave_until_something_else_is_withdrawn(
    app_context: Flask, slug: str
) -> None:
    write_and_confirm(slug)
    withdraw()
    before = [copy.text for copy in copies()]
    assert retracted.release_retracted(WITHDRAWN, actor=WHO, now=clock.now()).done == 1
    assert states() == {("queued", ""): 1}
    assert send(app_context) == before


@pytest.mark.parametrize("decided", ["released as it is", "its writer agreed"])
def test_a_letter_on_paper_that_was_decided_about_is_printed(app_context: Flask, decided: str) -> None:
    store(FactFactory.build(key="wells", value="seven"))
    postal = {"street": "1 Long Street", "city": "Geneva", "postal_code": "1211"}
    post = ContactFactory.build(channel="post", value="", postal=postal, country="CH")
    slug = store_campaign([OfficeFactory.build(contacts=[post])])
    reword(slug, BODY)
    page = write_and_confirm(slug)
    assert correct() == 1
    if decided == "released as it is":
        assert retracted.release_retracted(CORRECTED, actor=WHO, now=clock.now()).done == 1
    else:
        ((office, seen),) = corrections(page, now=clock.now()).items()
        agree_to(page, only=office, seen=seen.seen, now=clock.now())
    assert states() == {("to_print", ""): 1}
    line = posting.gather(only=None, row_id=uuid.uuid4(), actor=WHO, now=clock.now())
    assert posting.mark_printed(line.id, actor=WHO, now=clock.now()) == 1
    assert states() == {("printed", ""): 1}


def test_what_is_confirmed_in_the_corrected_wording_leaves(app_context: Flask, slug: str) -> None:
    now = clock.now()
    tokens = [write_and_find_token(slug, now=now - timedelta(hours=1)) for _letter in range(2)]
    assert correct() == 0
    for token, minutes in zip(tokens, (0, 2), strict=True):
        confirm(token, now=now + timedelta(minutes=minutes))
    assert all("five are dry" in copy.text for copy in copies())
    server = FakeServer()
    drain(app_context, server, check=reasons_to_hold, now=now + timedelta(minutes=3))
    db.session.rollback()
    # In the very minute nobody can tell which of the two it read.
    assert states() == {("accepted", ""): 1, ("held", CORRECTED): 1}


def form_office() -> str:
    """Store a campaign whose letter states the fact, to an office that has a form alone."""
    store(FactFactory.build(key="wells", value="seven"))
    form = ContactFactory.build(channel="web_form", value="https://form.example/")
    slug = store_campaign([OfficeFactory.build(contacts=[form])])
    reword(slug, BODY)
    return slug


def test_what_its_writer_is_to_put_into_a_form_is_held_too(app_context: Flask) -> None:
    page = write_and_confirm(form_office())
    assert len(forms_to_fill(page)) == 1
    assert withdraw() == 1
    assert states() == {("held", WITHDRAWN): 1}
    assert forms_to_fill(page) == {}
    assert retracted.release_retracted(WITHDRAWN, actor=WHO, now=clock.now()).done == 1
    assert len(forms_to_fill(page)) == 1


def test_its_writer_puts_the_corrected_letter_into_the_form(app_context: Flask) -> None:
    page = write_and_confirm(form_office())
    assert correct() == 1
    ((office, seen),) = corrections(page, now=clock.now()).items()
    agree_to(page, only=office, seen=seen.seen, now=clock.now())
    (help_,) = forms_to_fill(page).values()
    assert "five are dry" in "".join(field.text for field in help_.fields)


def test_the_last_look_holds_what_was_overlooked(app_context: Flask, slug: str) -> None:
    write_and_confirm(slug)
    store(FactFactory.build(key="wells"), status="withdrawn", withdrawn_at=clock.now())
    assert states() == {("queued", ""): 1}
    assert send(app_context) == []
    assert states() == {("held", WITHDRAWN): 1}


def test_new_letters_state_the_corrected_fact_and_leave(app_context: Flask, slug: str) -> None:
    correct()
    write_and_confirm(slug)
    (text,) = send(app_context)
    assert "five are dry" in text


def test_a_correction_of_a_correction_holds_what_states_the_first_one(app_context: Flask, slug: str) -> None:
    correct()
    write_and_confirm(slug)
    assert retracting.waiting_that_state("fact.wells_again") == 1
    again = fact("wells_again").id
    assert retracting.withdraw_fact(again, "Nobody knows", actor=WHO, now=clock.now()) == 1
    assert states() == {("held", "fact withdrawn: wells_again"): 1}


def test_what_states_it_not_is_not_held(app_context: Flask, slug: str) -> None:
    store(FactFactory.build(key="wells_x"))
    other = store_campaign([OfficeFactory.build()])
    reword(other, BODY.replace("fact.wells.", "fact.wells_x."))
    write_and_confirm(other)
    write_and_confirm(slug)
    assert send(app_context)
    write_and_confirm(other)
    assert withdraw() == 0, "one has left, the other states another fact"
    assert states() == {("accepted", ""): 2, ("queued", ""): 1}


def test_only_letters_that_have_the_point_which_states_it_are_held(app_context: Flask, slug: str) -> None:
    texts = {"wells": "On {{ fact.wells.date }} they were counted.", "mill": "The mill stands still."}
    points = [{"key": key, "label": key, "texts": [text]} for key, text in texts.items()]
    template = TemplateFactory.build(
        body="{{ personal }}\n\n{{ points }}\n\n{{ recipient.ask }}\n",
        points={"least": 1, "most": 1, "of": points},
    )
    other = store_campaign([OfficeFactory.build()], templates=[template])
    write_and_confirm(other, points=("wells",))
    write_and_confirm(other, points=("mill",))
    assert retracting.waiting_that_state("fact.wells") == 1
    assert withdraw() == 1
    assert states() == {("held", WITHDRAWN): 1, ("queued", ""): 1}
    assert len(send(app_context)) == 1, "the last look lets the other one go"
    assert states() == {("held", WITHDRAWN): 1, ("accepted", ""): 1}


@pytest.mark.backends("sqlite")  # no row is written
def test_what_a_joint_letter_states_follows_from_the_joint_letter(app_context: Flask) -> None:
    texts = ["{{ fact.wells.text }}", "{{ fact.mills.text }}"]
    version = TemplateVersion(subject="x", body="{{ wording.opening }}", wordings={"opening": texts})
    for joint in (uuid.uuid4() for _letter in range(12)):
        carrier = Letter(joint_letter_id=joint, submission_key=uuid.uuid4())
        drawn = ("fact.wells", "fact.mills")[draw("wording.opening", 2, joint.bytes)]
        assert stated_by(carrier, version) == {drawn}


def test_a_held_letter_is_not_addressed_anew_with_another_fact_in_it(app_context: Flask, slug: str) -> None:
    write_and_confirm(slug)
    correct()
    (copy,) = copies()
    outcome = readdressing.readdress(copy.recipient_id, CORRECTED, actor=WHO, now=clock.now())
    assert (outcome.done, outcome.failed) == (0, 1)


def test_no_letter_asks_for_somebody_who_came_home(app_context: Flask) -> None:
    robin: Person = PersonFactory.build(key="robin")
    store(robin)
    slug = store_campaign([OfficeFactory.build()])
    reword(slug, ASKS_FOR)
    page = write_and_confirm(slug)
    held = retracting.record_status(
        robin.id,
        "released",
        day=clock.now().date(),
        said={"en": "released"},
        source={"label": "The radio"},
        confidence="high",
        actor=WHO,
        now=clock.now(),
    )
    assert held == 1
    assert states() == {("held", "person: robin"): 1}
    assert "not in custody any more" in follow(page, "en").copies[0].standing.what
    (group,) = retracted.retracted_groups("en")
    assert (group.about, group.can_ask) == ("former mayor", False)
    with pytest.raises(Refused, match="Nothing took the place"):
        retracted.ask_writers(group.reason, actor=WHO, now=clock.now())
    db.session.rollback()
    assert [entry["status"] for entry in db.session.scalars(select(Person)).one().history] == [
        "detained",
        "released",
    ]


def test_what_cannot_be_decided_is_refused(app_context: Flask, slug: str) -> None:
    with pytest.raises(Refused, match="why"):
        withdraw(reason="")
    with pytest.raises(Refused, match="takes its place"):
        retracting.supersede_fact(fact().id, "wells", "itself", actor=WHO, now=clock.now())
    assert fact().status == "current"
    withdraw()
    with pytest.raises(Refused, match="already"):
        withdraw()
    with pytest.raises(Refused, match="Tell the writers"):
        retracted.cancel_retracted(WITHDRAWN, " ", actor=WHO, now=clock.now())
    with pytest.raises(NotFound):
        retracted.release_retracted("holder changed", actor=WHO, now=clock.now())
    assert db.session.scalars(select(Delivery)).all() == []


def test_whoever_wrote_before_and_did_not_confirm_yet_reads_why_it_is_not_sent(slug: str) -> None:
    token = write_and_find_token(slug)
    withdraw()
    for ask in (partial(look_at, token, "en"), partial(confirm, token)):
        with pytest.raises(Gone, match="withdrew something that your letter states"):
            ask(now=clock.now())
    assert states() == {("awaiting_confirmation", ""): 1}


@pytest.mark.backends("sqlite")
def test_who_agrees_is_told_what_comes_next(app_context: Flask, client: CheckingClient) -> None:
    page = write_and_confirm(form_office())
    correct()
    asked = client.get(f"/letters/{page}")
    answer = client.submit(asked, field="seen", follow_redirects=True)
    assert "copy your corrected letter into the office" in answer.text
    assert "is on its way" not in answer.text
