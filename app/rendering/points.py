"""A letter whose paragraphs can be chosen and whose sentences can be said in several ways.

In a letter's body `{{ points }}` stands for the chosen paragraphs in the supporter's order, and
`{{ wording.<name> }}` for one of several texts. Which text is taken, the supporter says, or it follows from
the submission's key: the same key makes the same letter wherever it is made. Where a letter allows it, a
point in which nothing is filled in can be said in the supporter's own words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from app.rendering.placeholders import LetterTemplate, TemplateError, parse, value_alone
from app.rendering.template_problems import Problem

Text = TypeVar("Text")

POINTS = "points"
WORDING = "wording."
USUAL = 2
"""How many points a form begins with, where a letter allows it."""


@dataclass(frozen=True, slots=True)
class Point:
    """A paragraph that can be chosen: what it is called, and the ways to say it."""

    key: str
    label: str
    texts: tuple[LetterTemplate, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What a supporter says of a letter's texts, by their place (`points.visits`, `wording.opening`).

    Attributes:
        picked: which of the texts stands there, counted from 1; where nothing is picked, one is drawn.
        own: their own words in its stead: plain text, which is never read as a template.
    """

    picked: Mapping[str, int] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)


NOTHING_SAID = Said()


@dataclass(frozen=True)
class Source:
    """A letter's wording as an organizer wrote it.

    `points` is {"least": 1, "most": 3, "editable": True, "of": [{"key", "label", "texts"}, …]} or nothing,
    `wordings` the texts by name.
    """

    subject: str
    body: str
    points: Mapping[str, object]
    wordings: Mapping[str, Sequence[str]]

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield every text with the place where it stands, as "points.visits.2"; "" is the body."""
        yield "", self.body
        yield "subject", self.subject
        for key, _label, texts in _described(self.points):
            yield from ((f"{POINTS}.{key}.{place}", text) for place, text in enumerate(texts, 1))
        for name, texts in self.wordings.items():
            yield from ((f"{WORDING}{name}.{place}", text) for place, text in enumerate(texts, 1))

    def drawn(
        self, chosen: Sequence[str], key: bytes, picked: Mapping[str, int] = NOTHING_SAID.picked
    ) -> tuple[str, ...]:
        """Return the texts that one letter has: subject, body, its points, the wordings picked or drawn."""
        texts = {name: texts for name, _label, texts in _described(self.points)}
        least, most = _number(self.points, "least", 0), _number(self.points, "most", len(texts))
        points = _settled(list(texts), least, most, chosen, key)
        return (
            self.subject,
            self.body,
            *(_drawn(texts[name], f"{POINTS}.{name}", key, picked) for name in points),
            *(_drawn(texts, f"{WORDING}{name}", key, picked) for name, texts in self.wordings.items()),
        )

    def names(self, names: Collection[str]) -> frozenset[str]:
        """Return the names that may stand in the body: those of every text, points and wordings."""
        own = {f"{WORDING}{name}" for name in self.wordings}
        return frozenset(names) | own | ({POINTS} if self.points else set())


@dataclass(frozen=True)
class Wording:
    """A letter's wording that was found sound; `editable` is whether points can be put in own words."""

    subject: LetterTemplate
    body: LetterTemplate
    points: tuple[Point, ...]
    least: int
    most: int
    wordings: Mapping[str, tuple[LetterTemplate, ...]]
    editable: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Every name that occurs in any of its texts."""
        others = chain((text for point in self.points for text in point.texts), *self.wordings.values())
        return self.subject.names.union(self.body.names, *(text.names for text in others))

    def texts(self) -> Iterator[LetterTemplate]:
        """Yield every text that a letter can have in it, besides its body."""
        yield from (text for point in self.points for text in point.texts)
        yield from chain.from_iterable(self.wordings.values())

    def settle(self, chosen: Sequence[str], key: bytes) -> tuple[str, ...]:
        """Return the points that this letter has: those chosen, in their order, as many as it allows.

        Letters of one campaign may have different points: where too few of those chosen are this letter's,
        others of its own are drawn.
        """
        mine = [point.key for point in self.points]
        return _settled(mine, self.least, self.most, chosen, key)

    def compose(self, chosen: Sequence[str], key: bytes, said: Said = NOTHING_SAID) -> LetterTemplate:
        """Return the body with its points and wordings in place.

        Args:
            chosen: keys of points, as `settle` returns them.
            key: of the submission.
            said: what the supporter says of the texts. Where their own words stand in place of a point, the
                template shows them as the value of that place.
        """
        texts = {point.key: point.texts for point in self.points}
        points = [self._point(texts[name], f"{POINTS}.{name}", key, said) for name in chosen]
        wordings = {
            f"{WORDING}{name}": [_drawn(texts, f"{WORDING}{name}", key, said.picked)]
            for name, texts in self.wordings.items()
        }
        return self.body.with_parts({POINTS: points, **wordings})

    def _point(self, texts: Sequence[LetterTemplate], place: str, key: bytes, said: Said) -> LetterTemplate:
        text = _drawn(texts, place, key, said.picked)
        has_own = self.editable and is_free(text) and said.own.get(place, "").strip()
        return value_alone(place) if has_own else text


def read_wording(source: Source, names: Collection[str]) -> Wording:
    """Read a letter's wording.

    Args:
        source: its texts.
        names: every name that may stand in any of them.

    Raises:
        TemplateError: one of the texts cannot be read; the problems are those of the first such text.
    """
    points = tuple(
        Point(key, label, tuple(parse(text, names) for text in texts))
        for key, label, texts in _described(source.points)
    )
    return Wording(
        subject=parse(source.subject, names),
        body=parse(source.body, source.names(names)),
        points=points,
        least=_number(source.points, "least", 0),
        most=_number(source.points, "most", len(points)),
        wordings={
            name: tuple(parse(text, names) for text in texts) for name, texts in source.wordings.items()
        },
        editable=bool(source.points.get("editable")),
    )


def is_free(text: LetterTemplate) -> bool:
    """Whether a point's text can be put in other words: nothing is filled in, no fact, no person, no ask."""
    return not text.names


