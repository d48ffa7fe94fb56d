"""The letter language: text with `{{ name }}` and `{% if name %}…{% else %}…{% endif %}`, and nothing else.

Names come from a published list. A template is found sound by `template_tags`, read by Jinja's
parser, held against an allow-list of node types and turned into our own small tree. It is never
compiled and never run as a program: what an organizer writes is not code.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError, nodes

from app.rendering.sentences import N_
from app.rendering.template_problems import MissingValue, Problem, Report, TemplateError
from app.rendering.template_tags import DEEPEST, Tag, read_tags
from app.rendering.template_whitespace import TAG, VALUE, tidy
from app.rendering.typography import unsafe_characters

__all__ = [
    "DEEPEST",
    "LONGEST",
    "LetterTemplate",
    "MissingValue",
    "Piece",
    "Problem",
    "TemplateError",
    "parse",
    "value_alone",
]

LONGEST = 50_000
"""Most characters of a template."""

_NAME = re.compile(
    r"(?!(?:not|and|or|if|else|in|is|true|false|none|True|False|None)\b)[^\W\d]\w*(?:\.[^\W\d]\w*)*"
)

# Only ever used to parse; no template comes out of it, so there is nothing that could be escaped.
_JINJA = Environment(keep_trailing_newline=True)  # noqa: S701


@dataclass(frozen=True, slots=True)
class _Value:
    name: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class _Passage:
    name: str
    negated: bool
    then: tuple[_Node, ...]
    otherwise: tuple[_Node, ...]


_Node = str | _Value | _Passage


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a letter: the template's own words (`name` is None), or what stands for a name."""

    text: str
    name: str | None = None


@dataclass(frozen=True)
class LetterTemplate:
    """A template that was found sound. `names` are those that occur in it."""

    names: frozenset[str]
    _tree: tuple[_Node, ...]

    def render(self, values: Mapping[str, str]) -> str:
        """Return the text with the values in it, each one literally.

        Passages that fall away leave neither blank lines nor blanks behind.

        Raises:
            MissingValue: if a name that is to be shown is missing in `values`, empty or blank.
        """
        return "".join(piece.text for piece in self.pieces(values))

    def pieces(self, values: Mapping[str, str]) -> tuple[Piece, ...]:
        """Return what `render` returns, cut where the values begin and end. Raises what it raises."""
        shown: list[_Value] = []
        marked = "".join(_marked(self._tree, values, shown))
        texts = tidy(marked).split(VALUE)
        pieces = [Piece(texts[0])]
        for value, text in zip(shown, texts[1:], strict=True):
            pieces += [Piece(values[value.name], value.name), Piece(text)]
        return tuple(piece for piece in pieces if piece.text)

    def with_parts(self, parts: Mapping[str, Sequence[LetterTemplate]]) -> LetterTemplate:
        """Return the template with whole texts in the place of names, several of them as paragraphs.

        Args:
            parts: by name; a name of which there is no part stays as it is.
        """
        names = self.names.difference(parts).union(*(one.names for some in parts.values() for one in some))
        return LetterTemplate(names, tuple(_spliced(self._tree, parts)))


def parse(source: str, names: Collection[str]) -> LetterTemplate:
    """Read a template.

    Args:
        source: the text; line ends of any kind.
        names: every name that may stand in it, dotted or not.

    Raises:
        TemplateError: with every problem that could be found, each with line, column and a sentence.
        ValueError: if `names` holds something that the language could never name.
    """
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name of the letter language: {name!r}")
    source = re.sub("\r\n?", "\n", source)
    report = Report(source)
    _check_characters(source, report)
    tags = read_tags(source, names, report)
    report.conclude()
    return LetterTemplate(
        frozenset(tag.name for tag in tags if tag.name), _read_by_jinja(source, tags, report)
    )


def value_alone(name: str) -> LetterTemplate:
    """Return the template in which one value stands and nothing else."""
    return LetterTemplate(frozenset({name}), (_Value(name, 1, 1),))


