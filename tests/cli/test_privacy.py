"""`redress privacy`: for whoever sees to data protection, and asked by mail or on paper."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db
from app.security.audit import COMMAND_LINE, AuditEntry
from tests.cli.conftest import Run
from tests.cli.test_commands import assert_refused
from tests.factories.campaigns import store_campaign
from tests.factories.letters import WriterFactory, write_and_confirm, write_letter
from tests.factories.storage import everything, readable

ANI = "ani.writer@planted.example"


@pytest.fixture
def known(app_context: Flask) -> str:
    """Somebody who has written, in Armenian letters."""
    slug = store_campaign()
    write_and_confirm(slug, writer=WriterFactory.build(email=ANI, name="Ani Գրող"))
    return ANI


def actions() -> list[tuple[str, str]]:
    db.session.rollback()
    query = sa.select(AuditEntry.action, AuditEntry.actor).order_by(AuditEntry.number)
    return [(action, actor) for action, actor in db.session.execute(query)]


def test_export_to_the_screen_and_to_a_file_for_its_owner_only(
    known: str, command: Run, environ: dict[str, str], tmp_path: Path
) -> None:
    ended = command("privacy", "export", "ANI.writer+tag@planted.example", environ=environ)
    assert (ended.status, ended.err) == (0, "")
    assert json.loads(ended.out)["who you said that you are"][0]["name"] == "Ani Գրող"
    file = tmp_path / "ani.json"
    assert command("privacy", "export", known, "--output", str(file), environ=environ).out == ""
    assert json.loads(file.read_text("utf-8"))["letters"]
    assert file.stat().st_mode & 0o777 == 0o600
    kept = file.read_bytes()
    assert_refused(
        command("privacy", "export", known, "--output", str(file), environ=environ), "there already"
    )
    assert_refused(
        command("privacy", "export", known, "--output", str(tmp_path / "no" / "x"), environ=environ),
        "cannot be written",
    )
    assert file.read_bytes() == kept
    assert set(actions()) == {("privacy.exported", COMMAND_LINE)}


def test_erase_says_what_was_done_in_numbers(known: str, command: Run, environ: dict[str, str]) -> None:
    ended = command("privacy", "erase", known, "--yes", environ=environ)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == (
        "Erased: texts of 1 letters, 0 signatures, 1 consents, 0 shared answers, 1 of our mails. "
        "Taken back: 2 copies. Cannot be recalled: 0 copies, 0 signatures on joint letters that left.\n"
    )
    assert "planted" not in readable()
    assert actions() == [("privacy.erased", COMMAND_LINE)]


@pytest.mark.parametrize(
    ("typed", "status", "out"),
    [("y\n", 0, "Erased:"), ("n\n", 1, "Nothing was erased."), ("\n", 1, "Nothing")],
)
def test_erase_asks_before_it_does(
    known: str,
    command: Run,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    status: int,
    out: str,
) -> None:
    before = everything()
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    ended = command("privacy", "erase", known, environ=environ)
    assert ended.status == status
    assert ended.out.startswith(out)
    assert "cannot be undone" in ended.err
    assert (everything() == before) == bool(status)


@pytest.mark.parametrize("words", [("export",), ("erase", "--yes"), ("erase",)])
def test_an_unknown_address_is_told_in_a_sentence(
    known: str, command: Run, environ: dict[str, str], words: tuple[str, ...]
) -> None:
    before = everything()
    ended = command("privacy", *words, "stranger@planted.example", environ=environ)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == "redress: Nothing is stored about this address.\n"
    assert everything() == before


def test_what_is_no_address_is_refused(command: Run, environ: dict[str, str]) -> None:
    for words in (("export",), ("erase", "--yes")):
        assert_refused(command("privacy", *words, "ani", environ=environ), "address cannot be right")


def test_who_never_confirmed_can_be_helped_here(
    app_context: Flask, command: Run, environ: dict[str, str]
) -> None:
    write_letter(store_campaign(), writer=WriterFactory.build(email=ANI))
    assert ANI in command("privacy", "export", ANI, environ=environ).out
    assert command("privacy", "erase", ANI, "--yes", environ=environ).status == 0
    assert "planted" not in readable()
