"""The tests of a run in several processes: all are told of, and none passes by not being run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT

FILE = """
import os
import signal

def test_that_passes(tmp_path):
    pass

def test_that_ends_so():
    HERE

def test_after_it():
    pass
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Four files with a test that passes and one that prints and fails."""
    for number in range(4):
        text = FILE.replace("HERE", f"print('heard {number}'); assert False")
        (tmp_path / f"test_{number}.py").write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    plugin = "tests.support.plugins.side_by_side"
    command = [sys.executable, "-m", "pytest", "-p", plugin, "-p", "no:cacheprovider", "--processes", "2"]
    environ = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [*command, "--rootdir", str(folder), *options, str(folder)],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_each_test_is_run_once_and_what_it_printed_is_told(files: Path) -> None:
    ended = run(files, "-q")
    assert "4 failed, 8 passed" in ended.stdout, ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert sorted(line for line in ended.stdout.splitlines() if line.startswith("heard")) == [
        "heard 0", "heard 1", "heard 2", "heard 3",
    ]  # fmt: skip


def test_a_test_that_takes_its_process_with_it_fails_and_so_do_those_behind_it(files: Path) -> None:
    text = FILE.replace("HERE", "os.kill(os.getpid(), signal.SIGKILL)")
    (files / "test_0.py").write_text(text, encoding="utf-8")
    ended = run(files, "-v")
    assert "test_0.py::test_that_passes PASSED" in ended.stdout
    assert "FAILED test_0.py::test_that_ends_so - the process that ran it" in ended.stdout
    assert "FAILED test_0.py::test_after_it - the process that ran it" in ended.stdout
    assert "5 failed, 7 passed" in ended.stdout, ended.stdout + ended.stderr
    assert ended.returncode == 1


def test_the_first_failure_can_end_it(files: Path) -> None:
    ended = run(files, "-x", "-q")
    assert "stopping after" in ended.stdout, ended.stdout + ended.stderr
    assert "8 passed" not in ended.stdout
    assert ended.returncode == 1
