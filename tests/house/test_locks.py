"""The locks are what they promise to be, and a line that breaks the promise is seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.lock_audit import (
    LockError,
    Pin,
    advisories,
    not_as_locked,
    problems,
    read_lock,
    wanted,
)

HASH = "    --hash=sha256:" + "0" * 64


def test_the_locks_are_pinned_hashed_and_complete() -> None:
    assert problems() == []


def test_what_is_installed_is_what_is_locked() -> None:
    assert not_as_locked() == []


def test_a_lock_is_read() -> None:
    several = f"Flask_Babel==4.0.0 \\\n{HASH} \\\n{HASH}\n"
    text = several + f"colorama==0.4 ; sys_platform == 'win32' \\\n{HASH}\nbare==1\n"
    assert read_lock(text) == [
        Pin("flask-babel", "4.0.0", 2, False),
        Pin("colorama", "0.4", 1, True),
        Pin("bare", "1", 0, False),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example/simple",
        "--extra-index-url https://packages.example/simple",
        "--find-links /somewhere",
        "flask>=3",
        "flask @ https://packages.example/flask.whl",
        "https://packages.example/flask.whl",
        "-e .",
        HASH,
    ],
)
def test_what_has_no_place_in_a_lock_is_refused(line: str) -> None:
    with pytest.raises(LockError):
        read_lock(line)


def test_what_the_project_asks_for(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(
        '[build-system]\nrequires = ["flit-core>=3"]\n'
        '[project]\ndependencies = ["Flask_Security[common,mfa]>=5", "tzdata"]\n'
        '[dependency-groups]\ndev = ["pytest>=9"]\n'
    )
    assert wanted([], file) == {"flit-core", "flask-security", "tzdata"}
    assert wanted(["dev"], file) == {"flit-core", "flask-security", "tzdata", "pytest"}


def test_advisories_are_told_from_silence() -> None:
    report = {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]},
            {"name": "b", "version": "1", "vulns": []},
            {"name": "c", "version": "1", "skip_reason": "not found"},
        ]
    }
    answer = advisories(json.dumps(report))
    assert (answer.asked, answer.unanswered) == (2, 1)
    assert len(answer.known) == 1
    assert "a 1: PYSEC-1" in answer.known[0]
    assert advisories("").asked == 0
