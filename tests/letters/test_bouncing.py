"""What comes back ends its copy, suspends what does not exist, and never makes anything leave."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from email import message_from_bytes, policy

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import clock
from app.campaigns.models import Campaign
from app.database import db, transaction
from app.delivery.envelope import Envelope, bounce_address, subject_of_bounce
from app.delivery.models import Delivery, StateChange
from app.delivery.outbox import queue_again
from app.delivery.senders.base import Outcome
from app.errors import Unavailable
from app.letters import answers, bouncing
from app.letters.bouncing import receive, see_to_refused
from app.letters.dispatch import ADDRESS_GONE, reasons_to_hold
from app.letters.following import follow
from app.letters.readdressing import release_waiting
from app.letters.updates.sending import send_update
from app.letters.updates.subscribing import subscribers
from app.notices.sending import compose_notice
from app.recipients import approving, reaching
from app.recipients.drafts import ContactDraft
from app.recipients.models import Contact, Recipient
from app.recipients.second_look import proposal_of, seen_of
from app.security.audit import AuditEntry
from tests.delivery.bounces.corpus import ANSWERS, AUTOMATIC, CORPUS, REPORTS, Sample
from tests.delivery.working import TAKEN, FakeServer, drain
from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies, notices, write_and_confirm
from tests.factories.recipients import ContactFactory, OfficeFactory
from tests.factories.storage import everything as storage
from tests.factories.updates import ask_for_news, news, store_update

pytestmark = pytest.mark.usefixtures("app_context")
BY_NAME = {sample.name: sample for sample in CORPUS}
GONE, FULL = BY_NAME["no such mailbox"], BY_NAME["mailbox full"]


def send(app: Flask) -> FakeServer:
    """Run a worker over what is due."""
    server = FakeServer()
    drain(app, server, check=reasons_to_hold, now=clock.now() + timedelta(minutes=1))
    db.session.rollback()
    return server


def arrive(sample: Sample, about: uuid.UUID, *, at: datetime | None = None) -> bool:
    """Let a sample come back; return whether that changed anything."""
    return receive(
        sample.sent_to(bounce_address(about)), now=at or clock.now() + timedelta(minutes=2)
    ).changed


def everything() -> list[object]:
    """Return what a bounce could have changed."""
    db.session.rollback()
    states = db.session.execute(
        select(Delivery.id, Delivery.state, Delivery.reason).order_by(Delivery.id)
    ).all()
    contacts = db.session.execute(
        select(Contact.id, Contact.status, Contact.edited_at).order_by(Contact.id)
    ).all()
    counts = [db.session.scalar(select(func.count()).select_from(kind)) for kind in (StateChange, AuditEntry)]
    return [states, contacts, counts]


@pytest.fixture
def office(app_context: Flask) -> Recipient:
    """An office whose mail server took one letter; the page of its writer is in `info`."""
    built: Recipient = OfficeFactory.build()
    slug = store_campaign([built])
    page = write_and_confirm(slug)
    send(app_context)
    built.about = (slug, page)  # type: ignore[attr-defined]
    return built


def contact_of(office: Recipient) -> Contact:
    db.session.rollback()
    return db.session.scalars(select(Contact).where(Contact.recipient_id == office.id)).one()


def test_an_address_that_does_not_exist(app_context: Flask, office: Recipient) -> None:
    slug, page = office.about  # type: ignore[attr-defined]
    (left,) = copies()
    for _letter in range(3):
        write_and_confirm(slug)

    assert arrive(GONE, left.id)
    came_back, *waiting = sorted(copies(), key=lambda copy: copy.state)
    assert (came_back.id, came_back.state) == (left.id, "bounced")
    assert [(copy.state, copy.reason) for copy in waiting] == [("held", ADDRESS_GONE)] * 3
    (told,) = follow(page, "en").copies
    assert "does not exist" in told.standing.what
    assert contact_of(office).status == "suspended"
    noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "contact.suspended")).one()
    assert noted.detail["why"] == "mail came back, 5.1.1"
    # Nothing leaves until somebody has looked the office up again.
    assert release_waiting(now=clock.now()) == 0
    assert not [mail for mail in send(app_context).taken if "Dear" in mail.text]

    now = clock.now()
    with transaction() as session:
        contact = ContactFactory.build(recipient_id=office.id, value="new@offices.example", verified_at=now)
        session.add(contact)
    before = {copy.text for copy in waiting}
    assert release_waiting(now=now) == 3
    letters = [mail for mail in send(app_context).taken if mail.rcpt_to == "new@offices.example"]
    assert {mail.text for mail in letters} == before
    assert all(b"To: " in mail.wire and b"new@offices.example" in mail.wire for mail in letters)
    assert sorted(copy.state for copy in copies()) == ["accepted"] * 3 + ["bounced"]


@pytest.mark.parametrize("how", ["verified as it is", "corrected", "resumed"])
def test_a_contact_that_was_seen_to_lets_its_letters_go(
    app_context: Flask, office: Recipient, how: str
) -> None:
    slug, _page = office.about  # type: ignore[attr-defined]
    (left,) = copies()
    write_and_confirm(slug)
    arrive(GONE, left.id)
    contact = contact_of(office)
    assert contact.bounced_at is not None
    now = clock.now() + timedelta(minutes=3)
    if how == "corrected":
        draft = ContactDraft(channel="email", value="corrected@offices.example")
        reaching.edit_contact(contact.id, draft, seen=contact.edited_at, actor="first", now=now)
        proposal = proposal_of(contact_of(office))
        assert proposal is not None
        seen, second = proposal.seen, "organizer:2"
        approving.approve_proposal(contact.id, seen=seen, by="B", how="by phone", actor=second, now=now)
    elif how == "resumed":
        reaching.set_contact_status(contact.id, "active", actor="first", now=now)
    else:
        seen = seen_of(contact)
        reaching.verify_contact(contact.id, seen=seen, by="A", how="by phone", actor="first", now=now)
    contact = contact_of(office)
    assert (contact.status, contact.bounced_at) == ("active", None)
    assert release_waiting(now=clock.now()) == 1
    (mail,) = [mail for mail in send(app_context).taken if "Dear" in mail.text]
    assert mail.rcpt_to == contact.value


def test_a_full_mailbox_ends_the_copy_and_nothing_else(office: Recipient) -> None:
    (left,) = copies()
    assert arrive(FULL, left.id)
    assert contact_of(office).status == "active"
    (told,) = follow(office.about[1], "en").copies  # type: ignore[attr-defined]
    assert "mailbox is full" in told.standing.what


def test_what_is_late_forged_repeated_or_automatic_changes_nothing(office: Recipient) -> None:
    (left,) = copies()
    arrive(FULL, left.id)
    before = everything()
    ours = bounce_address(left.id)
    forged = ours.replace(ours[20], "b" if ours[20] != "b" else "a")
    now = clock.now() + timedelta(minutes=3)
    for sample in (*REPORTS, *AUTOMATIC):
        assert not receive(sample.sent_to(ours), now=now).changed, sample.name
    for sample in CORPUS:
        assert not receive(sample.sent_to(forged), now=now).changed, sample.name
        assert not receive(sample.sent_to("letters@redress.example"), now=now).changed, sample.name
        assert not receive(sample.sent_to(bounce_address(uuid.uuid4())), now=now).changed, sample.name
        assert not receive(sample.sent_to(ours), to=[forged], now=now).changed, sample.name
    assert not receive(b"", now=now).changed
    assert everything() == before


@pytest.mark.parametrize("name", ["tried on", "taken", "as RFC 3834 wants it", "Russian, too", "in French"])
def test_what_only_reports_changes_nothing(office: Recipient, name: str) -> None:
    (left,) = copies()
    sample = next(sample for sample in (*REPORTS, *AUTOMATIC) if sample.name == name)
    before = everything()
    assert not arrive(sample, left.id)
    assert everything() == before


def test_a_bounce_resolves_what_was_unclear_and_waits_for_what_is_in_hand(office: Recipient) -> None:
    (left,) = copies()
    for state, comes_again in (("unclear", False), ("sending", True)):
        with transaction() as session:
            session.execute(Delivery.__table__.update().values(state=state).where(Delivery.id == left.id))
        if comes_again:
            with pytest.raises(Unavailable):
                arrive(FULL, left.id)
        else:
            assert arrive(FULL, left.id)
    with transaction() as session:
        session.execute(Delivery.__table__.update().values(state="unclear").where(Delivery.id == left.id))
        queue_again(session, session.get_one(Delivery, left.id), now=clock.now(), cause="again", actor="x")
    assert not arrive(GONE, left.id)  # another one is on its way; should that come back, it is dealt with
    assert contact_of(office).status == "active"


@pytest.mark.parametrize("what", ["moved", "looked at since"])
def test_an_address_that_was_seen_to_meanwhile_stays_in_use(office: Recipient, what: str) -> None:
    (left,) = copies()
    contact_id = contact_of(office).id
    with transaction() as session:
        contact = session.get_one(Contact, contact_id)
        if what == "moved":
            contact.value = "elsewhere@offices.example"
        else:
            contact.verified_at = clock.now() + timedelta(minutes=2)
    assert arrive(GONE, left.id, at=clock.now() + timedelta(minutes=5))
    assert contact_of(office).status == "active"


def test_one_of_our_own_mails_that_comes_back_is_marked(app_context: Flask, office: Recipient) -> None:
    (confirmation,) = notices()
    with transaction() as session:
        values = {"state": "accepted", "due_at": None}
        session.execute(Delivery.__table__.update().values(values).where(Delivery.id == confirmation.id))
    raw = GONE.sent_to(confirmation.envelope_from)
    assert receive(raw, now=clock.now()).changed
    assert [mail.state for mail in notices()] == ["bounced"]
    assert not receive(raw, now=clock.now()).changed
    assert not receive(ANSWERS[0].sent_to(confirmation.envelope_from), now=clock.now()).changed
    assert contact_of(office).status == "active"


def test_an_answer_goes_on_to_the_supporter_once(app_context: Flask, office: Recipient) -> None:
    (left,) = copies()
    writer = left.id and next(mail.envelope_to for mail in notices())
    raw = ANSWERS[0].sent_to(bounce_address(left.id)).replace(b"\r\n", b"\n") + b"\xff\x00 odd"
    before = everything()[1:2]
    assert receive(raw, now=clock.now()).changed
    assert not receive(raw, now=clock.now()).changed
    (mail,) = send(app_context).taken
    assert mail.rcpt_to == writer
    message = message_from_bytes(mail.wire, policy=policy.default)
    assert message["Reply-To"] == "ada@offices.example"
    assert message["Auto-Submitted"] == "auto-generated"
    text, file = message.iter_parts()
    assert "has read your letter" in text.get_content()
    ours = bounce_address(left.id).encode()
    assert ours not in mail.wire
    hidden = raw.replace(ours[:44], b"b+" + b"x" * 42)
    assert (file.get_filename(), file.get_content()) == ("answer.eml", hidden)
    assert [copy.state for copy in copies()] == ["accepted"]
    assert everything()[1:2] == before
    # What comes back of it finds it.
    assert receive(FULL.sent_to(mail.mail_from), now=clock.now()).changed


def test_answers_to_a_letter_have_an_end_and_a_size(
    office: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    (left,) = copies()
    ours = bounce_address(left.id)
    changed = [
        receive(ANSWERS[0].sent_to(ours) + str(number).encode(), now=clock.now()).changed
        for number in range(7)
    ]
    assert changed == [True] * answers.MOST + [False] * 2
    monkeypatch.setattr(answers, "ATTACHED", 100)
    tomorrow = clock.now() + timedelta(days=1)
    assert receive(ANSWERS[1].sent_to(ours), now=tomorrow).changed
    newest = db.session.scalars(select(Delivery).order_by(Delivery.created_at.desc()).limit(1)).one()
    assert b"answer.eml" not in (newest.wire or b"")
    assert "too large to go on whole" in newest.text


def test_what_goes_on_is_small_enough_for_a_mail_server_as_it_is_installed(
    app_context: Flask, office: Recipient
) -> None:
    (left,) = copies()
    head = ANSWERS[0].sent_to(bounce_address(left.id)) + b"\r\n"
    for size in (answers.ATTACHED, answers.LONGEST):
        line = b"Long words. " * 6 + b"\r\n"
        assert receive((head + line * (size // len(line)))[:size], now=clock.now()).changed
    whole, text_alone = sorted(send(app_context).taken, key=lambda mail: -len(mail.wire))
    assert 9_000_000 < len(whole.wire) < 10_240_000  # Postfix's message_size_limit
    assert len(text_alone.wire) < 100_000


@pytest.mark.parametrize(("reply", "status"), [("5.1.1 nobody here", "suspended"), ("5.7.1 no", "active")])
def test_an_address_that_is_refused_in_person_is_suspended_too(
    app_context: Flask, office: Recipient, reply: str, status: str
) -> None:
    slug, _page = office.about  # type: ignore[attr-defined]
    write_and_confirm(slug)
    refuse = FakeServer(behave=lambda _mail: Outcome(kind="permanent", step="rcpt", code=550, reply=reply))
    drain(app_context, refuse, check=reasons_to_hold, now=clock.now() + timedelta(minutes=1))
    write_and_confirm(slug)
    suspended = status == "suspended"
    assert see_to_refused(now=clock.now() + timedelta(minutes=2)) == suspended
    assert see_to_refused(now=clock.now() + timedelta(minutes=2)) == 0
    assert contact_of(office).status == status
    waiting = "held" if suspended else "queued"
    assert sorted(copy.state for copy in copies()) == sorted(["accepted", "failed", waiting])


def refuse_people(envelope: Envelope) -> Outcome:
    """Take every letter, and refuse every mailbox of a reader as none."""
    if not envelope.rcpt_to.endswith("@people.example"):
        return TAKEN
    return Outcome(kind="permanent", step="rcpt", code=550, reply="5.1.1 no such user")


def update_refused(app: Flask, slug: str) -> None:
    """Send an update whose reader's mailbox the mail server refuses as none."""
    update = store_update(slug, sent=False)
    values = {"seen": update.edited_at, "language": "en", "actor": "test"}
    send_update(update.campaign_id, update.id, now=clock.now(), **values)
    minute = clock.now() + timedelta(minutes=1)
    drain(app, FakeServer(refuse_people), compose=compose_notice, now=minute)
    db.session.rollback()


