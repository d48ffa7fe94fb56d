"""Letters by post: they wait on paper's way, go into a batch, and take one step after the other."""

from __future__ import annotations

import csv
import errno
import io
import os
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from app import clock
from app.cli.letters import command
from app.database import db, transaction
from app.delivery import stops
from app.delivery.models import Delivery, PrintBatch
from app.delivery.outbox import hold
from app.errors import NotFound, RedressError, Refused
from app.evidence.models import Fact
from app.letters import deciding, posting, retracted, retracting
from app.letters.batch_paper import paper_of_batch
from app.letters.confirming import look_at
from app.letters.dispatch import HOLDER_CHANGED, NO_CONTACT
from app.letters.following import follow, withdraw
from app.letters.readdressing import readdress, release_waiting
from app.organizers import audit
from app.recipients.models import Contact, Holder, Recipient
from tests.factories.campaigns import reword, store_campaign
from tests.factories.evidence import FactFactory, store
from tests.factories.letters import copies, write_and_confirm, write_and_find_token
from tests.factories.recipients import ContactFactory, OfficeFactory
from tests.factories.threads import at_once
from tests.support.poppler import Poppler, words_of

WHO = "organizer:00000000-0000-0000-0000-000000000001"
POSTAL = {"street": "1 Long Street", "city": "Geneva", "postal_code": "1211"}


def post(**more: object) -> Contact:
    built: Contact = ContactFactory.build(channel="post", value="", postal=POSTAL, country="CH", **more)
    return built


@pytest.fixture
def slug(app_context: Flask) -> str:
    """A campaign that writes to two offices by post and to one by e-mail."""
    return store_campaign(
        [
            OfficeFactory.build(slug="z-post", search_text="zonal", title="Zonal Board", contacts=[post()]),
            OfficeFactory.build(slug="mail", title="Mail Room", contacts=[ContactFactory.build(), post()]),
            OfficeFactory.build(slug="a-post", search_text="audit", title="Audit Court", contacts=[post()]),
        ]
    )


def states() -> dict[str, str]:
    db.session.rollback()
    query = select(Recipient.slug, Delivery.state).join(Delivery, Delivery.recipient_id == Recipient.id)
    return dict(db.session.execute(query).all())


def gather(**more: object) -> posting.BatchLine:
    values = {"only": None, "row_id": uuid.uuid4(), "actor": WHO, "now": clock.now()}
    return posting.gather(**(values | more))  # type: ignore[arg-type]


def test_an_office_with_a_postal_address_alone_gets_paper(slug: str) -> None:
    token = write_and_find_token(slug)
    shown = {letter.slug: letter.text for letter in look_at(token, "en", now=clock.now()).letters}
    write_and_confirm(slug)
    assert states() == {"z-post": "to_print", "mail": "queued", "a-post": "to_print"}
    assert "An answer reaches the signatory at writer-" in shown["a-post"]
    told = dict(look_at(write_and_find_token(slug), "en", now=clock.now()).other_ways)
    assert list(told) == ["Zonal Board", "Audit Court"]
    assert "on paper" in told["Audit Court"]
    assert "A reply to this message" in shown["mail"]
    (paper,) = [copy for copy in copies() if copy.channel == "post"][:1]
    assert (paper.wire, paper.message_id, paper.due_at) == (None, None, None)


def test_from_waiting_to_posted_with_one_step_back(slug: str) -> None:
    page = write_and_confirm(slug)
    write_and_confirm(slug)
    assert [(one.recipient.slug, one.count) for one in posting.waiting()] == [("a-post", 2), ("z-post", 2)]
    key = uuid.uuid4()
    line = gather(row_id=key)
    assert gather(row_id=key).id == line.id, "the same form makes one batch"
    assert [copy.office for copy in posting.batch_copies(key)] == [
        "Audit Court", "Audit Court", "Zonal Board", "Zonal Board",
    ]  # fmt: skip
    assert posting.waiting() == []
    with pytest.raises(Refused):
        gather()

    act = {"actor": WHO, "now": clock.now()}
    with pytest.raises(Refused):
        posting.mark_posted(key, posted_on=clock.now().date(), tracking="", **act)
    assert posting.mark_printed(key, **act) == 4
    with pytest.raises(Refused):
        posting.mark_printed(key, **act)
    assert withdraw(page, only="a-post", now=clock.now()) == 0, "what is printed cannot be taken back"
    assert posting.back_to_print(key, **act) == 4
    assert withdraw(page, only="a-post", now=clock.now()) == 1
    assert posting.mark_printed(key, **act) == 3
    for day in (clock.now() + timedelta(days=3), clock.now() - timedelta(days=9)):
        with pytest.raises(Refused):
            posting.mark_posted(key, posted_on=day.date(), tracking="", **act)
    today = clock.now().date()
    assert posting.mark_posted(key, posted_on=today, tracking="RR 123 456 CH", **act) == 3
    db.session.rollback()
    seen = {copy.slug: copy for copy in follow(page, "en").copies}
    assert (seen["z-post"].state, seen["z-post"].posted_on) == ("posted", today)
    assert seen["z-post"].receipt == "RR 123 456 CH"
    assert seen["a-post"].state == "cancelled"
    actions = [entry.entry.action for entry in audit.lines() if entry.entry.object_id == key]
    assert actions[::-1] == [
        "post.gathered", "post.printed", "post.not_printed", "post.printed", "post.posted",
    ]  # fmt: skip


