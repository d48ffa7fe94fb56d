"""Popolo as others write it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.recipients.importer import read
from tests.recipients.importer.making import places, written

DATA: dict[str, Any] = {
    "@context": "x",
    "areas": [{"id": "area/1", "name": "North", "classification": "district", "redress": {"country": "FR"}}],
    "organizations": [{"id": "org", "name": "National Assembly", "posts": []}],
    "persons": [
        {
            "id": "p",
            "name": "Ana Example",
            "family_name": "Example",
            "gender": "female",
            "birth_date": "1970-01-01",
            "image": "https://x.example/p.jpg",
            "other_names": [{"name": "Anna Exemple"}],
        }
    ],
    "posts": [
        {
            "id": "post/1",
            "label": "Member for North",
            "organization_id": "org",
            "area_id": "area/1",
            "contact_details": [
                {"type": "email", "value": "ana@assembly.example"},
                {"type": "voice", "value": "123"},
                {"type": "address", "value": "1 Street, Town"},
            ],
        }
    ],
    "memberships": [
        {
            "person_id": "p",
            "post_id": "post/1",
            "organization_id": "org",
            "start_date": "2024-07",
            "end_date": "2029",
        },
        {"person_id": "p", "organization_id": "org"},
    ],
}


def test_posts_and_memberships_become_offices_and_terms(tmp_path: Path) -> None:
    records = read(written(tmp_path, json.dumps(DATA, indent=1), "d.json"))
    assert records.errors == []
    assert len([one for one in records.problems if "says no day" in one.sentence]) == 2
    values = records.offices["post/1"].values
    assert (values["title"], values["institution"], values["area"]) == (
        "Member for North",
        "National Assembly",
        "area/1",
    )
    (holder,) = records.holders
    assert (holder.starts_on, holder.ends_on) == (date(2024, 7, 1), date(2029, 12, 31))
    assert set(holder.values) == {"name", "family_name", "honorific", "variants", "starts_on", "ends_on"}
    assert holder.values["variants"] == ["Anna Exemple"]
    assert [contact.values["channel"] for contact in records.contacts] == ["email"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", (1, 1)),
        ("[]", (1, 1)),
        ('{"posts": [', (1, 12)),
        ('{"posts": [{"id": "a"}\n, 3]}', (2, 3)),
        ('{"posts": [{"id": }]}', (1, 19)),
        ('{"posts": [{"id": "a"}]} x', (1, 25)),
        ("{[1]: 2}", (1, 2)),
        ('{"memberships": [{"post_id": "none"}]}', (1, 18)),
        ('{"posts": [{"id": "a",\n "redress": 3}]}', (1, 12)),
        ('{"posts": [{"id": "a", "contact_details": [3]}]}', (1, 12)),
        ('{"x": ' + "[" * 100_000, (0, 0)),
    ],
)
def test_the_place_of_what_is_wrong(tmp_path: Path, text: str, place: tuple[int, int]) -> None:
    assert places(read(written(tmp_path, text, "d.json")))[0] == place


@pytest.mark.parametrize(
    "text",
    [
        '{"posts": [{"id": "a", "label": "Chair", "x": ' + "1" * 5000 + "}]}",
        '{"posts": [{"id": "a", "label": "Chair", "contact_details": 7}]}',
        '{"posts": [], "memberships": [{"id": "m", "post_id": "\\ud800\\u001b[31m"}]}',
    ],
)
def test_odd_json_is_an_error_that_can_be_printed(tmp_path: Path, text: str) -> None:
    errors = read(written(tmp_path, text, "odd.json")).errors
    assert errors
    assert all(error.sentence.isprintable() and error.sentence.encode() for error in errors)
