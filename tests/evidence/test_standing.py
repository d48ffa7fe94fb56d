"""What may be stated, asked for and named today."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.evidence.content_rules import tone_rules
from app.evidence.models import ContentRule, Fact, Measure, Person
from app.evidence.reading import measure_parts, person_parts
from app.evidence.standing import is_stale, may_be_asked
from app.rendering.tone import findings

DAY = date(2026, 11, 21)
BILL = {
    "key": "bill",
    "number": "H.Res. 1",
    "status": "introduced",
    "lapses_on": date(2027, 1, 3),
    "last_verified_on": DAY,
    "chamber": {"en": "House"},
    "title": {"en": "On wells"},
}


@pytest.mark.parametrize(("days", "stale"), [(0, False), (30, False), (31, True), (None, True)])
def test_a_check_counts_for_thirty_days(days: int | None, stale: bool) -> None:
    checked = None if days is None else DAY - timedelta(days=days)
    assert is_stale(Fact(key="wells", status="current", checked_on=checked), DAY) is stale
    assert not is_stale(Fact(key="wells", status="withdrawn", checked_on=checked), DAY)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "lapsed"},
        {"status": "adopted"},
        {"status": "unverified", "number": ""},
        {"last_verified_on": None},
        {"lapses_on": DAY},
        {"lapses_on": DAY - timedelta(days=1)},
    ],
)
def test_only_a_pending_measure_that_was_looked_up_can_be_asked_for(change: dict[str, object]) -> None:
    assert may_be_asked(Measure(**BILL), DAY)
    assert not may_be_asked(Measure(**BILL | change), DAY)
    assert measure_parts(Measure(**BILL), "fr")["status"] == "déposé"


def test_nobody_is_named_before_family_or_counsel_agreed() -> None:
    person = Person(
        key="robin",
        name={"en": "Robin Held"},
        office={"en": "former mayor"},
        detained_on=date(2023, 9, 27),
        history=[{"status": "detained", "day": "2023-09-27", "text": {"en": "detained"}}],
    )
    assert person_parts(person, "en") == {
        "name": "",
        "office": "former mayor",
        "detained": "27 September 2023",
        "status": "detained",
    }
    person.agreed_on = DAY
    assert person_parts(person, "en", "US")["name"] == "Robin Held"
    assert person_parts(person, "en", "US")["detained"] == "September 27, 2023"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("He was held HOSTAGE there.", ["HOSTAGE"]),
        ("the hostages and  other detained persons of point 8; the hostages", ["hostages"]),
        ("a hostageship, and unhostage", []),
        ("beheadings. Beheaded? The world’s\nmightiest", ["beheadings", "Beheaded", "world’s\nmightiest"]),
    ],
)
def test_a_rule_finds_whole_words(text: str, words: list[str]) -> None:
    rule = ContentRule(
        key="hostage",
        level="block",
        pattern={"en": "hostage | hostages | behead* | world's mightiest"},
        unless={"en": "hostages and other detained persons"},
        reason={"en": "A label."},
        replacement={},
    )
    found = findings(text, tone_rules([rule], said_in="en", written_in="en"))
    assert [finding.word for finding in found] == words
    assert all(text[one.start :].startswith(one.word) and one.level == "block" for one in found)
    assert findings(text, tone_rules([rule], said_in="en", written_in="fr")) == ()


def test_what_stands_in_a_rule_is_no_pattern() -> None:
    rule = ContentRule(
        key="odd",
        level="warn",
        pattern={"en": "H.Res. 1 | (a+)+ | * |"},
        unless={},
        reason={},
        replacement={},
    )
    found = findings("HxRes. 1, H.Res. 1, aaa, (a+)+", tone_rules([rule], said_in="en"))
    assert [one.word for one in found] == ["H.Res. 1", "(a+)+"]
