"""Facts: loaded from the file, and only those that may be stated are stated."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from flask import Flask

from app import clock
from app.campaigns.models import Campaign
from app.database import db
from app.errors import RedressError
from app.evidence.models import Fact
from app.evidence.reading import current_facts
from app.evidence.seeding import load_evidence
from tests.factories.evidence import FactFactory, store
from tests.factories.storage import everything

FACT = {
    "key": "wells",
    "statement": {"en": "Seven wells are dry."},
    "value": 7,
    "as_of": date(2026, 11, 1),
    "confidence": "high",
    "checked_on": date(2026, 11, 2),
    "sources": [
        {"label": "The survey", "url": "https://survey.example", "date": date(2026, 10, 30), "page": None}
    ],
}


def write(path: Path, *facts: dict[str, object]) -> Path:
    """Write a folder with a file of facts."""
    (path / "facts.yaml").write_text(yaml.safe_dump(list(facts)), encoding="utf-8")
    return path


def load(folder: Path) -> int:
    """Load a folder's evidence now."""
    return load_evidence(folder, now=clock.now())


def stored() -> Fact:
    """Return the only fact."""
    db.session.rollback()
    return db.session.scalars(sa.select(Fact)).one()


def test_a_fact_is_loaded_whole_and_a_second_time_changes_nothing(app_context: Flask, tmp_path: Path) -> None:
    file = write(tmp_path, FACT)
    assert load(file) == 1
    fact = stored()
    assert (fact.statement, fact.value) == ({"en": "Seven wells are dry."}, "7")
    assert (fact.as_of, fact.checked_on) == (date(2026, 11, 1), date(2026, 11, 2))
    assert fact.sources == [{"label": "The survey", "url": "https://survey.example", "date": "2026-10-30"}]
    assert (fact.status, fact.note, fact.value_text, fact.counted_by) == ("current", "", {}, {})
    before = everything(but="content_version")
    load(file)
    assert everything(but="content_version") == before


def test_a_change_is_taken_over_unless_somebody_edited(app_context: Flask, tmp_path: Path) -> None:
    load(write(tmp_path, FACT))
    load(write(tmp_path, FACT | {"value": 8}))
    assert stored().value == "8"
    store(FactFactory.build(key="wells"), value="nine", edited_at=clock.now())
    load(write(tmp_path, FACT))
    assert stored().value == "nine"


def test_only_current_facts_may_be_stated(app_context: Flask) -> None:
    for status in ("current", "superseded", "withdrawn"):
        store(FactFactory.build(key=status, status=status))
    assert set(current_facts(db.session)) == {"current"}


def test_who_names_a_superseded_fact_states_the_one_that_took_its_place(app_context: Flask) -> None:
    store(FactFactory.build(key="old", status="superseded", superseded_by="newer"))
    store(FactFactory.build(key="newer", status="superseded", superseded_by="newest"))
    store(FactFactory.build(key="newest", value="8"))
    store(FactFactory.build(key="circle", status="superseded", superseded_by="circle"))
    store(FactFactory.build(key="to_nowhere", status="superseded", superseded_by="gone"))
    assert {key: fact.value for key, fact in current_facts(db.session).items()} == {
        "old": "8",
        "newer": "8",
        "newest": "8",
    }


def test_what_a_file_withdraws_is_withdrawn_from_now_on(app_context: Flask, tmp_path: Path) -> None:
    load(write(tmp_path, FACT))
    assert stored().withdrawn_at is None
    load(write(tmp_path, FACT | {"status": "withdrawn"}))
    since = stored().withdrawn_at
    assert since is not None
    load(tmp_path)
    assert stored().withdrawn_at == since


def test_sources_have_short_names(app_context: Flask, tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("S1: [{label: The survey, date: 2026-10-30}]", encoding="utf-8")
    load(write(tmp_path, FACT | {"sources": ["S1"]}))
    assert stored().sources == [{"ref": "S1", "label": "The survey", "date": "2026-10-30"}]
    with pytest.raises(RedressError, match="S2"):
        load(write(tmp_path, FACT | {"sources": ["S2"]}))


def test_an_empty_file_is_no_fact(app_context: Flask, tmp_path: Path) -> None:
    (tmp_path / "facts.yaml").write_text("", encoding="utf-8")
    assert load(tmp_path) == 0


@pytest.mark.backends("sqlite")  # the file is looked at
@pytest.mark.seeded
def test_the_first_campaign_states_only_facts_that_there_are(app_context: Flask) -> None:
    there = set(current_facts(db.session))
    for campaign in db.session.scalars(sa.select(Campaign)):
        assert set(campaign.facts) <= there
