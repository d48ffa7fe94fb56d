"""What is exported is imported unchanged, whatever stands in it; and comes out the same elsewhere."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db, transaction
from app.hot_rows import insert_rows
from app.recipients.areas import Area, AreaPostalCode
from app.recipients.exporter import EXPORTS
from app.recipients.importer import plan_import, read
from app.recipients.importer.comparing import comparable, complete
from app.recipients.importer.fields import RecordKind
from app.recipients.models import Contact, Holder, Recipient
from tests.recipients.importer.making import DAY, NOW, imported
from tests.support.lengths import length
from tests.support.plugins.database import AppFactory

ENDINGS = {"csv": "csv", "yaml": "yaml", "popolo": "json"}
TEXTS = (
    '=HYPERLINK("https://x.example","y")',
    "+1",
    "-x",
    "@x",
    "'=quoted",
    "''",
    "a|b\\c",
    "semi;colon, comma",
    "two\nlines",
    'ends with a quote"',
    "Հայաստան",
    "emoji 🕊",
    "null",
    "true",
    "2024-01-01",
    "12",
    "#no: comment",
    "- item",
    "{a: b}",
    "tab\there",
    "~",
    "&anchor",
    "*alias",
    "!tag",
    "%",
    "`",
    "1e3",
    "0x1f",
    "  ",
    "line\r\nend",
)

MANY = length(200, 10_000)


def _offices(count: int) -> Iterator[Recipient | Holder | Contact | Area | AreaPostalCode]:
    area = Area(key="test/area", kind="district", country="US", name="=Area", code="A", edition="first")
    area.parent_id = None
    yield area
    yield AreaPostalCode(area_id=area.id, country="US", postal_code="01234")
    for number in range(count):
        text = TEXTS[number % len(TEXTS)]
        line = " ".join(text.split())
        last = date(2020, 1, 1) + timedelta(days=number % 400)
        office = Recipient(
            external_id=f"bulk:{number:06}",
            slug=f"bulk-{number}",
            institution=line or "House",
            title=f"{line} title",
            short_name=f"Office {number}",
            level="national",
            country="US",
            jurisdiction=line,
            status="closed" if number % 7 == 0 else "open",
            closed_on=last if number % 7 == 0 else None,
            closed_reason=text,
            accepts="public",
            how_to_submit=text,
            mandate=text,
            languages=["en", "fr"][: number % 3],
            address_style="official",
            forms={"en.salutation": text} if number % 5 == 0 else {},
            variants=[line, "b|c"] if line else [],
            note=text,
            confidence="high",
            checked_on=last,
            sources=[{"label": text, "url": "https://x.example"}],
            search_text="x",
            sort_key="x",
            edited_at=NOW if number % 11 == 0 else None,
            area_id=area.id if number % 3 == 0 else None,
            daily_limit=number % 4 or None,
            rhythm="digest" if number % 2 else "single",
            origin=None,
        )
        yield office
        for turn in range(2):
            vacant = turn == 1 and number % 6 == 0
            yield Holder(
                recipient_id=office.id,
                external_id=None if number % 4 == 0 else f"bulk:{number}:{turn}",
                name="" if vacant else f"{line or 'Name'} {turn}",
                family_name=line[:90],
                honorific=line[:70],
                rank=line[:70],
                country=None,
                starts_on=last + timedelta(days=turn) if turn else None,
                ends_on=None if turn else last,
                acting=False,
                vacant=vacant,
                confidence="medium",
                term_note=text,
                variants=[line] if line else [],
                sources=[],
            )
        yield Contact(
            recipient_id=office.id,
            external_id=None if number % 4 == 0 else f"bulk:{number}:email",
            channel="email",
            value=f"office{number}@offices.example",
            postal={},
            form_fields=[
                {"label": "=Text", "holds": "body", "limit": number},
                {"label": "b|c", "holds": "name"},
            ]
            if number % 5 == 1
            else None,
            language="en",
            confidence="high",
            verified_at=NOW if number % 2 else None,
            verified_by="a person",
            status="suspended",
            note=text,
            sources=[],
        )
        if number % 2:
            yield Contact(
                recipient_id=office.id,
                external_id=f"bulk:{number}:post",
                channel="post",
                value="",
                country="US",
                postal={
                    "street": f"1 Way\n{text.strip()}",
                    "city": "=Town",
                    "region": "",
                    "postal_code": "-1",
                },
                confidence="high",
                status="active",
                note="",
                sources=[],
                verified_by="",
            )


def _fill(count: int) -> None:
    rows = list(_offices(count))
    with transaction() as session:
        for kind in (Area, AreaPostalCode, Recipient, Holder, Contact):
            alike = [row for row in rows if type(row) is kind]
            for row in alike:
                for column in kind.__table__.columns:
                    row.__dict__.setdefault(column.key, None)
            insert_rows(session, *alike)


def _export(name: str, folder: Path) -> Path:
    path = folder / f"export.{ENDINGS[name]}"
    with path.open("wb") as file:
        for part in EXPORTS[name](db.session):
            file.write(part.encode())
    return path


@pytest.mark.parametrize("name", ENDINGS)
def test_an_export_comes_back_unchanged(app_context: Flask, tmp_path: Path, name: str) -> None:
    _fill(120)
    plan = plan_import(read(_export(name, tmp_path)), day=DAY)
    assert [f"{one.place} {one.sentence}" for one in plan.problems] == []
    assert plan.changes == []
    assert (plan.unchanged["office"], plan.unchanged["holder"], plan.unchanged["contact"]) == (120, 240, 180)


@pytest.mark.parametrize("name", ENDINGS)
def test_an_export_makes_the_same_offices_elsewhere(
    app_factory: AppFactory, all_backends: dict[str, object], backend_name: str, tmp_path: Path, name: str
) -> None:
    first = app_factory()
    with first.app_context():
        _fill(40)
        path = _export(name, tmp_path)
    url = all_backends[backend_name].make("migrated")  # type: ignore[attr-defined]
    second = app_factory(REDRESS_DATABASE_URL=url)
    (tmp_path / "second").mkdir()
    with second.app_context():
        imported(path)
        other = _export(name, tmp_path / "second")
        assert {contact.verified_at for contact in db.session.scalars(sa.select(Contact))} == {None}
        assert plan_import(read(path), day=DAY).is_empty
    told, again = (_without_verification(file) for file in (path, other))
    assert told == again


def _without_verification(path: Path) -> object:
    records = read(path)
    kinds: dict[RecordKind, Any] = {
        "area": records.areas.values(),
        "office": records.offices.values(),
        "holder": records.holders,
        "contact": records.contacts,
    }
    parts = [
        {record.external_id: comparable(complete(kind, record.values)) for record in some}
        for kind, some in kinds.items()
    ]
    return (parts, records.postal_codes)


def test_a_table_is_safe_in_spreadsheets(app_context: Flask, tmp_path: Path) -> None:
    _fill(60)
    with _export("csv", tmp_path).open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))] == []
    assert sum(cell.startswith("'") for cell in cells) >= 60


# Ten thousand take half a minute on each database; the small ones above show the same.
@pytest.mark.slow
@pytest.mark.parametrize("name", ENDINGS)
def test_thousands_of_offices_come_back_unchanged(app_context: Flask, tmp_path: Path, name: str) -> None:
    _fill(MANY)
    begun = time.process_time()  # not the clock: others may be busy on the same machine
    plan = plan_import(read(_export(name, tmp_path)), day=DAY)
    assert plan.problems == []
    assert plan.changes == []
    assert plan.unchanged["office"] == MANY
    assert time.process_time() - begun < 60
