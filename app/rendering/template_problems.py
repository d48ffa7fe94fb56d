"""What can be wrong with a letter's template, told with line and column."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.rendering.sentences import N_, RenderingError, Sentence

MOST_PROBLEMS = 50
"""After so many the search ends: nobody reads more, and the time stays bounded."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        line, column: where, both counted from 1, the column in characters.
        sentence: what and what to do, in English.
        message, values: the same for a translation: `_(problem.message, **problem.values)`.
    """

    line: int
    column: int
    sentence: str
    message: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


class TemplateError(RenderingError):
    """A template was refused; `problems` tells everything that was found, in the order of the text."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(
            N_("Line %(line)s, column %(column)s: %(problem)s"),
            line=first.line,
            column=first.column,
            problem=first.sentence,
        )
        self.problems = problems


class MissingValue(RenderingError):
    """A placeholder has nothing to show for this letter, and no `{% if %}` allows for that."""

    def __init__(self, name: str, line: int, column: int) -> None:
        super().__init__(
            N_("Line %(line)s, column %(column)s: nothing is known for %(name)s."),
            name=name,
            line=line,
            column=column,
        )
        self.name = name
        self.line = line
        self.column = column


class Report:
    """Collects the problems of one source.

    Raises:
        TemplateError: from `add` when `MOST_PROBLEMS` are reached, from `conclude` when there are any.
    """

    def __init__(self, source: str) -> None:
        self._starts = [0, *(index + 1 for index, character in enumerate(source) if character == "\n")]
        self._found: list[tuple[int, Problem]] = []

    def place(self, offset: int) -> tuple[int, int]:
        """Return (line, column) of an offset into the source."""
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def add(self, offset: int, message: str, **values: object) -> None:
        """Note a problem at an offset into the source."""
        line, column = self.place(offset)
        sentence = str(Sentence(message, values))
        self._found.append((offset, Problem(line, column, sentence, message, values)))
        if len(self._found) >= MOST_PROBLEMS:
            self.conclude()

    def conclude(self) -> None:
        """Refuse the source if anything was found."""
        if self._found:
            in_order = sorted(self._found, key=lambda found: found[0])
            raise TemplateError(tuple(problem for _offset, problem in in_order))