def test_two_organizers_do_not_get_the_same_letter(slug: str) -> None:
    write_and_confirm(slug)
    write_and_confirm(slug)
    first, second = gather(most=3), gather(most=3)
    assert (first.total, second.total) == (3, 1)
    posting.give_up(second.id, actor=WHO, now=clock.now())
    with pytest.raises(NotFound):
        posting.batch_line(second.id)
    assert sum(one.count for one in posting.waiting()) == 1


def test_what_is_stopped_is_not_printed_until_it_goes_on(slug: str) -> None:
    write_and_confirm(slug)
    office = db.session.scalars(select(Recipient.id).where(Recipient.slug == "a-post")).one()
    stops.stop("office", office, reason="wrong hall", actor=WHO, now=clock.now())
    gather()
    assert {copy.print_batch_id is None for copy in copies() if copy.recipient_id == office} == {True}
    with pytest.raises(Refused, match="stopped"):
        gather()
    stops.resume("office", office, actor=WHO, now=clock.now())
    assert gather().total == 1


def test_what_is_released_although_it_states_a_withdrawn_fact_is_printed(app_context: Flask) -> None:
    store(FactFactory.build(key="wells", value="seven"))
    slug = store_campaign([OfficeFactory.build(contacts=[post()])])
    reword(slug, "Of the wells, {{ fact.wells.value }} are dry.\n\n{{ recipient.ask }}\n")
    write_and_confirm(slug)
    fact = db.session.scalars(select(Fact.id)).one()
    assert retracting.withdraw_fact(fact, "Counted twice", actor=WHO, now=clock.now()) == 1
    assert retracted.release_retracted("fact withdrawn: wells", actor=WHO, now=clock.now()).done == 1
    assert gather().total == 1


def test_what_changed_since_is_held_and_not_printed(slug: str) -> None:
    write_and_confirm(slug)
    with transaction() as session:
        office = session.scalars(select(Recipient).where(Recipient.slug == "a-post")).one()
        session.scalars(select(Holder).where(Holder.recipient_id == office.id)).one().name = "Somebody Else"
        other = session.scalars(select(Recipient).where(Recipient.slug == "z-post")).one()
        session.scalars(select(Contact).where(Contact.recipient_id == other.id)).one().status = "withdrawn"
    with pytest.raises(Refused):
        gather()
    assert states() == {"a-post": "held", "z-post": "held", "mail": "queued"}
    assert {copy.reason for copy in copies() if copy.state == "held"} == {HOLDER_CHANGED, NO_CONTACT}
    assert db.session.scalars(select(PrintBatch)).all() == []

    audit_court = next(copy.recipient_id for copy in copies() if copy.reason == HOLDER_CHANGED)
    assert audit_court is not None
    assert readdress(audit_court, HOLDER_CHANGED, actor=WHO, now=clock.now()).done == 1
    (anew,) = [copy for copy in copies() if copy.recipient_id == audit_court]
    assert (anew.state, anew.channel, anew.wire) == ("to_print", "post", None)
    assert "Somebody Else" in anew.text
    assert gather().total == 1


def test_what_was_held_without_a_contact_goes_on_by_post(app_context: Flask) -> None:
    slug = store_campaign([OfficeFactory.build(slug="late", contacts=[post(verified_at=None)])])
    write_and_confirm(slug)
    assert states() == {"late": "held"}
    assert release_waiting(now=clock.now()) == 0
    with transaction() as session:
        session.scalars(select(Contact)).one().verified_at = clock.now()
    assert release_waiting(now=clock.now()) == 1
    assert states() == {"late": "to_print"}
    (copy,) = copies()
    assert deciding.cause_sentence(copy.reason) == "It goes by post: it is to be printed."


