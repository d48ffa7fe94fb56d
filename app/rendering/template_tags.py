"""Find the tags of a letter's template, and say of each that is none of ours why it is refused.

Jinja's parser is precise but tells only the line, and only of the first mistake. So the tags are
found and held against the grammar here; Jinja reads what has passed (see `placeholders`).

    tag  = "{{" name "}}" | "{%" "if" ["not"] name "%}" | "{%" "else" "%}" | "{%" "endif" "%}"
    name = a dotted name out of the published list
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from app.rendering.sentences import N_
from app.rendering.template_problems import Report

DEEPEST = 8
"""How many `{% if %}` may stand inside each other."""

_PAIRS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_DELIMITERS = re.compile(r"\{\{|\{%|\{#|\}\}|%\}|#\}")
_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_VALUE = re.compile(rf"\s*({_DOTTED})\s*")
_IF = re.compile(rf"\s*if\s+(?:(?P<negated>not)\s+)?(?P<name>{_DOTTED})\s*")
_BLOCK_WORD = re.compile(r"\s*(\w*)")
_FOREIGN = re.compile(r"[^\w\s.]")

_NOTHING = N_("There is no name between %(opening)s and %(closing)s.")
_ONE_NAME = N_("Only one name from the list can stand here, such as %(example)s.")
_FOREIGN_SIGNS = {
    "|": N_("Filters (|) are not part of the letter language."),
    "(": N_("Calls with brackets are not part of the letter language."),
    "[": N_("Square brackets are not part of the letter language; names are joined with dots."),
    "-": N_("A minus sign cannot stand here; superfluous line ends are removed without it."),
    "'": N_("Words in quotation marks belong outside of the braces."),
    '"': N_("Words in quotation marks belong outside of the braces."),
}


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that is as it should be: where it starts, and its name, if it has one, with its own place."""

    kind: Literal["value", "if", "else", "endif"]
    start: int
    name: str = ""
    name_start: int = 0


@dataclass(frozen=True, slots=True)
class _Span:
    opening: str
    start: int
    inner: str

    @property
    def inner_start(self) -> int:
        return self.start + len(self.opening)


def read_tags(source: str, names: Collection[str], report: Report) -> tuple[Tag, ...]:
    """Return the tags of `source` in its order; what is wrong with it goes to `report`."""
    reader = _Reader(names, report)
    tags = tuple(tag for span in _spans(source, report) if (tag := reader.read(span)) is not None)
    _check_nesting(tags, report)
    return tags


def _spans(source: str, report: Report) -> Iterator[_Span]:
    opened: re.Match[str] | None = None
    resume = 0
    for found in _DELIMITERS.finditer(source):
        sign = found.group()
        if found.start() < resume:
            continue
        if sign == "{#" and opened is None:
            report.add(found.start(), N_("Comments are not part of the letter language."))
            end = source.find("#}", found.end())
            resume = len(source) if end < 0 else end + 2
        elif sign in _PAIRS:
            _report_unclosed(opened, report)
            opened = found
        elif opened is None:
            _report_stray(found, report)
        else:
            yield from _closed(source, opened, found, report)
            opened = None
    _report_unclosed(opened, report)


def _closed(source: str, opened: re.Match[str], closing: re.Match[str], report: Report) -> Iterator[_Span]:
    if _PAIRS[opened.group()] == closing.group():
        yield _Span(opened.group(), opened.start(), source[opened.end() : closing.start()])
    else:
        report.add(
            opened.start(),
            N_("%(opening)s is closed by %(closing)s; it needs %(needed)s."),
            opening=opened.group(),
            closing=closing.group(),
            needed=_PAIRS[opened.group()],
        )


def _report_unclosed(opened: re.Match[str] | None, report: Report) -> None:
    if opened is not None:
        sign = opened.group()
        message = N_("%(opening)s is not closed; it needs %(needed)s.")
        report.add(opened.start(), message, opening=sign, needed=_PAIRS[sign])


def _report_stray(found: re.Match[str], report: Report) -> None:
    if found.group() != "#}":
        report.add(
            found.start(), N_("There is nothing open that %(closing)s could close."), closing=found.group()
        )


