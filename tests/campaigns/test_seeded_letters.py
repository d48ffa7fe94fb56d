"""The letters of the first campaign: true, within their length, tidy, and different from each other."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import combinations
from random import Random
from statistics import median

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.campaigns.models import THANKS, Campaign, TemplateVersion
from app.campaigns.offering import is_offered, languages_offered
from app.cli.seed import SEEDS
from app.database import db
from app.evidence.reading import current_facts, known_on
from app.letters.attachments import attachment_text, attachments_of
from app.letters.checking import problems_of_template
from app.letters.draft import Writer
from app.letters.freezing import read_snapshot
from app.letters.going_to import offices_of
from app.letters.originality import body_of
from app.letters.snapshot import Snapshot
from app.letters.tone import look_at_words
from app.letters.wording import Words, source_of, wording_of
from app.rendering.originality import runs
from tests.support.lengths import SOAK, length

pytestmark = [pytest.mark.backends("sqlite"), pytest.mark.seeded]  # the files are looked at

DAY = date(2026, 12, 1)
FIGURE = re.compile(r"\d")
NUMBER_WORDS = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|nineteen|twenty|thirty|hundred|trois|quatre|"
    r"cinq|sept|huit|neuf|dix|douze|quinze|vingt|trente|cent|три|четыре|пять|пятнадцать|девятнадцать|"
    r"երեք|չորս|հինգ|տասնհինգ|տասնինը)\b",
    re.IGNORECASE,
)
TAG = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)
UNTIDY = re.compile(r" {2,}|[,;:]{2,}|\.\.| [,.]|\( | \)|\{|\}|  ")
LENGTHS = {
    "un-osce": (180, 250),
    "us-state": (200, 250),
    "us-legislator": (150, 220),
    "city-council": (150, 220),
    "human-rights-org": (120, 200),
    "thanks": (90, 170),
}
OWN = "The well of my grandmother's village stands before my eyes."


def campaign() -> Campaign:
    """Return the first campaign."""
    return db.session.scalars(sa.select(Campaign)).one()


def versions() -> Iterator[TemplateVersion]:
    """Yield the newest wording of each letter."""
    for template in sorted(campaign().templates, key=lambda one: (one.key, one.language)):
        yield template.versions[-1]


def words(points: tuple[str, ...], key: uuid.UUID, language: str) -> Words:
    """Return what one supporter's letters are made of."""
    writer = Writer("Ani Petrosyan", "ani@example.org", "US", city="Los Angeles", postal_code="90012")
    return Words(writer, OWN, "AAAA-BBBB-CC", DAY, language, points, key)


def snapshot(language: str = "en") -> Snapshot:
    """Return the campaign with all that its letters need."""
    return read_snapshot(db.session, campaign(), language, day=DAY)


def test_each_kind_is_there_in_english_and_french_and_the_first_in_four(app_context: Flask) -> None:
    found = {(version.template.key, version.template.language) for version in versions()}
    assert found == {(key, language) for key in LENGTHS for language in ("en", "fr")} | {
        ("un-osce", "hy"),
        ("un-osce", "ru"),
    }
    for version in versions():
        template = version.template
        assert (template.shortest, template.longest) == LENGTHS[template.key], template.key
        assert (template.own_words or 0) == (25 if template.key in ("us-legislator", "city-council") else 0)
        assert len((version.points or {"of": ()})["of"]) == (0 if template.kind == THANKS else 5)


def test_nothing_is_empty_untidy_or_of_the_wrong_length_for_any_office(app_context: Flask) -> None:
    for version in versions():
        found = problems_of_template(db.session, campaign(), version, day=DAY)
        assert found == [], [str(problem) for problem in found]


def test_machine_drafts_wait_for_a_person(app_context: Flask) -> None:
    at = datetime(2026, 12, 1, 10, tzinfo=UTC)
    assert languages_offered(campaign(), now=at) == ["en", "fr"]
    drafts = [version for version in versions() if version.machine_drafted]
    assert {version.template.language for version in drafts} == {"hy", "ru"}
    assert {version.status for version in drafts} == {"review"}
    for version in drafts:
        version.status = "published"
        assert not is_offered(version, now=at)
        version.approved_by = "Somebody who reads it"
        assert is_offered(version, now=at)
    assert languages_offered(campaign(), now=at) == ["en", "fr", "hy", "ru"]
    db.session.rollback()


