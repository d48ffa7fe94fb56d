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
from app.cli.seed import SEEDS
from app.database import db
from app.evidence.models import Fact
from app.evidence.reading import current_facts
from app.evidence.seeding import load_facts
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
    """Write a file of facts."""
    file = path / "facts.yaml"
    file.write_text(yaml.safe_dump(list(facts)), encoding="utf-8")
    return file


def stored() -> Fact:
    """Return the only fact."""
    db.session.rollback()
    return db.session.scalars(sa.select(Fact)).one()


def test_a_fact_is_loaded_whole_and_a_second_time_changes_nothing(app_context: Flask, tmp_path: Path) -> None:
    file = write(tmp_path, FACT)
    assert load_facts(file) == 1
    fact = stored()
    assert (fact.statement, fact.value) == ({"en": "Seven wells are dry."}, "7")
    assert (fact.as_of, fact.checked_on) == (date(2026, 11, 1), date(2026, 11, 2))
    assert fact.sources == [{"label": "The survey", "url": "https://survey.example", "date": "2026-10-30"}]
    assert (fact.status, fact.note, fact.value_text, fact.counted_by) == ("current", "", {}, {})
    before = everything(but="content_version")
    load_facts(file)
    assert everything(but="content_version") == before


def test_a_change_is_taken_over_unless_somebody_edited(app_context: Flask, tmp_path: Path) -> None:
    load_facts(write(tmp_path, FACT))
    load_facts(write(tmp_path, FACT | {"value": 8}))
    assert stored().value == "8"
    store(FactFactory.build(key="wells"), value="nine", edited_at=clock.now())
    load_facts(write(tmp_path, FACT))
    assert stored().value == "nine"


def test_only_current_facts_may_be_stated(app_context: Flask) -> None:
    for status in ("current", "superseded", "withdrawn"):
        store(FactFactory.build(key=status, status=status))
    assert set(current_facts(db.session)) == {"current"}


def test_an_empty_file_is_no_fact(app_context: Flask, tmp_path: Path) -> None:
    (tmp_path / "facts.yaml").write_text("", encoding="utf-8")
    assert load_facts(tmp_path / "facts.yaml") == 0


@pytest.mark.backends("sqlite")  # the file is looked at
@pytest.mark.seeded
def test_every_seeded_fact_has_a_source_a_day_and_a_check(app_context: Flask) -> None:
    facts = db.session.scalars(sa.select(Fact)).all()
    assert len(facts) == len(yaml.safe_load((SEEDS / "evidence" / "facts.yaml").read_text(encoding="utf-8")))
    for fact in facts:
        assert fact.statement["en"].strip(), fact.key
        assert fact.checked_on, fact.key
        assert fact.sources, fact.key
        assert all(source.get("label") for source in fact.sources), fact.key
        assert all(source.get("url", "https://").startswith("http") for source in fact.sources), fact.key


@pytest.mark.backends("sqlite")  # the file is looked at
@pytest.mark.seeded
def test_the_first_campaign_states_only_facts_that_there_are(app_context: Flask) -> None:
    there = set(current_facts(db.session))
    for campaign in db.session.scalars(sa.select(Campaign)):
        assert set(campaign.facts) <= there