@pytest.mark.parametrize("how", ["came back", "refused"])
def test_a_readers_mailbox_that_does_not_exist_gets_no_further_update(app_context: Flask, how: str) -> None:
    slug, other, now = store_campaign(), store_campaign(), clock.now()
    for one in (slug, other):
        ask_for_news(one, "reader@people.example", now=now - timedelta(hours=1))
    ask_for_news(slug, "stays@people.example", now=now - timedelta(hours=1))
    later = now + timedelta(minutes=5)
    if how == "refused":
        update_refused(app_context, slug)
        # Both readers were refused; of one of them it is known by now that the mailbox is there again.
        ask_for_news(slug, "stays@people.example", now=now + timedelta(minutes=3))
        assert see_to_refused(now=later) == 2
        before = storage()
        assert see_to_refused(now=later) == 0
        assert storage() == before
    else:
        update = store_update(slug, sent=False)
        send_update(update.campaign_id, update.id, seen=update.edited_at, language="en", actor="t", now=now)
        drain(app_context, FakeServer(), compose=compose_notice, now=now + timedelta(minutes=1))
        (mail,) = [mail for mail in news() if mail.envelope_to == "reader@people.example"]
        about = subject_of_bounce(mail.envelope_from)
        assert about is not None
        assert arrive(FULL, about)
        assert len(readers(slug)) == 2, "a full mailbox is there"
        with transaction() as session:
            session.get_one(Delivery, mail.id).state = "accepted"
        assert arrive(GONE, about)
    assert readers(slug) == {"stays@people.example"}
    assert readers(other) == set()


def readers(slug: str) -> set[str]:
    db.session.rollback()
    campaign = db.session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
    return {person.email for person in subscribers(db.session, campaign.id)}


@pytest.mark.backends("sqlite")
def test_what_was_seen_to_is_not_written_every_minute(
    app_context: Flask, office: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug, _page = office.about  # type: ignore[attr-defined]
    write_and_confirm(slug)
    refusal = Outcome(kind="permanent", step="rcpt", code=550, reply="5.1.1 no such user")
    drain(app_context, FakeServer(lambda _mail: refusal), now=clock.now() + timedelta(minutes=1))
    later = clock.now() + timedelta(minutes=2)
    contact = contact_of(office)
    reaching.verify_contact(contact.id, seen=seen_of(contact), by="A", how="by phone", actor="x", now=later)

    def never() -> None:
        raise AssertionError("a write transaction was opened")

    monkeypatch.setattr(bouncing, "transaction", never)
    assert see_to_refused(now=later + timedelta(minutes=1)) == 0