def _check_characters(source: str, report: Report) -> None:
    if len(source) > LONGEST:
        report.add(
            LONGEST, N_("A template can have %(limit)s characters; this is where they end."), limit=LONGEST
        )
        report.conclude()
    for offset, character in unsafe_characters(source):
        report.add(offset, N_("The character %(character)s cannot be used."), character=character)


def _read_by_jinja(source: str, tags: Iterable[Tag], report: Report) -> tuple[_Node, ...]:
    named = iter([tag for tag in tags if tag.name])
    try:
        return _TreeMaker(named, report).read(_JINJA.parse(source))
    except TemplateSyntaxError as error:
        raise _unexpected(error.lineno) from error


def _unexpected(line: int) -> TemplateError:
    message = N_("This cannot be read.")
    return TemplateError((Problem(line, 1, message, message),))


class _TreeMaker:
    """Turns Jinja's tree into ours, node by allowed node, with the places that our own reading found."""

    def __init__(self, tags: Iterator[Tag], report: Report) -> None:
        self._tags = tags
        self._report = report

    def read(self, template: nodes.Template) -> tuple[_Node, ...]:
        tree = tuple(self._nodes(template.body))
        if (left := next(self._tags, None)) is not None:
            raise _unexpected(self._report.place(left.start)[0])
        return tree

    def _nodes(self, found: Iterable[nodes.Node]) -> Iterator[_Node]:
        for node in found:
            if isinstance(node, nodes.Output):
                yield from map(self._shown, node.nodes)
            elif isinstance(node, nodes.If) and not node.elif_:
                yield self._passage(node)
            else:
                raise _unexpected(node.lineno)

    def _shown(self, node: nodes.Node) -> _Node:
        if isinstance(node, nodes.TemplateData):
            return node.data
        tag = self._tag_of(node)
        return _Value(tag.name, *self._report.place(tag.name_start))

    def _passage(self, node: nodes.If) -> _Passage:
        negated = isinstance(node.test, nodes.Not)
        test = node.test.node if isinstance(node.test, nodes.Not) else node.test
        name = self._tag_of(test).name
        return _Passage(name, negated, tuple(self._nodes(node.body)), tuple(self._nodes(node.else_)))

    def _tag_of(self, node: nodes.Node) -> Tag:
        tag = next(self._tags, None)
        if tag is None or tag.name != _dotted(node):
            raise _unexpected(node.lineno)
        return tag


def _dotted(node: nodes.Node) -> str | None:
    parts: list[str] = []
    while isinstance(node, nodes.Getattr):
        parts.append(node.attr)
        node = node.node
    return ".".join([node.name, *reversed(parts)]) if isinstance(node, nodes.Name) else None


def _spliced(tree: Iterable[_Node], parts: Mapping[str, Sequence[LetterTemplate]]) -> Iterator[_Node]:
    for node in tree:
        if isinstance(node, _Value) and node.name in parts:
            for place, part in enumerate(parts[node.name]):
                if place:
                    yield "\n\n"
                yield from part._tree
        elif isinstance(node, _Passage):
            then, otherwise = (tuple(_spliced(side, parts)) for side in (node.then, node.otherwise))
            yield _Passage(node.name, node.negated, then, otherwise)
        else:
            yield node


def _marked(tree: Iterable[_Node], values: Mapping[str, str], shown: list[_Value]) -> Iterator[str]:
    """Yield the text with a mark for each value and each tag of a passage; note the values in order."""
    for node in tree:
        if isinstance(node, str):
            yield node
        elif isinstance(node, _Value):
            if not values.get(node.name, "").strip():
                raise MissingValue(node.name, node.line, node.column)
            shown.append(node)
            yield VALUE
        else:
            holds = bool(values.get(node.name, "").strip()) is not node.negated
            yield TAG
            yield from _marked(node.then if holds else node.otherwise, values, shown)
            yield TAG
