"""What a campaign's letters offer to its supporters: languages, points to choose, words of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from app.campaigns.models import Campaign, LetterTemplate, TemplateVersion
from app.errors import RedressError


@dataclass(frozen=True)
class PointChoice:
    """A point that a supporter can choose, in the language of the page."""

    key: str
    label: str


@dataclass(frozen=True)
class PointsOffered:
    """The points of a campaign's letters: which ones, and how many can be chosen."""

    choices: tuple[PointChoice, ...] = ()
    least: int = 0
    most: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(choice.key for choice in self.choices)


def offered_version(template: LetterTemplate, *, now: datetime) -> TemplateVersion | None:
    """Return the newest wording of a letter that supporters may be offered, or None."""
    return next((version for version in reversed(template.versions) if is_offered(version, now=now)), None)


def is_offered(version: TemplateVersion, *, now: datetime) -> bool:
    """Whether a wording is published, and approved by a person if a machine drafted it."""
    published = version.status == "published" and (version.publish_at is None or version.publish_at <= now)
    return published and (not version.machine_drafted or bool(version.approved_by))


def template_for(campaign: Campaign, key: str, language: str, *, now: datetime) -> TemplateVersion:
    """Return what is offered of a campaign's letter in `language`, else in English, else in any.

    Raises:
        RedressError: there is nothing of it that could be offered.
    """
    version = _nearest(campaign, key, language, now)
    if version is None:
        raise RedressError(_("This campaign has no letter for one of its offices yet."))
    return version


def languages_offered(campaign: Campaign, *, now: datetime) -> list[str]:
    """Return the languages that a supporter can write in, English first, then by code."""
    languages = {version.template.language for version in _offered(campaign, now)}
    return sorted(languages, key=lambda language: (language != "en", language))


def points_offered(campaign: Campaign, language: str, *, now: datetime) -> PointsOffered:
    """Return the points of all letters of a campaign; what they are called is said in `language`."""
    labels: dict[str, str] = {}
    least, most = [], []
    for key in dict.fromkeys(template.key for template in campaign.templates):
        version = _nearest(campaign, key, language, now)
        if points := version.points if version else None:
            labels |= {point["key"]: point["label"] for point in points["of"] if point["key"] not in labels}
            least.append(int(points["least"]))
            most.append(int(points["most"]))
    choices = tuple(PointChoice(key, label) for key, label in labels.items())
    return PointsOffered(choices, min(least, default=0), max(most, default=0))


def own_words_asked(campaign: Campaign, keys: Collection[str]) -> int:
    """Return how many words of their own the letters of these keys ask a supporter for."""
    asked = (template.own_words or 0 for template in campaign.templates if template.key in keys)
    return max(asked, default=0)


def _nearest(campaign: Campaign, key: str, language: str, now: datetime) -> TemplateVersion | None:
    offered = {version.template.language: version for version in _offered(campaign, now, {key})}
    return offered.get(language) or offered.get("en") or next(iter(offered.values()), None)


def _offered(
    campaign: Campaign, now: datetime, keys: Collection[str] | None = None
) -> Iterator[TemplateVersion]:
    for template in campaign.templates:
        if keys is None or template.key in keys:
            version = offered_version(template, now=now)
            if version is not None:
                yield version
