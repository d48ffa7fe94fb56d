"""`redress seed`: twice is once, and what somebody edited stays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from app.campaigns.models import Campaign
from app.database import db, transaction
from app.evidence.models import Fact
from app.recipients.models import Contact, Holder, Recipient
from tests.cli.conftest import Run
from tests.factories.storage import Content, everything

EDITED = datetime(2026, 11, 20, tzinfo=UTC)


def content() -> Content:
    """Return all rows but the counter of changes; of the words to search by, only which they are."""
    db.session.rollback()
    rows = everything(but="content_version")
    place = [column.name for column in Recipient.__table__.columns].index("search_text")
    rows["recipients"] = [
        (*row[:place], *sorted(row[place].splitlines()), *row[place + 1 :]) for row in rows["recipients"]
    ]
    return rows


@pytest.mark.seeded
def test_seeding_twice_changes_nothing_the_second_time(
    command: Run, app_context: Flask, environ: dict[str, str]
) -> None:
    before = content()
    assert len(before["recipients"]) >= 7
    again = command("seed", "--demo", environ=environ)
    assert (again.status, again.err) == (0, "")
    assert again.out == "Offices, holders and contacts: 0 new, 0 changed, 0 kept as edited.\n"
    assert content() == before


def test_without_demo_no_office_can_be_reached(
    command: Run, app_context: Flask, environ: dict[str, str]
) -> None:
    ended = command("seed", environ=environ)
    assert (ended.status, ended.err) == (0, "")
    verified = sa.select(sa.func.count()).where(Contact.verified_at.is_not(None))
    assert db.session.scalar(verified) == 0
    domains = db.session.scalars(sa.select(Contact.value).where(Contact.value.like("%offices.example")))
    assert list(domains) == []


@pytest.mark.seeded
def test_demonstration_addresses_lead_nowhere(app_context: Flask) -> None:
    usable = sa.select(Contact.value).where(Contact.channel == "email", Contact.verified_at.is_not(None))
    values = db.session.scalars(usable).all()
    assert len(values) == db.session.scalar(sa.select(sa.func.count()).select_from(Recipient))
    assert all(value.endswith("@offices.example") for value in values)  # RFC 2606


@pytest.mark.seeded
def test_what_somebody_edited_is_not_overwritten(
    command: Run, app_context: Flask, environ: dict[str, str]
) -> None:
    with transaction() as session:
        office = session.scalars(sa.select(Recipient).where(Recipient.slug == "un-hrc-president")).one()
        office.title, office.edited_at = "An edited title", EDITED
        holder = session.scalars(sa.select(Holder).where(Holder.recipient_id == office.id)).first()
        assert holder is not None
        holder.name, holder.edited_at = "An Edited Name", EDITED
        fact = session.scalars(sa.select(Fact).where(Fact.key == "held_count")).one()
        fact.value, fact.edited_at = "an edited value", EDITED
        campaign = session.scalars(sa.select(Campaign)).one()
        campaign.title, campaign.edited_at = {"en": "An edited campaign"}, EDITED
        campaign.audience[0].ask = {"en": "An edited ask"}
        unedited = session.scalars(sa.select(Recipient).where(Recipient.slug == "un-high-commissioner")).one()
        unedited.title = "Changed by nobody who says so"
    ended = command("seed", environ=environ)
    assert "1 changed, 2 kept as edited" in ended.out
    db.session.rollback()
    office = db.session.scalars(sa.select(Recipient).where(Recipient.slug == "un-hrc-president")).one()
    assert office.title == "An edited title"
    assert "An Edited Name" in db.session.scalars(sa.select(Holder.name)).all()
    fact = db.session.scalars(sa.select(Fact).where(Fact.key == "held_count")).one()
    assert fact.value == "an edited value"
    campaign = db.session.scalars(sa.select(Campaign)).one()
    assert campaign.title == {"en": "An edited campaign"}
    assert campaign.audience[0].ask == {"en": "An edited ask"}
    titles = db.session.scalars(sa.select(Recipient.title)).all()
    assert "Changed by nobody who says so" not in titles


@pytest.mark.seeded
def test_a_changed_letter_becomes_a_further_version(
    command: Run, app_context: Flask, environ: dict[str, str]
) -> None:
    with transaction() as session:
        campaign = session.scalars(sa.select(Campaign)).one()
        template = campaign.templates[0]
        template.versions[-1].body = "Other words than those in the folder. {{ personal }}\n"
        key = template.id
    assert command("seed", environ=environ).status == 0
    db.session.rollback()
    campaign = db.session.scalars(sa.select(Campaign)).one()
    versions = {template.id: [one.number for one in template.versions] for template in campaign.templates}
    assert versions.pop(key) == [1, 2]
    assert set(map(tuple, versions.values())) == {(1,)}
