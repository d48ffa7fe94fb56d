"""Rules about words: found as words, with what they say, and never within what is allowed."""

from __future__ import annotations

import pytest

from app.rendering.tone import Rule, findings, must_be_read

RULES = (
    Rule(
        "block",
        ("hostage", "hostages"),
        "A label.",
        "detainees",
        unless=("hostages and other detained persons",),
    ),
    Rule("warn", ("ethnic cleansing", "mutilat*"), "Disputed."),
    Rule("hold", ("i know where you live",), "Read first."),
)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("They are Hostages.", ["Hostages"]),
        ("hostageship and a hostage", ["hostage"]),
        ("the exchange of hostages and other detained persons", []),
        ("ethnic\n cleansing; mutilations, mutilated", ["ethnic\n cleansing", "mutilations", "mutilated"]),
        ("hostage hostage HOSTAGE", ["hostage"]),
        ("", []),
    ],
)
def test_what_is_found(said: str, words: list[str]) -> None:
    assert [one.word for one in findings(said, RULES)] == words


def test_a_finding_says_where_why_and_what_instead() -> None:
    (one,) = findings("The hostage.", RULES)
    assert (one.start, one.level, one.reason, one.replacement) == (4, "block", "A label.", "detainees")


def test_only_some_words_have_to_be_read_first() -> None:
    assert must_be_read("I know  where you live", RULES)
    assert not must_be_read("hostage, ethnic cleansing", RULES)
