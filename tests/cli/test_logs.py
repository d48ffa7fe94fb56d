"""How a worker's lines look."""

from __future__ import annotations

import json
import logging
import sys

from app.cli.logs import JsonLines


def test_a_line_is_one_object_and_an_exceptions_text_is_not_in_it() -> None:
    try:
        raise ValueError("somebody@people.example")
    except ValueError:
        caught = sys.exc_info()
    record = logging.LogRecord("redress.worker", logging.INFO, "", 1, "delivery %s:\n%d", ("é", 2), caught)
    text = JsonLines().format(record)
    line = json.loads(text)
    assert "\n" not in text
    assert (line["level"], line["message"], line["exception"]) == ("info", "delivery é:\n2", "ValueError")
    assert "somebody" not in text
