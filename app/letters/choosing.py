"""The passages of somebody's letters as the write page shows them: as they would stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.letters.draft import Draft
from app.letters.passages import LetterPassages, Passage
from app.letters.snapshot import Snapshot
from app.letters.values import own_values
from app.letters.wording import Frame
from app.rendering.letter import paragraphs
from app.rendering.placeholders import LetterTemplate, MissingValue
from app.rendering.points import NOTHING_SAID, Said, number_of


@dataclass(frozen=True)
class ShownPoint:
    """A chosen point: which of its texts stands there, and that; `number` is 0 where it stays as it is."""

    place: str
    label: str
    number: int
    text: str


@dataclass(frozen=True)
class ShownWording:
    """The ways to say a thing, and which of them was picked: 0 for none."""

    place: str
    texts: tuple[str, ...]
    picked: int


@dataclass(frozen=True)
class ShownLetter:
    """A letter with what its supporter can say of it."""

    key: str
    name: str
    points: tuple[ShownPoint, ...]
    wordings: tuple[ShownWording, ...]


def choices(snapshot: Snapshot, draft: Draft, *, now: datetime) -> list[ShownLetter]:
    """Return what can be said of each letter that a draft makes, in the order of its offices.

    Args:
        snapshot: the campaign as it is now.
        draft: what was typed so far, with something standing for what is missing.
        now: the instant; the letter's date comes from it.

    Raises:
        Unavailable: as previewing does.
    """
    offered = snapshot.passages(draft.language, now=now)
    chosen = {office.template_key: office for office in snapshot.named(draft.recipients)}
    letters = []
    for key, office in chosen.items():
        if key in offered and office.addressable:
            version = snapshot.version_for(office, draft.language, now=now)
            letters.append(_letter(key, offered[key], snapshot.frame(office, version, now.date()), draft))
    return [letter for letter in letters if letter.points or letter.wordings]


def _letter(key: str, offered: LetterPassages, frame: Frame, draft: Draft) -> ShownLetter:
    said = draft.said.get(key, NOTHING_SAID)
    values = {**frame.values, **own_values(draft.writer, draft.personal_message, frame.language)}
    settled = frame.wording.settle(draft.points, draft.submission_key.bytes)
    points = {point.key: point for point in offered.points}
    return ShownLetter(
        key=key,
        name=offered.name,
        points=tuple(
            _point(points[name], said, draft) for name in settled if name in points and name in draft.points
        ),
        wordings=tuple(_wordings(offered, said, values)),
    )


def _point(point: Passage, said: Said, draft: Draft) -> ShownPoint:
    number = number_of(point.texts, point.place, draft.submission_key.bytes, said.picked)
    if number not in point.free:
        return ShownPoint(point.place, point.label, 0, "")
    text = said.own.get(point.place) or _as_it_stands(point.texts[number - 1], {})
    return ShownPoint(point.place, point.label, number, text)


def _wordings(offered: LetterPassages, said: Said, values: Mapping[str, str]) -> Iterator[ShownWording]:
    for passage in offered.wordings:
        try:
            texts = tuple(_as_it_stands(text, values) for text in passage.texts)
        except MissingValue:  # one of them shows what was left empty: nobody can pick what cannot be shown
            continue
        yield ShownWording(passage.place, texts, said.picked.get(passage.place, 0))


def _as_it_stands(text: LetterTemplate, values: Mapping[str, str]) -> str:
    return "\n\n".join(paragraph.text for paragraph in paragraphs(text, values))
