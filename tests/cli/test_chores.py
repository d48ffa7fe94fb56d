"""What a worker does beside delivering."""

from __future__ import annotations

import pytest
from flask import Flask

from app.cli import chores


@pytest.mark.backends("sqlite")
def test_one_chore_that_goes_wrong_keeps_no_other_one_back(
    app_context: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[object] = []

    def trip(**_at: object) -> int:
        raise LookupError("somebody@people.example")

    monkeypatch.setattr(chores, "release_waiting", trip)
    monkeypatch.setattr(chores, "clock_is_steady", lambda **_at: True)
    monkeypatch.setattr(chores, "purge", lambda **at: done.append(at))
    chores.do_chores(all_of_them=True)
    assert len(done) == 1
    assert "unforeseen LookupError" in caplog.text
    assert "somebody" not in caplog.text
