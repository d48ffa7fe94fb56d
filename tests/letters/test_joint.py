"""Joint letters: signed by many, confirmed by each, frozen once, sent to every office with all names."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.cli.seed import SEEDS
from app.database import db, transaction
from app.errors import Gone, NotFound, Refused
from app.letters.counting import tally
from app.letters.deciding import release_copy
from app.letters.dispatch import reasons_to_hold
from app.letters.freezing import snapshot_for, word_copy
from app.letters.joint import desk
from app.letters.joint.confirming import SignatureConfirmed, confirm, decline, look_at
from app.letters.joint.dispatch import dispatch
from app.letters.joint.following import follow, hide, take_off
from app.letters.joint.models import JointLetter, Signature
from app.letters.joint.pages import open_page, public_pages
from app.letters.joint.reading import Counted, count, public_list, waiting
from app.letters.joint.seeding import load_past_letters
from app.letters.joint.signing import SignedAlready, page_token
from app.letters.models import Letter
from app.letters.readdressing import release_waiting
from app.letters.retention import purge
from app.letters.writing import CONFIRMATIONS_A_DAY
from app.recipients.models import Contact
from app.security.audit import AuditEntry
from app.supporters.addresses import address_index
from app.supporters.models import Consent, Supporter
from app.supporters.silence import silence
from tests.delivery.working import drain, smtp_to
from tests.factories.campaigns import change_campaign, days_from, store_campaign
from tests.factories.joint import (
    begin,
    sign_and_confirm,
    sign_joint,
    store_joint,
    store_signatures,
    the_joint,
    token_for,
)
from tests.factories.letters import WriterFactory, copies, notices
from tests.factories.storage import everything, raw_bytes
from tests.factories.threads import at_once
from tests.support.lengths import length
from tests.support.smtp import RecordingSmtpServer

DAY = timedelta(days=1)


def send(joint: JointLetter, after: int = 0) -> int:
    return dispatch(joint.campaign_id, joint.id, after=after, actor="test", now=clock.now())


def names_on(text: str) -> list[str]:
    """Return the numbered lines of a letter, without what follows the names."""
    return [line.split(",")[0] for line in re.findall(r"^\d+\. (.*)$", text, re.MULTILINE)]


def names_in_order(joint: JointLetter) -> list[str]:
    db.session.rollback()
    return [row.supporter.name for row in waiting(db.session, the_joint(joint.id))]


def test_a_signature_waits_until_its_mailbox_has_confirmed(app_context: Flask) -> None:
    joint = store_joint()
    address = sign_joint(joint, name="Ani Գրող", title="Dr.", affiliation="University")
    assert count(joint) == Counted(0, 0)
    (mail,) = notices(address)
    assert "Ani" not in mail.text
    assert "University" not in mail.text
    pending = look_at(token_for(address), "en", now=clock.now())
    assert pending.line == "Ani Գրող, Dr., University, Lyon, France"
    assert len(pending.letters) == 4
    page = follow(confirm(token_for(address), now=clock.now()), "en")
    assert (page.line, page.left_on, page.counted) == (pending.line, None, Counted(1, 0))
    with pytest.raises(SignatureConfirmed):
        confirm(token_for(address), now=clock.now())
    texts = {consent.purpose: consent.text for consent in db.session.scalars(sa.select(Consent))}
    assert set(texts) == {"letter", "public"}


def test_one_form_is_one_signature_and_one_mailbox_signs_once(app_context: Flask) -> None:
    joint = store_joint()
    writer, key = WriterFactory.build(name="First Spelling"), uuid.uuid4()
    sign_joint(joint, writer=writer, submission_key=key)
    before = everything()
    sign_joint(joint, writer=writer, submission_key=key)
    assert everything() == before
    with pytest.raises(SignedAlready):
        sign_joint(joint, writer=writer, submission_key=key, public=False)
    confirm(token_for(writer.email), now=clock.now())
    sign_and_confirm(joint, name="Second Spelling", email=writer.email)
    assert names_in_order(joint) == ["Second Spelling"]
    # For an organization the same person may sign besides.
    sign_and_confirm(joint, name="Speaker", email=writer.email, affiliation="The Well", kind="organization")
    assert public_list(the_joint(joint.id), "en").names[-1] == (
        "The Well, represented by Speaker, Lyon, France"
    )
    with pytest.raises(Refused, match="name of the organization"):
        sign_joint(joint, kind="organization")


def test_nobody_puts_a_joint_letter_into_a_form(app_context: Flask) -> None:
    joint = store_joint()
    with transaction() as session:
        session.execute(sa.update(Contact).values(channel="web_form", value="https://form.example/"))
    sign_and_confirm(joint)
    send(joint)
    assert {copy.state for copy in copies()} == {"held"}
    before = everything()
    assert release_waiting(now=clock.now()) == 0
    assert everything() == before
    with pytest.raises(Refused, match="no verified contact"):
        release_copy(copies()[0].id, actor="test", now=clock.now())


def test_nobody_can_fill_a_mailbox_and_who_wants_silence_has_it(app_context: Flask) -> None:
    joint = store_joint()
    for _time in range(CONFIRMATIONS_A_DAY + 2):
        sign_joint(joint, email="often@people.example")
    assert len(notices("often@people.example")) == CONFIRMATIONS_A_DAY
    with transaction() as session:
        silence(session, address_index("quiet@people.example"), now=clock.now())
    sign_joint(joint, email="quiet@people.example")
    assert notices("quiet@people.example") == []


def test_what_was_not_meant_is_deleted_with_its_mail(app_context: Flask) -> None:
    joint = store_joint()
    before = everything()
    address = sign_joint(joint)
    decline(token_for(address), never_again=False, now=clock.now())
    assert everything() == before
    token = token_for(sign_joint(joint))
    with pytest.raises(Gone, match="seven days"):
        confirm(token, now=clock.now() + 7 * DAY)
    change_campaign(_slug(joint), closes_on=days_from(clock.now(), -1))
    with pytest.raises(Gone, match="no signatures"):
        confirm(token, now=clock.now())
    with pytest.raises(Gone, match="no signatures"):
        sign_joint(joint)


def _slug(joint: JointLetter) -> str:
    return str(desk.joint_whole(joint.campaign_id, joint.id, "en", now=clock.now()).campaign.slug)


def test_the_order_is_that_of_time_until_an_organizer_gives_another(app_context: Flask) -> None:
    joint = store_joint()
    now = clock.now()
    for place, name in enumerate("ABCD"):
        sign_and_confirm(joint, name=name, now=now + timedelta(seconds=place))
    ids = {row.supporter.name: row.id for row in waiting(db.session, the_joint(joint.id))}
    move = partial(desk.move, joint.campaign_id, joint.id)
    assert names_in_order(joint) == list("ABCD")
    for name, way in [("D", "first"), ("C", "up"), ("D", "up"), ("A", "down"), ("B", "down")]:
        move(ids[name], way)
    assert names_in_order(joint) == list("DCAB")
    sign_and_confirm(joint, name="E", now=now + timedelta(seconds=9))
    assert names_in_order(joint) == list("DCABE")
    send(joint)
    assert names_on(copies()[0].text) == list("DCABE")
    with pytest.raises(NotFound):
        move(ids["A"], "up")


def test_whoever_takes_themselves_off_in_time_is_on_no_letter_and_later_is_told(app_context: Flask) -> None:
    joint = store_joint()
    stays, goes = sign_and_confirm(joint, name="Stays"), sign_and_confirm(joint, name="Goes")
    removed = sign_and_confirm(joint, name="Removed")
    assert take_off(goes, now=clock.now())
    ids = {row.supporter.name: row.id for row in waiting(db.session, the_joint(joint.id))}
    desk.remove(joint.campaign_id, joint.id, ids["Removed"], actor="test", now=clock.now())
    assert send(joint) == 1
    assert {tuple(names_on(copy.text)) for copy in copies()} == {("Stays",)}
    assert follow(goes, "en").withdrawn
    assert follow(removed, "en").withdrawn
    assert follow(stays, "en").left_on is not None
    assert not take_off(stays, now=clock.now())
    assert not follow(stays, "en").public
    with pytest.raises(Refused, match="has left"):
        desk.remove(joint.campaign_id, joint.id, ids["Stays"], actor="test", now=clock.now())


def test_five_hundred_sign_to_four_offices(app_context: Flask, smtp_server: RecordingSmtpServer) -> None:
    joint, many = store_joint(offices=4), length(100, 500)
    now = clock.now() - DAY
    names = [f"Signatory {number} Անուն" for number in range(many)]
    store_signatures(joint, [*names[:60], "Taken Off", *names[60:]], now=now)
    gone = next(row for row in waiting(db.session, joint) if row.supporter.name == "Taken Off")
    assert take_off(page_token(gone.id), now=clock.now())
    assert send(joint) == many
    drain(app_context, smtp_to(smtp_server.url), now=clock.now(), check=reasons_to_hold)
    mails = smtp_server.envelopes
    contacts = {contact.value for contact in db.session.scalars(sa.select(Contact))}
    assert len(mails) == 4
    assert {to for mail in mails for to in mail.rcpt_tos} == contacts
    for mail in mails:
        body = mail.message.get_content()
        assert names_on(body) == names
        assert f"Signed by {many} signatories:" in body
        assert "Taken Off" not in body
        assert mail.message["Reply-To"].addresses[0].addr_spec == "desk@group.example"
    assert {copy.state for copy in copies()} == {"accepted"}


def test_only_who_agreed_is_in_the_public_list(app_context: Flask) -> None:
    joint = store_joint()
    sign_and_confirm(joint, name="Seen")
    sign_and_confirm(joint, name="Unseen", public=False)
    hidden = sign_and_confirm(joint, name="Hidden later")
    sign_joint(joint, name="Never confirmed")
    hide(hidden)
    send(joint)
    sign_and_confirm(joint, name="Late")
    listed = public_list(the_joint(joint.id), "en")
    assert listed.names == ["Seen, Lyon, France"]
    assert listed.late == ["Late, Lyon, France"]
    assert count(the_joint(joint.id)) == Counted(4, 1)


def test_later_names_are_told_as_an_update(app_context: Flask) -> None:
    joint = store_joint(offices=2)
    sign_and_confirm(joint, name="Early")
    send(joint)
    with pytest.raises(Refused, match="Nobody has signed"):
        send(joint, after=1)
    sign_and_confirm(joint, name="Late")
    with pytest.raises(Refused, match="while this page was open"):
        send(joint)
    assert send(joint, after=1) == 1
    first, second = copies()[:2]
    assert names_on(first.text) == ["Early"]
    assert names_on(second.text) == ["Late"]
    assert "one more name" in second.text
    assert first.message_id != second.message_id
    actions = list(db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.number)))
    assert actions == ["joint.opened", "joint.dispatched", "joint.updated"]
    assert tally(joint.campaign_id).letters == 0


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_pressed_twice_at_once_it_leaves_once_and_nobody_slips_between(app_context: Flask) -> None:
    joint = store_joint(offices=2)
    sign_and_confirm(joint, name="Early")
    token = token_for(sign_joint(joint, name="At the same instant"))
    deeds = [partial(send, joint), partial(send, joint), partial(confirm, token, now=clock.now())]

    def act() -> bool:
        try:
            deeds.pop()()
        except Refused:
            return False
        return True

    assert sorted(at_once(3, app_context, act)) == [False, True, True]
    db.session.rollback()
    letters = list(db.session.scalars(sa.select(Letter)))
    assert len(letters) == 1
    # Whoever confirmed is on the letter, or is known as one who came later.
    on_it = [names_on(copy.text) for copy in copies()]
    late = count(the_joint(joint.id)).late
    assert on_it == [["Early", "At the same instant"][: 2 - late]] * 2


def test_a_copy_that_is_addressed_anew_keeps_its_names(app_context: Flask) -> None:
    joint = store_joint(offices=1)
    for name in ("First", "Second"):
        sign_and_confirm(joint, name=name)
    send(joint)
    sign_and_confirm(joint, name="Late")
    (copy,) = copies()
    letter = db.session.get_one(Letter, copy.letter_id)
    snapshot = snapshot_for(db.session, letter, now=clock.now() + DAY)
    again = word_copy(db.session, snapshot, letter, copy, snapshot.offices[0])
    assert again.text == copy.text
    assert names_on(again.text) == ["First", "Second"]


def test_what_cannot_be_a_joint_letter_is_refused(app_context: Flask) -> None:
    with pytest.raises(Refused, match="Many sign") as refusal:
        begin(store_campaign(), "appeal")
    assert refusal.value.field == "letter"
    joint = store_joint()
    with pytest.raises(Refused, match="Send that one first"):
        begin(_slug(joint), "joint")
    with pytest.raises(Refused, match="Nobody has signed"):
        send(joint)
    assert copies() == []


def test_who_signed_is_unreadable_on_the_disk_and_forgotten_in_time(app_context: Flask) -> None:
    joint = store_joint()
    sign_and_confirm(joint, name="PLANTEDNAME", email="plantedmail@people.example")
    off = sign_and_confirm(joint, name="Off")
    take_off(off, now=clock.now())
    sign_joint(joint, name="Unconfirmed")
    send(joint)
    if db.engine.dialect.name == "sqlite":
        assert b"PLANTED" not in raw_bytes()
    now = clock.now()
    assert purge(now=now + 7 * DAY).unconfirmed == 2
    with pytest.raises(NotFound):
        follow(off, "en")
    change_campaign(_slug(joint), status="closed", closes_on=days_from(now, 0))
    purge(now=now + 92 * DAY)
    db.session.rollback()
    assert public_list(the_joint(joint.id), "en").names == []
    assert {row.name for row in db.session.scalars(sa.select(Supporter))} == {""}
    assert {copy.text for copy in copies()} == {""}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Signature)) == 1


def test_the_seeded_letter_of_the_past_is_told_and_can_neither_be_signed_nor_sent(
    app_context: Flask,
) -> None:
    slug = store_campaign()
    for _time in range(2):
        assert load_past_letters(SEEDS / "campaigns" / "bring-them-home", slug, now=clock.now()) == 1
    for language in ("en", "fr"):
        (past,) = public_pages(slug, language, skip=0, now=clock.now()).past
        assert (past.day.isoformat(), len(past.offices), len(past.signatories)) == ("2021-02-16", 4, 8)
        assert past.note
    with pytest.raises(NotFound, match="no joint letter"):
        open_page(slug, "en", now=clock.now())
    (joint,) = db.session.scalars(sa.select(JointLetter))
    assert desk.joint_whole(joint.campaign_id, joint.id, "en", now=clock.now()).offices == []
    with pytest.raises(Refused, match="history"):
        send(joint)
    assert copies() == []
