"""A campaign handed from one installation to another: every letter to the byte, nothing overwritten."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.campaigns.models import Campaign, Deed
from app.database import db, transaction
from app.errors import RedressError, Refused
from app.evidence.models import Fact
from app.letters.handing_on import Report, export_files, import_campaign, packed, unpacked
from app.recipients.exporter import export_yaml
from app.recipients.importer import plan_import, read, run_import
from app.recipients.models import Holder
from tests.factories.campaigns import add_group, store_campaign
from tests.support.plugins.database import AppFactory
from tests.support.seeded_letters import campaign_letters

WHO = "organizer:one"
WHOLE = "{slug: a, title: {en: a}, summary: {en: a}, ask: {en: a}, story: {en: a}, consent: {letter: {en: a}}"
DAY = date(2026, 12, 1)


def laid_out(files: dict[str, str], folder: Path) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def taken_over(folder: Path, *, dry_run: bool = False) -> Report:
    return import_campaign(folder, dry_run=dry_run, actor=WHO, now=clock.now())


def exported(slug: str) -> dict[str, str]:
    db.session.rollback()
    return export_files(db.session, slug, now=clock.now())


@pytest.mark.seeded
def test_the_seeded_campaign_renders_every_letter_to_the_byte_in_an_empty_installation(
    app_context: Flask,
    app_factory: AppFactory,
    all_backends: dict[str, Any],
    backend_name: str,
    tmp_path: Path,
) -> None:
    files = exported("bring-them-home")
    (tmp_path / "offices.yaml").write_text("".join(export_yaml(db.session)), encoding="utf-8")
    before = {(one.name, one.language): one.text for one in campaign_letters(DAY)}
    url = all_backends[backend_name].make("migrated")
    with app_factory(REDRESS_DATABASE_URL=url).app_context():
        records = read(tmp_path / "offices.yaml")
        plan = plan_import(records, day=DAY)
        assert [problem.sentence for problem in plan.errors] == []
        run_import(records, plan, now=clock.now(), actor=WHO)
        with unpacked(packed(files)) as folder:
            report = taken_over(folder)
        assert (report.unknown, report.problems, report.evidence.different) == ([], [], [])
        after = {(one.name, one.language): one.text for one in campaign_letters(DAY)}
        assert len(after) > 30
        assert after == before
        campaign = db.session.scalars(select(Campaign)).one()
        assert campaign.status == "draft"
        standings = {version.status for one in campaign.templates for version in one.versions}
        assert standings == {"review"}
        again = exported("bring-them-home")
    assert again.keys() == files.keys()
    assert again["evidence.yaml"] == files["evidence.yaml"]


@pytest.mark.seeded
@pytest.mark.backends("sqlite")
def test_a_dry_run_tells_all_and_changes_nothing(app_context: Flask, tmp_path: Path) -> None:
    folder = laid_out(exported("bring-them-home"), tmp_path)
    told = taken_over(folder, dry_run=True)
    assert told.slug == "bring-them-home-2", "the one that is here stays as it is"
    assert len(told.letters) == 14
    assert len(db.session.scalars(select(Campaign)).all()) == 1


def test_offices_and_facts_that_differ_are_told_and_kept(app_context: Flask, tmp_path: Path) -> None:
    slug = store_campaign()
    folder = laid_out(exported(slug), tmp_path)
    fact = {"key": "wells", "statement": {"en": "Nine wells are dry."}, "value": "9", "status": "current"}
    fact |= {"confidence": "high", "sources": []}
    (folder / "evidence.yaml").write_text(f"facts: [{fact}]", encoding="utf-8")
    written = (folder / "campaign.yaml").read_text(encoding="utf-8")
    (folder / "campaign.yaml").write_text(
        written + "- recipient: nowhere\n  template: appeal\n", encoding="utf-8"
    )
    first = taken_over(folder)
    assert (first.slug, first.unknown) == (f"{slug}-2", ["nowhere"])
    assert first.evidence.new == ["wells"]
    with transaction() as session:
        session.scalars(select(Fact)).one().value = "7"
    second = taken_over(folder)
    assert second.evidence.different == ["wells"]
    assert db.session.scalars(select(Fact.value)).one() == "7"


def test_groups_and_what_offices_have_done_come_along(app_context: Flask, tmp_path: Path) -> None:
    slug = store_campaign()
    add_group(slug, before=True, level="local", country="CH")
    with transaction() as session:
        campaign = session.scalars(select(Campaign)).one()
        holder = session.scalars(select(Holder).order_by(Holder.name)).first()
        assert holder is not None
        told = {"done_on": date(2026, 5, 4), "said": {"en": "It was opened."}, "source": {"label": "Minutes"}}
        deed = Deed(recipient_id=holder.recipient_id, holder_id=holder.id, recorded_at=clock.now(), **told)
        campaign.deeds.append(deed)
    files = exported(slug)
    folder = laid_out(files, tmp_path)
    report = taken_over(folder)
    assert (report.unknown, report.problems) == ([], [])
    again = exported(report.slug)
    assert (
        again["campaign.yaml"].replace("status: draft", "status: live").replace(report.slug, slug)
        == (files["campaign.yaml"])
    )
    # Whom nobody knows here, is told and left out.
    unknown = files["campaign.yaml"].replace(f"holder: {holder.name}", "holder: Nobody known")
    (folder / "campaign.yaml").write_text(unknown, encoding="utf-8")
    report = taken_over(folder)
    assert [name.partition(": ")[2] for name in report.unknown] == ["Nobody known"]
    assert "acted" not in exported(report.slug)["campaign.yaml"]


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("name", ["../campaign.yaml", "letters/../../x.txt", "run.sh", "letters/a.en.txt.x"])
def test_an_archive_with_other_files_is_refused(app_context: Flask, name: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, "x")
    with pytest.raises(Refused), unpacked(content.getvalue()):
        pass
    with pytest.raises(Refused), unpacked(b"no archive"):
        pass


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("campaign.yaml", "- a list"),
        ("campaign.yaml", "slug: [1"),
        ("campaign.yaml", f"{WHOLE}, audience: [x]}}"),
        ("campaign.yaml", f"{WHOLE}, acted: [[x]]}}"),
        ("evidence.yaml", "facts: {}"),
        ("evidence.yaml", "- a"),
        ("evidence.yaml", "facts: [{key: a, status: gone}]"),
        ("letters/appeal.en.txt", "no front matter"),
    ],
)
def test_a_broken_folder_is_refused_in_a_sentence_and_nothing_stays(
    app_context: Flask, tmp_path: Path, name: str, text: str
) -> None:
    folder = laid_out(exported(store_campaign()) | {name: text}, tmp_path)
    with pytest.raises(RedressError):
        taken_over(folder)
    assert len(db.session.scalars(select(Campaign)).all()) == 1


@pytest.mark.backends("sqlite")
def test_what_is_not_there_cannot_be_exported(app_context: Flask) -> None:
    with pytest.raises(RedressError):
        exported("nowhere")