def test_figures_stand_only_in_facts_with_day_and_source(app_context: Flask) -> None:
    facts = current_facts(db.session)
    texts = [
        (version.template.key, text) for version in versions() for _where, text in source_of(version).texts()
    ]
    texts += [
        (name, text) for name, one in (campaign().attachments or {}).items() for text in one["text"].values()
    ]
    for key, text in texts:
        bare = TAG.sub("", text)
        assert not FIGURE.search(bare), (key, bare)
        assert not NUMBER_WORDS.search(bare), (key, NUMBER_WORDS.findall(bare), bare)
        for named in re.findall(r"fact\.(\w+)\.", text):
            fact = facts[named]
            assert fact.as_of, named
            assert fact.sources, named


def test_no_word_of_the_lists_stands_in_any_letter(app_context: Flask) -> None:
    texts = [text for version in versions() for _where, text in source_of(version).texts()]
    for member in campaign().audience:
        texts += [*member.ask.values(), *member.ask_text.values()]
    texts += [text for one in (campaign().attachments or {}).values() for text in one["text"].values()]
    assert {word.word for text in texts for word in look_at_words(TAG.sub("", text))} == set()


def test_only_open_offices_that_take_such_letters_are_addressed(app_context: Flask) -> None:
    for version in versions():
        for office in offices_of(db.session, campaign(), version, DAY):
            assert office.addressable
            assert office.addressee.recipient.is_open
            assert office.addressee.recipient.accepts != "cases"
    offered = {office.slug: office.preselected for office in snapshot().offices if office.addressable}
    assert {slug for slug, preselected in offered.items() if preselected} == {
        "un-hrc-president",
        "un-high-commissioner",
        "osce-chairman-in-office",
        "us-secretary-of-state",
    }
    assert len(offered) == 11
    assert not {"un-wgad", "un-wgeid", "osce-minsk-cochair-france"} & offered.keys()


def test_every_office_language_and_point_makes_a_tidy_letter(app_context: Flask) -> None:
    known, chance, turns = known_on(db.session, clock.now().date()), Random(1), 1 if SOAK else 3
    for version in versions():
        language = version.template.language
        keys = [point.key for point in wording_of(version, known).points]
        for place, office in enumerate(offices_of(db.session, campaign(), version, DAY)):
            # Each office a third of the points, each point to a third of the offices; in a soak all to all.
            for points in [(key,) for key in keys[place % turns :: turns]] or [()]:
                key = uuid.UUID(int=chance.getrandbits(128), version=4)
                text = snapshot(language).word(office, words(points, key, language), version).text
                assert not UNTIDY.search(text), (office.slug, UNTIDY.findall(text), text)
                assert "\n\n\n" not in text
                assert OWN in text


@pytest.mark.parametrize("key", LENGTHS)
def test_supporters_who_add_no_word_write_different_letters_all_the_same(
    app_context: Flask, key: str
) -> None:
    """Points and wordings alone: the middle pair shares less than 0.6 of its runs of words."""
    supporters, pairs, chance = length(200, 1000), length(4_000, 40_000), Random(7)
    version = next(one for one in versions() if (one.template.key, one.template.language) == (key, "en"))
    office = next(iter(offices_of(db.session, campaign(), version, DAY)))
    keys = [point.key for point in wording_of(version, known_on(db.session, clock.now().date())).points]
    taken = snapshot()
    letters = []
    for _supporter in range(supporters):
        points = tuple(chance.sample(keys, min(chance.randint(1, 3), len(keys))))
        said = words(points, uuid.UUID(int=chance.getrandbits(128), version=4), "en")
        letters.append(runs(body_of(taken.word(office, said, version)).replace(OWN, "")))
    sample = chance.sample(list(combinations(range(supporters), 2)), pairs)
    close = median(len(letters[a] & letters[b]) / len(letters[a] | letters[b]) for a, b in sample)
    print(f"{key}: median closeness {close:.2f} of {supporters} letters")
    assert close < 0.6


def test_where_points_can_be_put_in_own_words_most_of_them_can_whatever_is_drawn(app_context: Flask) -> None:
    offered = [snapshot(language).passages(language, now=clock.now()) for language in ("en", "fr")]
    for letters in offered:
        editable = {key: letter.points for key, letter in letters.items() if letter.points}
        assert set(editable) == {"un-osce", "human-rights-org"}
        for points in editable.values():
            assert sum(len(point.free) == len(point.texts) for point in points) >= 2
            assert sum(bool(point.free) for point in points) >= 4


def test_the_draft_resolution_is_offered_with_its_facts(app_context: Flask) -> None:
    (attachment,) = attachments_of(campaign(), "fr")
    assert (attachment.template_key, attachment.language) == ("city-council", "fr")
    assert "dix-neuf" in attachment_text(snapshot(), attachment.name, "fr")
    assert "on February" not in attachment_text(snapshot(), attachment.name, "en")
    assert (SEEDS / "campaigns" / "bring-them-home" / "attachments").is_dir()
