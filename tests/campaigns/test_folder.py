"""A campaign as a folder."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from flask import Flask

from app.campaigns.folder import load_campaign, read_folder
from app.campaigns.folder_writing import campaign_files
from app.campaigns.letter_file import read_letter
from app.campaigns.models import Campaign
from app.database import db, transaction
from app.errors import RedressError
from tests.factories.recipients import ClosedOfficeFactory, OfficeFactory
from tests.factories.storage import counts, everything

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LETTER = "---\nname: An appeal\nsubject: Water\nkind: F1\n---\nPlease open it.\n\n{{ personal }}\n"


@pytest.fixture
def folder(app_context: Flask, tmp_path: Path) -> Path:
    """A campaign that writes to one office and shows another as history; the offices are stored."""
    with transaction() as session:
        session.add_all([OfficeFactory.build(slug="open"), ClosedOfficeFactory.build(slug="closed")])
    describe(tmp_path, audience=AUDIENCE)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "appeal.en.txt").write_text(LETTER, encoding="utf-8")
    return tmp_path


AUDIENCE = [
    {
        "recipient": "test:open",
        "template": "appeal",
        "ask": {"en": "Open it."},
        "ask_text": {"en": "Please."},
    },
    {"recipient": "test:closed", "history": True},
]


def describe(folder: Path, **other: object) -> None:
    """Write the folder's campaign.yaml."""
    description: dict[str, object] = {
        "slug": "water",
        "title": {"en": "Water"},
        "summary": {"en": "Folded\ntext\n"},
        "ask": {"en": "x"},
        "story": {"en": "x"},
        "status": "live",
        "opens_on": date(2026, 11, 21),
        "consent": {"version": date(2026, 11, 21), "letter": {"en": "I agree."}},
    }
    (folder / "campaign.yaml").write_text(yaml.safe_dump(description | other), encoding="utf-8")


def campaign() -> Campaign:
    """Return the only stored campaign."""
    db.session.rollback()
    return db.session.scalars(sa.select(Campaign)).one()


def test_everything_in_the_folder_is_loaded(folder: Path) -> None:
    assert load_campaign(folder, now=NOW) == "water"
    found = campaign()
    assert (found.title, found.summary) == ({"en": "Water"}, {"en": "Folded\ntext"})
    assert found.opens_on == date(2026, 11, 21)
    assert found.consent["version"] == "2026-11-21"  # text, though YAML reads a date
    assert [(one.template_key, one.history, one.preselected) for one in found.audience] == [
        ("appeal", False, True),
        ("", True, False),
    ]
    (template,) = found.templates
    assert (template.key, template.language, template.name, template.kind) == (
        "appeal",
        "en",
        "An appeal",
        "F1",
    )
    (version,) = template.versions
    assert (version.number, version.subject) == (1, "Water")
    assert version.body == "Please open it.\n\n{{ personal }}\n"
    assert (version.made_at, version.made_by) == (NOW, "seeds")


def test_a_letter_that_can_be_edited_comes_and_goes_as_such(folder: Path) -> None:
    points = "points: {least: 1, most: 1, editable: true, of: [{key: a, label: A, texts: [Soon.]}]}\n---\n"
    points += "{{ points }}\n"
    front, _dashes, text = LETTER.rpartition("---\n")
    (folder / "letters" / "appeal.en.txt").write_text(f"{front}{points}{text}", encoding="utf-8")
    load_campaign(folder, now=NOW)
    files = campaign_files(db.session, campaign(), now=NOW)
    (folder / "letters" / "appeal.en.txt").write_text(files["letters/appeal.en.txt"], encoding="utf-8")
    for letter in (read_folder(folder).letters[0], campaign().templates[0].versions[0]):
        assert letter.points == {
            "least": 1,
            "most": 1,
            "editable": True,
            "of": [{"key": "a", "label": "A", "texts": ["Soon."]}],
        }


def test_a_second_time_changes_nothing(folder: Path) -> None:
    load_campaign(folder, now=NOW)
    before = everything(but="content_version")
    load_campaign(folder, now=NOW)
    assert everything(but="content_version") == before


