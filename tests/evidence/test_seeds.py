"""What the seeds say: each with its source and day, no claim that is to be left out, no closed measure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from app import clock
from app.cli.seed import SEEDS
from app.database import db
from app.evidence.content_rules import tone_rules
from app.evidence.models import ContentRule, Fact, Measure, Person, TimelineEvent
from app.evidence.reading import content_rules, current_facts, known_on, person_parts
from app.evidence.seeding import FILES, load_evidence
from app.rendering.tone import findings
from app.yaml_files import read_yaml
from tests.factories.storage import everything

pytestmark = [
    pytest.mark.backends("sqlite"),  # the files are looked at
    pytest.mark.seeded,
    pytest.mark.usefixtures("app_context"),
]
STARS = {
    "keghart-2020": date(2020, 12, 30),
    "caucus-2021": date(2021, 2, 16),
    "la-council-2021": date(2021, 4, 21),
    "sjr-11-2024": date(2024, 2, 13),
    "senators-2024": date(2024, 4, 4),
}
CASE_FILE = {
    "id",
    "key",
    "topic",
    "name",
    "aliases",
    "office",
    "detained_on",
    "status",
    "status_at",
    "history",
}
CASE_FILE |= {"agreed_on", "checked_on", "note", "position", "edited_at"}


def rows(kind: type) -> list:
    return list(db.session.scalars(sa.select(kind)))


def published() -> Iterator[tuple[str, str, str]]:
    """Yield (key, language, text) of everything that a page or a letter may show."""
    for row in [*rows(Fact), *rows(Person), *rows(Measure), *rows(TimelineEvent)]:
        for name in ("statement", "value_text", "counted_by", "office", "title", "chamber", "text"):
            for language, said in (getattr(row, name, None) or {}).items():
                yield row.key, language, said
    for person in rows(Person):
        for entry in person.history:
            for language, said in entry["text"].items():
                yield person.key, language, said
    yield from past_letters()


def past_letters() -> Iterator[tuple[str, str, str]]:
    """Yield the same of the joint letters that are told as history."""
    for path in sorted(SEEDS.glob("campaigns/*/joint/*.yaml")):
        past = read_yaml(path)
        for name in ("title", "note", "text"):
            for language, said in past[name].items():
                yield path.stem, language, said


def test_every_row_has_a_source_a_day_and_a_check() -> None:
    assert len(rows(Fact)) > 50
    for fact in rows(Fact):
        assert fact.as_of, fact.key
        assert fact.checked_on, fact.key
    for event in rows(TimelineEvent):
        assert event.day, event.key
        assert event.checked_on, event.key
    for row in [*rows(Fact), *rows(TimelineEvent), *rows(Measure)]:
        assert_sources(row.key, row.sources)
    for person in rows(Person):
        assert person.detained_on, person.key
        for entry in person.history:
            assert_sources(person.key, entry["sources"])


def assert_sources(key: str, sources: list[dict[str, str]]) -> None:
    assert sources, key
    assert all(source.get("label") for source in sources), key
    assert all(source.get("url", "https://").startswith("http") for source in sources), key


def test_everything_is_said_in_english_and_french() -> None:
    texts = [*published()]
    english = {(key, i) for i, (key, language, _) in enumerate(texts) if language == "en"}
    french = {(key, i) for i, (key, language, _) in enumerate(texts) if language == "fr"}
    assert sorted(key for key, _ in english) == sorted(key for key, _ in french)


def test_nothing_on_the_list_of_claims_to_leave_out_is_said() -> None:
    rules = [rule for rule in content_rules(db.session) if rule.register_id != "B3"]
    assert {"block", "warn"} == {rule.level for rule in rules}
    found = [
        (key, finding.word, finding.reason)
        for key, language, said in published()
        for finding in findings(said, tone_rules(rules, said_in="en", written_in=language))
    ]
    assert found == []


def test_every_claim_of_the_list_has_a_rule() -> None:
    named = {part for rule in rows(ContentRule) for part in rule.register_id.replace(",", " ").split()}
    assert {f"X{number}" for number in range(1, 26)} <= named


def test_rules_are_whole_in_both_languages() -> None:
    for rule in rows(ContentRule):
        for texts in (rule.pattern, rule.reason, rule.replacement):
            assert {"en", "fr"} <= set(texts), rule.key
        written = rule.pattern["en"].split("|")[0].replace("*", "s")
        assert findings(written, tone_rules([rule], said_in="en", written_in="en")), rule.key


def test_no_closed_measure_can_be_asked_for() -> None:
    assert {row.key for row in rows(Measure)} == {"hres_240", "hres_861", "sjr_11", "us_house_2026"}
    assert known_on(db.session, clock.now().date()).measures == {}


def test_the_five_appeals_are_marked() -> None:
    assert {event.key: event.day for event in rows(TimelineEvent) if event.campaign_action} == STARS


def test_a_case_file_holds_nothing_but_what_it_may() -> None:
    assert set(Person.__table__.columns.keys()) == CASE_FILE
    assert len(rows(Person)) == 8
    for person in rows(Person):
        assert person.agreed_on is None, "nobody is named before family or counsel agreed"
        assert person_parts(person, "en")["name"] == ""
        assert person.status == "sentenced"
        assert not set(person.name.values()) & {said for _k, _l, said in published()}


def test_a_second_loading_changes_nothing() -> None:
    before = everything(but="content_version")
    assert load_evidence(SEEDS / "evidence", now=clock.now()) == sum(
        len(rows(f.model)) for f in FILES.values()
    )
    assert everything(but="content_version") == before


def test_old_counts_lead_to_the_one_of_today() -> None:
    facts = current_facts(db.session)
    assert facts["ecthr_march_2021"].key == facts["held_before_jan_2026"].key == "held_count"
