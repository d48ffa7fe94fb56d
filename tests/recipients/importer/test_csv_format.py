"""Tables as they come: marks, separators, line ends within quotes, and the place of every error."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.recipients.importer import read
from tests.recipients.importer.making import places, written

HEADER = "record,external_id,office,institution,title,short_name,level,name,starts_on,channel,value,note"
ROWS = [
    'office,a,,Assembly,"Secretary, first",Sec,international,,,,,"two\nlines"',
    "holder,h,a,,,,,Ana Example,2024-01-01,,,",
    "contact,c,a,,,,,,,email,a@offices.example,",
]
TEXT = "\r\n".join([HEADER, *ROWS]) + "\r\n"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_marks_and_separators(tmp_path: Path, mark: str, separator: str) -> None:
    text = TEXT.replace("Secretary, first", "Secretary. first").replace(",", separator)
    records = read(written(tmp_path, mark + text, "t.csv"))
    assert records.problems == []
    assert records.offices["a"].values["note"] == "two\nlines"
    assert records.offices["a"].values["title"] == "Secretary. first"
    assert [holder.values["name"] for holder in records.holders] == ["Ana Example"]
    assert [contact.values["value"] for contact in records.contacts] == ["a@offices.example"]


def test_an_excel_hint_is_followed(tmp_path: Path) -> None:
    records = read(written(tmp_path, "sep=;\r\nexternal_id;title\r\nb;Chair\r\n", "t.csv"))
    assert records.offices["b"].values == {"title": "Chair"}


def test_lines_are_counted_through_quoted_line_ends(tmp_path: Path) -> None:
    text = TEXT.replace("2024-01-01", "31.12.2024").replace("a@offices.example", "nobody")
    records = read(written(tmp_path, text, "t.csv"))
    assert places(records) == [(4, 9), (5, 11)]
    assert "31.12.2024" in records.problems[0].sentence


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", (1, 1)),
        ("title\nx\n", (1, 1)),
        ("external_id,title,title\na,b,c\n", (1, 3)),
        ("external_id,title,party\na,b,c\n", (1, 3)),
        ("external_id,title\na\n", (2, 1)),
        ("external_id,title\na,b,c\n", (2, 1)),
        ('external_id,title\na,"b\n', (2, 0)),
        ("external_id,title\n,b\n", (2, 1)),
        ("external_id,title\na,b\na,c\n", (3, 1)),
        ("record,external_id\nparty,a\n", (2, 1)),
        ("record,external_id,office\nholder,a,\n", (2, 3)),
        ("external_id,title\na,b\u202ec\n", (2, 2)),
        ("external_id,level\na,galactic\n", (2, 2)),
        ("external_id,daily_limit\na,-5\n", (2, 2)),
        ("external_id,country\na,Schweiz\n", (2, 2)),
    ],
)
def test_the_place_of_what_is_wrong(tmp_path: Path, text: str, place: tuple[int, int]) -> None:
    assert places(read(written(tmp_path, text, "t.csv"))) == [place]


def test_what_is_not_utf_8_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("external_id,title\na,Générale\n".encode("latin-1"))
    assert places(read(path)) == [(2, 4)]
    path.write_bytes("external_id,title\na,b\n".encode("utf-16"))
    assert "UTF-16" in read(path).problems[0].sentence


def test_columns_without_a_name_may_stand_there_empty(tmp_path: Path) -> None:
    text = "external_id,title,,\na,Chair,,\n,,,\nb,Deputy,,x\n"
    records = read(written(tmp_path, text, "t.csv"))
    assert list(records.offices) == ["a"]
    assert places(records) == [(4, 4)]
