"""Files that wait for a yes: kept once, imported once, and only as they were looked at; on both databases."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db, transaction
from app.errors import NotFound, Refused
from app.recipients.importer import uploads
from app.recipients.importer.uploads import PlanOutdated, Upload, confirm, discard, find, plan_of, receive
from app.recipients.models import Recipient
from app.security.audit import AuditEntry
from tests.factories.threads import at_once
from tests.recipients.importer.making import DAY, NOW, OFFICE, office
from tests.recipients.importer.test_archives import zipped


def received(content: bytes = OFFICE.encode(), name: str = "offices.yaml", **other: object) -> Upload:
    values = {"format_name": None, "overwrite": False, "row_id": uuid.uuid4(), "actor": "test", "now": NOW}
    return receive(content, file_name=name, **values | other)  # type: ignore[arg-type]


def test_a_file_is_imported_when_somebody_says_yes(app_context: Flask) -> None:
    upload = received()
    plan = plan_of(find(upload.id), day=DAY)
    assert plan.counts() == {("office", "new"): 1, ("holder", "new"): 1, ("contact", "new"): 2}
    assert db.session.scalar(sa.select(sa.func.count(Recipient.id))) == 0
    done = confirm(upload.id, seen=plan.version, actor="test", now=NOW)
    assert (done.done_at, done.counts) == (NOW, {"office new": "1", "holder new": "1", "contact new": "2"})
    assert office().title == "Secretary"
    db.session.expire_all()
    assert find(upload.id).content == b""


def test_the_same_form_twice_is_one_file_and_one_import(app_context: Flask) -> None:
    row_id = uuid.uuid4()
    assert [received(row_id=row_id).id for _click in range(2)] == [row_id, row_id]
    seen = plan_of(find(row_id), day=DAY).version
    for _click in range(2):
        confirm(row_id, seen=seen, actor="test", now=NOW)
    entries = db.session.scalars(sa.select(AuditEntry.action)).all()
    assert entries == ["recipient.imported"]


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_confirmed_four_times_at_once_it_is_imported_once(app: Flask) -> None:
    with app.app_context():
        upload_id = received().id
        seen = plan_of(find(upload_id), day=DAY).version

    def click() -> None:
        with suppress(PlanOutdated):  # it was planned after another one was through
            confirm(upload_id, seen=seen, actor="test", now=NOW)

    at_once(4, app, click)
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count(Recipient.id))) == 1
        assert len(db.session.scalars(sa.select(AuditEntry)).all()) == 1


def test_what_changed_since_is_looked_at_again(app_context: Flask) -> None:
    first, second = received(), received(OFFICE.replace("title: Secretary", "title: Chancellor").encode())
    seen = plan_of(find(second.id), day=DAY).version
    confirm(first.id, seen=seen, actor="test", now=NOW)
    with pytest.raises(PlanOutdated):
        confirm(second.id, seen=seen, actor="test", now=NOW)
    assert office().title == "Secretary"
    plan = plan_of(find(second.id), day=DAY)
    assert [change.action for change in plan.changes] == ["changed"]
    confirm(second.id, seen=plan.version, actor="test", now=NOW)
    assert office().title == "Chancellor"


def test_with_errors_nothing_is_imported(app_context: Flask) -> None:
    upload = received((OFFICE + "  party: Green\n").encode())
    plan = plan_of(find(upload.id), day=DAY)
    assert [str(error.place) for error in plan.errors] == ["offices.yaml:12:10"]
    with pytest.raises(Refused):
        confirm(upload.id, seen=plan.version, actor="test", now=NOW)
    assert find(upload.id).done_at is None


def test_organizers_edits_give_way_only_where_that_was_wanted(app_context: Flask) -> None:
    first = received()
    confirm(first.id, seen=plan_of(first, day=DAY).version, actor="test", now=NOW)
    with transaction() as session:
        session.execute(sa.update(Recipient).values(title="Ours", edited_at=NOW))
    actions = [
        [change.action for change in plan_of(received(overwrite=overwrite), day=DAY).changes]
        for overwrite in (False, True)
    ]
    assert actions == [["conflict"], ["changed"]]


def test_an_archive_is_read_as_its_folder(app_context: Flask) -> None:
    upload = received(zipped({"data/one.yaml": OFFICE}), "data.zip")
    assert upload.format == "yaml"
    assert plan_of(upload, day=DAY).counts()["office", "new"] == 1


@pytest.mark.parametrize(
    ("content", "name", "field"),
    [
        (b"", "a.csv", "file"),
        (b"x", "a.xlsx", "format"),
        (b"x", "", "format"),
        (b"PK\x03\x04", "a.zip", "file"),
    ],
)
def test_what_cannot_be_taken_is_refused_beside_its_field(
    app_context: Flask, content: bytes, name: str, field: str
) -> None:
    with pytest.raises(Refused) as refusal:
        received(content, name)
    assert refusal.value.field == field


def test_a_file_that_is_too_large_is_refused(app_context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LARGEST", 10)
    with pytest.raises(Refused, match="too large"):
        received()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\Users\\x\\offices.csv", "offices.csv"),
        ("a\x00b\u202e;rm -rf.csv", "a_b_rm -rf.csv"),
        ("..", "file"),
        ("Ämter (neu).csv", "Ämter (neu).csv"),
        ("x" * 300 + ".csv", "x" * 96 + ".csv"),
    ],
)
def test_a_name_becomes_one_that_a_file_can_have(app_context: Flask, name: str, kept: str) -> None:
    assert received(name=name, format_name="csv").file_name == kept


def test_who_waits_too_long_or_is_not_wanted_is_deleted(app_context: Flask) -> None:
    old, done = received(), received()
    confirm(done.id, seen=plan_of(done, day=DAY).version, actor="test", now=NOW)
    later = NOW + timedelta(days=1, seconds=1)
    new = received(now=later)
    with pytest.raises(NotFound):
        find(old.id)
    discard(new.id)
    discard(done.id)
    with pytest.raises(NotFound):
        find(new.id)
    assert find(done.id).done_at == NOW
