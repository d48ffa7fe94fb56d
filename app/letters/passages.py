"""What supporters can say of a letter's texts: points in their own words, and which wording it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.campaigns.models import Campaign
from app.campaigns.offering import template_for
from app.errors import RedressError
from app.evidence.reading import Known
from app.letters.wording import wording_of
from app.rendering.placeholders import LetterTemplate
from app.rendering.points import POINTS, WORDING, Wording, is_free
from app.rendering.sentences import RenderingError


@dataclass(frozen=True)
class Passage:
    """A place in a letter, such as `points.visits`, with the texts of which one stands there.

    Attributes:
        place: its name.
        key: of the point, or name of the wording.
        label: what a point is called.
        texts: the ways to say it.
        ways: how it is or was ever said by the campaign, `evened`: none of that is anybody's own words.
    """

    place: str
    key: str
    label: str
    texts: tuple[LetterTemplate, ...]
    ways: frozenset[str] = frozenset()

    @property
    def free(self) -> tuple[int, ...]:
        """Numbers of the texts, from 1, that can be put in own words."""
        return tuple(number for number, text in enumerate(self.texts, 1) if is_free(text))


@dataclass(frozen=True)
class LetterPassages:
    """The passages of one letter: points that can be put in own words, and wordings to pick from."""

    name: str
    points: tuple[Passage, ...]
    wordings: tuple[Passage, ...]


def passages_of(
    campaign: Campaign, known: Known, language: str, *, now: datetime
) -> dict[str, LetterPassages]:
    """Return the passages of a campaign's letters, as they are offered in a language, by the letter's key.

    A letter that cannot be worded at the moment is left out.
    """
    found = {}
    for key in dict.fromkeys(template.key for template in campaign.templates):
        try:
            version = template_for(campaign, key, language, now=now)
            wording = wording_of(version, known)
        except (RedressError, RenderingError):
            continue
        wordings = _wordings(wording, version.body)
        found[key] = LetterPassages(version.template.name, _points(wording, campaign, key), wordings)
    return found


def evened(text: str) -> str:
    """Return a text with single blanks, to tell whether somebody has changed its words."""
    return " ".join(text.split())


def _points(wording: Wording, campaign: Campaign, letter: str) -> tuple[Passage, ...]:
    if not wording.editable:
        return ()
    ways = _ways(campaign, letter)
    return tuple(
        Passage(f"{POINTS}.{point.key}", point.key, point.label, point.texts, ways[point.key])
        for point in wording.points
    )


def _ways(campaign: Campaign, letter: str) -> Mapping[str, frozenset[str]]:
    # In every language and version: the form may have been shown in another one than it is sent with.
    said: dict[str, set[str]] = {}
    for template in campaign.templates:
        for version in template.versions if template.key == letter else ():
            for point in (version.points or {}).get("of", ()):
                said.setdefault(point["key"], set()).update(map(evened, point["texts"]))
    return {key: frozenset(texts) for key, texts in said.items()}


def _wordings(wording: Wording, body: str) -> tuple[Passage, ...]:
    names: Sequence[str] = [name for name, texts in wording.wordings.items() if len(texts) > 1]
    in_order = sorted(names, key=lambda name: body.find(f"{WORDING}{name}"))
    return tuple(Passage(f"{WORDING}{name}", name, "", wording.wordings[name]) for name in in_order)