def number_of(texts: Sequence[object], place: str, key: bytes, picked: Mapping[str, int]) -> int:
    """Return which of the texts of a place a letter has, counted from 1: the one picked, or else drawn."""
    number = picked.get(place, 0)
    return number if 0 < number <= len(texts) else draw(place, len(texts), key) + 1


def problems_of(source: Source, names: Collection[str]) -> Iterator[tuple[str, Problem]]:
    """Yield what cannot be read in a letter's wording, each with the place of its text (`Source.texts`)."""
    for where, text in source.texts():
        try:
            parse(text, names if where else source.names(names))
        except TemplateError as error:
            yield from ((where, problem) for problem in error.problems)


def draw(name: str, count: int, key: bytes) -> int:
    """Return a number below `count` that follows from a submission's key, another one for each name."""
    digest = hashlib.sha256(b"redress draw\0" + key + name.encode()).digest()
    return int.from_bytes(digest[:8], "big") % count


def in_drawn_order(names: Sequence[str], key: bytes) -> list[str]:
    """Return names in an order that follows from a submission's key."""
    return sorted(names, key=lambda name: hashlib.sha256(b"redress order\0" + key + name.encode()).digest())


def _settled(
    mine: Sequence[str], least: int, most: int, chosen: Sequence[str], key: bytes
) -> tuple[str, ...]:
    kept = [name for name in dict.fromkeys(chosen) if name in mine][:most]
    others = in_drawn_order([name for name in mine if name not in kept], key)
    return (*kept, *others[: max(least - len(kept), 0)])


def _drawn(texts: Sequence[Text], place: str, key: bytes, picked: Mapping[str, int]) -> Text:
    return texts[number_of(texts, place, key, picked) - 1]


def _described(points: Mapping[str, object]) -> Iterator[tuple[str, str, Sequence[str]]]:
    found = points.get("of")
    for point in found if isinstance(found, list) else ():
        yield point["key"], point["label"], point["texts"]


def _number(points: Mapping[str, object], name: str, otherwise: int) -> int:
    number = points.get(name)
    return number if isinstance(number, int) else otherwise
