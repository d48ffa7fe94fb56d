"""YAML in the form of the seeds, and what of YAML is not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.seed import SEEDS
from app.recipients.importer import read
from tests.recipients.importer.making import OFFICE, places, written


def test_an_office_with_its_parts(tmp_path: Path) -> None:
    records = read(written(tmp_path, OFFICE))
    assert records.problems == []
    assert records.offices["test-office"].values["country"] == "CH"
    assert [contact.external_id for contact in records.contacts] == [
        "test-office:email:1",
        "test-office:post:1",
    ]
    assert records.contacts[1].values["postal"] == {
        "street": "Palace\nWay 1",
        "city": "Geneva",
        "region": "",
        "postal_code": "1211",
    }


def test_all_seeds_can_be_imported(tmp_path: Path) -> None:
    records = read(SEEDS / "recipients", "yaml")
    assert records.errors == []
    assert len(records.offices) > 20


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("external_id:\n", (1, 13)),
        ("- just a text\n", (1, 3)),
        ("- external_id: [a]\n", (1, 16)),
        ("- &x {external_id: a}\n- *x\n", (2, 3)),
        ("- external_id: !!python/object:os.system a\n", (1, 16)),
        ("- external_id: a\n  external_id: b\n", (2, 3)),
        ("- external_id: a\n  title: [\n", (3, 1)),
        ("- external_id: a\n  party: x\n", (2, 10)),
        ("- external_id: a\n  checked_on: 2026-02-31\n", (2, 15)),
        ("- external_id: a\n  holders: {}\n- external_id: b\n  holders: [1]\n", (4, 12)),
        ("- external_id: a\n  title: &t {a: b}\n", (2, 10)),
        ("- external_id: a\n---\n- external_id: b\n", (2, 1)),
        ("- external_id: a\n  sources: text\n", (2, 12)),
        ("- " * 60 + "a\n", (1, 65)),
    ],
)
def test_the_place_of_what_is_wrong(tmp_path: Path, text: str, place: tuple[int, int]) -> None:
    assert places(read(written(tmp_path, text))) == [place]


def test_terms_that_share_a_day_are_refused_unless_both_only_stand_in(tmp_path: Path) -> None:
    text = OFFICE.replace(
        "  contacts:",
        "    - {external_id: other, name: Bo Example, starts_on: 2025-01-01, acting: false}\n  contacts:",
    )
    assert places(read(written(tmp_path, text))) == [(9, 7)]
    acting = text.replace("starts_on: 2024-01-01", "acting: true").replace("acting: false", "acting: true")
    records = read(written(tmp_path, acting))
    assert places(records) == []
    assert places(records, "warning") == [(9, 7)]


def test_what_looks_like_a_number_or_a_flag_is_taken_as_it_is_written(tmp_path: Path) -> None:
    contact = "{channel: post, country: NO, postal: {street: A 1, city: Bergen, postal_code: 01234}}"
    records = read(written(tmp_path, f"- external_id: a\n  title: 1.50\n  contacts:\n  - {contact}\n"))
    assert records.problems == []
    assert records.offices["a"].values["title"] == "1.50"
    values = records.contacts[0].values
    assert (values["country"], values["postal"]["postal_code"]) == ("NO", "01234")