def test_the_paper_has_a_sheet_for_each_office_and_addresses_for_the_window(
    slug: str, poppler: Poppler
) -> None:
    write_and_confirm(slug)
    line = gather()
    words = words_of(poppler.text(paper_of_batch(line.id, actor=WHO, now=clock.now())))
    assert words.count("Handed in on:") == 2
    assert words.count("1 Long Street 1211 Geneva SWITZERLAND") == 4
    first, second = words.index("Audit Court"), words.index("Zonal Board")
    assert first < second
    assert words.count("Please remember her.") == 2
    assert "post.read" in {entry.entry.action for entry in audit.lines()}
    with pytest.raises(NotFound):
        paper_of_batch(uuid.uuid4(), actor=WHO, now=clock.now())


class _Installed:
    """What commands are handed, with an application that is there already."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def app(self) -> Flask:
        return self._app


def test_from_the_command_line(app_context: Flask, slug: str, tmp_path: Path) -> None:
    write_and_confirm(slug)

    def run(*arguments: object) -> str:
        done = CliRunner().invoke(command, [str(part) for part in arguments], obj=_Installed(app_context))
        assert done.exception is None, done.exception
        return done.output

    pdf = tmp_path / "letters.pdf"
    assert "1 letter in" in run("print", "--output", pdf, "--office", "a-post")
    assert pdf.read_bytes().startswith(b"%PDF")
    assert states() == {"a-post": "printed", "z-post": "to_print", "mail": "queued"}
    rows = list(csv.DictReader(io.StringIO(run("export"))))
    assert {row["office"]: (row["channel"], row["state"]) for row in rows} == {
        "a-post": ("post", "printed"),
        "z-post": ("post", "to_print"),
        "mail": ("email", "queued"),
    }
    assert "Mariam" not in repr(rows)
    run("export", "--output", tmp_path / "letters.csv")
    assert len((tmp_path / "letters.csv").read_text().splitlines()) == 4


def test_a_waiting_letter_goes_by_mail_where_its_postal_address_went(slug: str) -> None:
    write_and_confirm(slug)
    now = clock.now()
    with transaction() as session:
        for copy in session.scalars(select(Delivery).where(Delivery.channel == "post")):
            hold(session, copy, now=now, cause=NO_CONTACT, actor=WHO)
        for office in session.scalars(select(Recipient).where(Recipient.slug != "mail")):
            office.contacts[0].status = "withdrawn"
            office.contacts.append(ContactFactory.build())
    before = {copy.id: copy.text for copy in copies()}
    assert release_waiting(now=now) == 2
    assert set(states().values()) == {"queued"}
    assert {copy.id: copy.text for copy in copies()} == before


def test_a_way_that_opens_is_no_decision_about_what_a_letter_states(app_context: Flask) -> None:
    store(FactFactory.build(key="wells", value="seven"))
    slug = store_campaign([OfficeFactory.build(slug="late", contacts=[])])
    reword(slug, "Of the wells, {{ fact.wells.value }} are dry.\n\n{{ recipient.ask }}\n")
    write_and_confirm(slug)
    fact = db.session.scalars(select(Fact.id)).one()
    retracting.withdraw_fact(fact, "Counted twice", actor=WHO, now=clock.now())
    with transaction() as session:
        office = session.scalars(select(Recipient)).one()
        office.contacts.append(post())
    assert release_waiting(now=clock.now()) == 1
    with pytest.raises(Refused):
        gather()
    assert [copy.reason for copy in copies()] == ["fact withdrawn: wells"]


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_the_same_form_posted_twice_at_once_makes_one_batch(app_context: Flask, slug: str) -> None:
    for _letter in range(3):
        write_and_confirm(slug)
    key = uuid.uuid4()
    db.session.rollback()
    # Each of them finds letters to take: the second is not only kept off by the locks of the first.
    made = at_once(4, app_context, lambda: gather(row_id=key, most=2).total)
    assert made == [2] * 4
    assert len(db.session.scalars(select(PrintBatch)).all()) == 1


@pytest.mark.backends("sqlite")
def test_a_file_that_cannot_be_finished_leaves_nothing(
    app_context: Flask, slug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_and_confirm(slug)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    pdf = tmp_path / "letters.pdf"
    words = ["print", "--output", str(pdf)]
    monkeypatch.setattr(os, "fsync", full)
    failed = CliRunner().invoke(command, words, obj=_Installed(app_context))
    assert isinstance(failed.exception, RedressError)
    assert "No space left" in failed.exception.sentence
    assert list(tmp_path.iterdir()) == []
    assert {copy.print_batch_id for copy in copies()} == {None}
    monkeypatch.undo()
    old = os.umask(0o002)
    try:
        assert CliRunner().invoke(command, words, obj=_Installed(app_context)).exception is None
    finally:
        os.umask(old)
    assert [file.name for file in tmp_path.iterdir()] == ["letters.pdf"]
    assert pdf.stat().st_mode & 0o777 == 0o600