class _Reader:
    """Holds one span after the other against the grammar and the list of names."""

    def __init__(self, names: Collection[str], report: Report) -> None:
        self._names = frozenset(names)
        self._example = "{{ " + min(self._names, default="name") + " }}"
        self._report = report

    def read(self, span: _Span) -> Tag | None:
        if span.opening == "{{":
            return self._read_value(span)
        word = _BLOCK_WORD.match(span.inner)
        keyword = word.group(1) if word else ""
        if keyword in ("else", "endif") and word and not span.inner[word.end() :].strip():
            return Tag("else" if keyword == "else" else "endif", span.start)
        if keyword == "if":
            return self._read_if(span)
        self._refuse_block(span, keyword)
        return None

    def _read_value(self, span: _Span) -> Tag | None:
        if found := _VALUE.fullmatch(span.inner):
            return self._known(Tag("value", span.start, found.group(1), span.inner_start + found.start(1)))
        self._refuse_inner(span)
        return None

    def _read_if(self, span: _Span) -> Tag | None:
        if found := _IF.fullmatch(span.inner):
            return self._known(Tag("if", span.start, found["name"], span.inner_start + found.start("name")))
        if _FOREIGN.search(span.inner):
            self._refuse_inner(span)
        else:
            self._report.add(
                span.start, N_("After “if” comes one name from the list, or “not” and one name.")
            )
        # The passage is open all the same: its end must not look like a second mistake.
        return Tag("if", span.start)

    def _refuse_block(self, span: _Span, keyword: str) -> None:
        if keyword in ("else", "endif"):
            self._report.add(span.start, N_("Nothing can follow “%(word)s”."), word=keyword)
        elif keyword:
            message = N_("“%(word)s” is not part of the letter language; only if, else and endif are.")
            self._report.add(span.start, message, word=keyword[:40])
        else:
            self._refuse_inner(span)

    def _refuse_inner(self, span: _Span) -> None:
        if not span.inner.strip():
            self._report.add(span.start, _NOTHING, opening=span.opening, closing=_PAIRS[span.opening])
        elif found := _FOREIGN.search(span.inner):
            message = _FOREIGN_SIGNS.get(found.group())
            values = {} if message else {"example": self._example}
            self._report.add(span.inner_start + found.start(), message or _ONE_NAME, **values)
        else:
            self._report.add(span.inner_start, _ONE_NAME, example=self._example)

    def _known(self, tag: Tag) -> Tag:
        if tag.name not in self._names:
            near = difflib.get_close_matches(tag.name[:100], self._names, n=1, cutoff=0.6)
            if near:
                message = N_("There is no %(name)s. Did you mean %(suggestion)s?")
                self._report.add(tag.name_start, message, name=tag.name[:60], suggestion=near[0])
            else:
                self._report.add(
                    tag.name_start, N_("There is no %(name)s in the list of names."), name=tag.name[:60]
                )
        return tag


def _check_nesting(tags: tuple[Tag, ...], report: Report) -> None:
    opened: list[tuple[int, bool]] = []
    for tag in tags:
        if tag.kind == "if":
            opened.append((tag.start, False))
            if len(opened) == DEEPEST + 1:
                report.add(tag.start, N_("Passages can stand %(most)s deep inside each other."), most=DEEPEST)
        elif tag.kind == "endif" and not _close(opened):
            report.add(tag.start, N_("There is no “if” that this “endif” could end."))
        elif tag.kind == "else" and not _turn(opened):
            report.add(tag.start, N_("There is no “if” that this “else” could belong to."))
    for offset, _turned in opened:
        report.add(offset, N_("This “if” is not ended; it needs an “endif”."))


def _close(opened: list[tuple[int, bool]]) -> bool:
    return bool(opened) and opened.pop() is not None


def _turn(opened: list[tuple[int, bool]]) -> bool:
    """Turn the innermost passage to its `else`, once."""
    if not opened or opened[-1][1]:
        return False
    opened[-1] = (opened[-1][0], True)
    return True
