"""Blanks and line ends around passages that stand or fall away.

Works on text in which `TAG` stands for every tag of a passage and `VALUE` for every value, so that
no value is ever touched. Text without a `TAG` comes back as it was.
"""

from __future__ import annotations

import re

VALUE = "\x00"
TAG = "\x01"
_TAG_LINE = "\x02"

_WHOLE_LINE = re.compile(rf"^[ \t]*{TAG}[{TAG} \t]*(?:\n|\Z)", re.MULTILINE)
_BREAKS = re.compile(rf"[\n{_TAG_LINE}]+")
_BLANKS = re.compile(rf"[ \t{TAG}]+")
_CLOSING_SIGNS = frozenset(",.;:!?)…»”")


def tidy(marked: str) -> str:
    """Return the text without its tag marks and without what their going would leave behind."""
    if TAG not in marked:
        return marked
    whole_lines = _WHOLE_LINE.sub(_TAG_LINE, marked)
    return _BLANKS.sub(_blanks, _BREAKS.sub(_breaks, whole_lines))


def _breaks(found: re.Match[str]) -> str:
    """Where lines of tags went: one blank line at most, none at the beginning or the end."""
    run = found.group()
    if _TAG_LINE not in run:
        return run
    most = 0 if found.start() == 0 else 1 if found.end() == len(found.string) else 2
    return "\n" * min(run.count("\n"), most)


def _blanks(found: re.Match[str]) -> str:
    """Where tags stood in a line: the blanks of one place, none before a closing sign or at a line's end."""
    run = found.group()
    if TAG not in run:
        return run
    before, *between, after = run.split(TAG)
    following = found.string[found.end() : found.end() + 1]
    at_edge = following in ("", "\n") or found.string[max(found.start() - 1, 0) : found.start()] in ("", "\n")
    if at_edge or (following in _CLOSING_SIGNS and not after):
        return ""
    return after or before or max(between, key=len, default="")
