"""Imports go down only: the contracts of pyproject.toml hold, and each sees what would break it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT

LINTER = Path(sys.executable).with_name("lint-imports")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The application's code and the contracts, to be spoilt."""
    shutil.copytree(ROOT / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def checked(project: Path) -> tuple[int, str]:
    """Return the linter's exit status and its words, unwrapped."""
    command = [str(LINTER), "--no-cache"]
    ended = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    return ended.returncode, " ".join((ended.stdout + ended.stderr).split())


def test_the_floors_hold(copy: Path) -> None:
    status, words = checked(copy)
    assert (status, "0 broken" in words) == (0, True), words


@pytest.mark.parametrize(
    ("module", "line", "forbidden"),
    [
        (
            "delivery/states.py",
            "import app.letters.models",
            "app.delivery > app.letters",
        ),
        (
            "campaigns/models.py",
            "import app.supporters",
            "app.campaigns > app.supporters",
        ),
        ("public/forms.py", "import app.admin", "app.public > app.admin"),
        (
            "letters/models.py",
            "from app import create_app",
            "app.letters > app.public",
        ),
        ("rendering/typography.py", "import app.errors", "app.rendering > app.errors"),
        ("rendering/typography.py", "import sqlalchemy", "app.rendering > sqlalchemy"),
        ("rendering/typography.py", "import socket", "app.rendering > socket"),
        ("public/forms.py", "import sqlalchemy", "app.public > sqlalchemy"),
    ],
)
def test_what_would_break_them_is_seen(copy: Path, module: str, line: str, forbidden: str) -> None:
    with (copy / "app" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    status, words = checked(copy)
    assert status == 1
    assert forbidden.replace(" > ", " is not allowed to import ") in words


def test_a_room_on_no_floor_is_seen(copy: Path) -> None:
    (copy / "app" / "attic.py").write_text("")
    status, words = checked(copy)
    assert status == 1
    assert "app.attic" in words
