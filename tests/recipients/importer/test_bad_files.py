"""A hundred and fifty bad files and more: each is told with a place and changes nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db
from app.errors import Refused
from app.recipients.exporter import EXPORTS
from app.recipients.importer import plan_import, read, run_import
from app.recipients.models import Contact, Holder, Recipient
from tests.recipients.importer.making import DAY, NOW, OFFICE, imported, written

ENDINGS = {"csv": "csv", "yaml": "yaml", "popolo": "json"}
BAD_VALUES = {
    "international": ("galactic", "1", "\u202e", "\x00", "x" * 400),
    "2024-01-01": ("2024-02-30", "01/02/2024", "soon", "20240101", "2024-13-01", "99999-01-01"),
    "CH": ("Schweiz", "1", "C", "C\x07"),
    "email": ("telephone", "pigeon", "\ud7ff\x01"),
    "secretary@offices.example": ("nobody", "a@b@c", "@x.example", "a@", "a b@x.example", "a@x..example"),
    "Ana Example": ("x" * 201, "A\x00B", "A\u202eB"),
    "Secretary": ("x" * 301, "\x1b[31m"),
}
"""What is right in the export, and what is put in its place."""


def _bad_files(good: dict[str, str]) -> Iterator[tuple[str, str, bytes]]:
    """Yield format, a name for the test's report, and content."""
    chance = random.Random(3)
    for name, text in good.items():
        content = text.encode()
        for right, wrongs in BAD_VALUES.items():
            if (name, right) == ("popolo", "email"):
                continue  # Popolo knows other types, and a letter goes to none of them
            for number, wrong in enumerate(wrongs):
                # In JSON and YAML as an escape or as it is: both are bad.
                yield name, f"{right} {number}", text.replace(right, wrong).encode("utf-8", "surrogatepass")
        for _ in range(20):
            cut = chance.randrange(len(content) // 3, len(content) - 30)
            yield name, f"cut at {cut}", content[:cut] + b'"\xff'
        for _ in range(6):
            at = chance.randrange(10, len(content))
            yield (
                name,
                f"byte at {at}",
                content[:at] + bytes([chance.choice((0xC3, 0xFF, 0x80, 0x00))]) + content[at:],
            )
        yield name, "utf-16", text.encode("utf-16")
        yield name, "latin-1", text.replace("Ana", "Añà").lstrip("\ufeff").encode("latin-1")
        yield name, "a picture", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))
    for name, text in (("csv", good["csv"] + good["csv"]), ("yaml", good["yaml"] * 2)):
        yield name, "twice", text.encode()


def test_every_bad_file_is_told_and_changes_nothing(app_context: Flask, tmp_path: Path) -> None:
    imported(written(tmp_path, OFFICE))
    good = {name: "".join(export(db.session)) for name, export in EXPORTS.items()}
    for name, text in good.items():
        assert plan_import(read(written(tmp_path, text, f"good.{ENDINGS[name]}")), day=DAY).is_empty
    before = _all_rows()
    told = 0
    for number, (name, what, content) in enumerate(_bad_files(good)):
        path = tmp_path / f"bad-{number}.{ENDINGS[name]}"
        path.write_bytes(content)
        records = read(path, name)
        plan = plan_import(records, day=DAY)
        assert plan.errors, (name, what)
        assert all(error.sentence and error.place.file == path.name for error in plan.errors), (name, what)
        with pytest.raises(Refused):
            run_import(records, plan, now=NOW, actor="test")
        told += 1
    assert told >= 150
    assert _all_rows() == before


def _all_rows() -> list[object]:
    db.session.rollback()
    return [
        tuple(row)
        for kind in (Recipient, Holder, Contact)
        for row in db.session.execute(sa.select(kind.__table__))
    ]
