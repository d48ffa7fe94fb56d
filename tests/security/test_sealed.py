"""What tells who somebody is, as it lies in the database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import Base, db, transaction
from app.delivery.models import Delivery
from app.letters.models import Letter
from app.security.keys import KeysError
from app.security.sealed import SealedBytes, SealedText
from app.supporters.models import Supporter
from tests.factories.campaigns import store_campaign
from tests.factories.letters import WriterFactory, copies, notices, write_and_confirm
from tests.factories.storage import everything, raw_bytes
from tests.support.plugins.database import AppFactory

PLANTED = {
    "name": "Plantedname Writer",
    "email": "plantedmail@people.example",
    "title": "Plantedtitle",
    "affiliation": "Plantedgroup",
    "city": "Plantedcity",
    "region": "Plantedregion",
    "postal_code": "PLANTED-42",
}


def write_planted() -> None:
    """Write and confirm two letters by the same person, in which everything can be found again."""
    slug = store_campaign()
    for _letter in range(2):
        write_and_confirm(slug, writer=WriterFactory.build(**PLANTED), personal_message="Plantedwords.")


def test_it_reads_back_as_it_was_given(app_context: Flask) -> None:
    write_planted()
    for row in db.session.scalars(sa.select(Supporter)):
        assert {name: getattr(row, name) for name in PLANTED} == PLANTED
    assert {row.personal_message for row in db.session.scalars(sa.select(Letter))} == {"Plantedwords."}


def test_no_row_holds_anything_of_it_in_the_clear(app_context: Flask) -> None:
    write_planted()
    held = repr(everything()).casefold()
    assert "water for the valley" in held
    assert "planted" not in held
    office = copies()[0].envelope_to
    assert office.endswith("offices.example")


@pytest.mark.backends("sqlite")  # the file is looked at
def test_neither_the_file_nor_its_journal_holds_any_of_it(app_context: Flask) -> None:
    write_planted()
    stored = raw_bytes().lower()
    assert b"water for the valley" in stored
    assert b"planted" not in stored
    mail = notices()[0].text
    token = mail.split("/confirm/")[1].split()[0]
    assert token.encode().lower() not in stored
    db.session.rollback()  # who still reads keeps the journal from being emptied
    with db.engine.connect() as connection:
        busy, _in_journal, _moved = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    assert not busy
    assert b"planted" not in raw_bytes().lower()


def test_the_same_text_never_looks_the_same_twice(app_context: Flask) -> None:
    write_planted()
    with db.engine.connect() as connection:
        for name in PLANTED:
            column = Supporter.__table__.c[f"{name}_sealed"]
            values = connection.scalars(sa.select(column)).all()
            assert len(values) == len(set(values)) == 2, name


def test_the_mailbox_is_found_by_its_index_alone(app_context: Flask) -> None:
    write_planted()
    with db.engine.connect() as connection:
        indexes = connection.scalars(sa.select(Supporter.email_index)).all()
    assert len(set(indexes)) == 1
    assert len(indexes[0]) == 32


def test_a_value_moved_to_another_row_or_column_does_not_open(app_context: Flask) -> None:
    write_planted()
    table = Supporter.__table__
    first, second = db.session.scalars(sa.select(Supporter).order_by(Supporter.id))
    with db.engine.begin() as connection:
        connection.execute(
            sa.update(table).where(table.c.id == first.id).values(name_sealed=second.name_sealed)
        )
        connection.execute(
            sa.update(table).where(table.c.id == second.id).values(city_sealed=second.name_sealed)
        )
    db.session.rollback()
    db.session.expire_all()
    with pytest.raises(KeysError, match="cannot be opened"):
        db.session.get_one(Supporter, first.id).name  # noqa: B018 (reading it is what is tried)
    with pytest.raises(KeysError, match="cannot be opened"):
        db.session.get_one(Supporter, second.id).city  # noqa: B018
    assert db.session.get_one(Supporter, second.id).name == PLANTED["name"]


def test_another_key_file_opens_nothing(
    app_context: Flask, app_factory: AppFactory, tmp_path: object
) -> None:
    write_planted()
    path = f"{tmp_path}/other-keys.json"
    other = app_factory(REDRESS_KEYS_FILE=path)
    assert other.extensions["redress_keys"] != app_context.extensions["redress_keys"]
    with other.app_context():
        row = db.session.scalars(sa.select(Supporter)).first()
        assert row is not None
        with pytest.raises(KeysError):
            row.name  # noqa: B018


def test_empty_text_is_stored_as_nothing_and_reads_as_empty(app_context: Flask) -> None:
    slug = store_campaign()
    write_and_confirm(slug, writer=WriterFactory.build(title="", region=""))
    row = db.session.scalars(sa.select(Supporter)).one()
    assert (row.title_sealed, row.region_sealed) == (None, None)
    assert (row.title, row.region) == ("", "")
    with transaction() as session:
        session.get_one(Supporter, row.id).name = ""
    db.session.rollback()
    assert db.session.get_one(Supporter, row.id).name_sealed is None


def test_every_sealed_column_is_reached_through_a_descriptor_of_its_own() -> None:
    """A column that is called sealed and is written directly would be in the clear, or bound to nothing."""
    for mapper in Base.registry.mappers:
        owner = mapper.class_
        sealed = {column.key for column in mapper.columns if column.key.endswith("_sealed")}
        through = {one.column for one in vars(owner).values() if isinstance(one, SealedText | SealedBytes)}
        assert sealed == through, owner.__name__
        for column in mapper.columns:
            if column.key in sealed:
                assert isinstance(column.type, sa.LargeBinary), column


def test_bytes_are_sealed_like_text(app_context: Flask) -> None:
    write_planted()
    copy = copies()[0]
    assert copy.wire is not None
    assert copy.wire_sealed is not None
    assert b"Plantedwords" in copy.wire or b"UGxhbnRlZHdvcmRz" in copy.wire
    assert copy.wire[:40] not in copy.wire_sealed
    assert isinstance(Delivery.wire, SealedBytes)
    assert isinstance(Delivery.text, SealedText)
