"""How a value stands in a cell of a table, both ways, safe in spreadsheets.

A cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV Injection"),
and reading takes it off again. A text that had apostrophes before such a beginning gets one more, so
that what comes back is always what went out.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from app.recipients.importer.fields import Field
from app.recipients.importer.values import Unfit

_FORMULA = re.compile(r"['\s]*[=+\-@\t\r\n＝＋－＠]")
_SEPARATOR = "|"


def safe(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def bare(cell: str) -> str:
    """Undo `safe`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell, 1) else cell


def encoded(value: Any) -> str:
    """Return a value as the text of a cell, not yet made safe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return _SEPARATOR.join(part.replace("\\", "\\\\").replace(_SEPARATOR, "\\|") for part in value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return str(value)


def decoded(field: Field, cell: str) -> Any:
    """Return what a cell says for a field, to be checked.

    Raises:
        Unfit: it should be JSON and is none.
    """
    if not cell.strip():
        return None
    if field.kind == "words":
        return [re.sub(r"\\(.)", r"\1", part) for part in re.findall(r"(?:\\.|[^|\\])+", cell)]
    if field.kind in {"sources", "forms", "postal", "fields"}:
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            raise Unfit(_("This cell should hold JSON, as in an export, and does not.")) from None
    return cell