def test_what_changed_in_the_folder_is_taken_over_and_old_wordings_stay(folder: Path) -> None:
    load_campaign(folder, now=NOW)
    describe(folder, audience=AUDIENCE[:1], title={"en": "More water"})
    (folder / "letters" / "appeal.en.txt").write_text(LETTER.replace("Please", "Kindly"), encoding="utf-8")
    (folder / "letters" / "appeal.fr.txt").write_text(LETTER, encoding="utf-8")
    load_campaign(folder, now=NOW)
    found = campaign()
    assert found.title == {"en": "More water"}
    assert len(found.audience) == 1
    versions = {
        template.language: [one.body[:6] for one in template.versions] for template in found.templates
    }
    assert versions == {"en": ["Please", "Kindly"], "fr": ["Please"]}


def test_what_an_organizer_edited_stays(folder: Path) -> None:
    load_campaign(folder, now=NOW)
    with transaction() as session:
        session.scalars(sa.select(Campaign)).one().edited_at = NOW
    before = everything(but="content_version")
    describe(folder, title={"en": "Other"})
    assert load_campaign(folder, now=NOW) == "water"
    assert everything(but="content_version") == before


def test_an_office_that_does_not_exist_is_told_and_nothing_loaded(folder: Path) -> None:
    describe(folder, audience=[*AUDIENCE, {"recipient": "test:nowhere", "template": "appeal"}])
    with pytest.raises(RedressError, match="test:nowhere"):
        load_campaign(folder, now=NOW)
    assert "campaigns" not in counts()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Please.\n",
        "---\nname: x\n",
        "x\n---\nname: x\nsubject: y\n---\nBody",
        "---\nname: x\n---\nBody\n",
        "---\n: : :\n---\nBody\n",
        "---\n- list\n---\nBody\n",
    ],
)
def test_a_letter_that_cannot_be_read_is_told_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "appeal.en.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RedressError, match=r"appeal\.en\.txt"):
        read_letter(path)


def test_a_campaign_file_that_cannot_be_read_is_told_with_its_name(folder: Path) -> None:
    for text in ("", "- list\n", "slug: [\n", "title: {en: x}\n", "slug: x\n"):
        (folder / "campaign.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(RedressError, match=r"campaign\.yaml"):
            load_campaign(folder, now=NOW)
    (folder / "campaign.yaml").unlink()
    with pytest.raises(RedressError, match=r"campaign\.yaml"):
        load_campaign(folder, now=NOW)
    assert "campaigns" not in counts()


TOGETHER = {"group": {"level": "local"}, "template": "appeal", "ask": {"en": "Open it, all of you."}}
DID = {
    "recipient": "test:open",
    "day": date(2026, 5, 4),
    "said": {"en": "In May, it was opened."},
    "source": {"label": "Minutes", "url": "https://offices.example/minutes"},
}


def test_groups_keep_their_place_and_deeds_their_source(folder: Path) -> None:
    describe(folder, audience=[TOGETHER, *AUDIENCE], acted=[DID])
    load_campaign(folder, now=NOW)
    before = everything(but="content_version")
    load_campaign(folder, now=NOW)
    assert everything(but="content_version") == before
    found = campaign()
    assert [rule.group_of for rule in found.audience] == [{"level": "local"}, None, None]
    (deed,) = found.deeds
    assert (deed.done_on, deed.said, deed.source) == (DID["day"], DID["said"], DID["source"])
    assert (deed.recorded_at, deed.undone_at) == (NOW, None)
    describe(folder, audience=[*AUDIENCE, TOGETHER], acted=[])
    load_campaign(folder, now=NOW)
    found = campaign()
    assert [rule.group_of for rule in found.audience] == [None, None, {"level": "local"}]
    assert [deed.undone_at for deed in found.deeds] == [NOW]


@pytest.mark.parametrize(
    "wrong",
    [
        {"audience": [{"group": {"party": "x"}}]},
        {"audience": [{"template": "appeal"}]},
        {"acted": [{**DID, "source": ""}]},
        {"acted": [{**DID, "said": "It was opened."}]},
        {"acted": [{**DID, "day": "in May"}]},
        {"acted": [{**DID, "holder": "Nobody known"}]},
        {"acted": [{**DID, "recipient": "test:nowhere"}]},
    ],
)
def test_groups_and_deeds_that_cannot_be_read_are_told(folder: Path, wrong: dict[str, object]) -> None:
    describe(folder, **wrong)
    with pytest.raises(RedressError):
        load_campaign(folder, now=NOW)
    assert "campaigns" not in counts()
