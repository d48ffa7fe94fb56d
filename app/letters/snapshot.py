"""What a campaign's letters are made from, read at one moment: offices, wordings, evidence."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, TemplateVersion
from app.campaigns.offering import PointsOffered, languages_offered, points_offered, template_for
from app.campaigns.reading import (
    AudienceOffice,
    CampaignPage,
    audience_of,
    find_campaign,
    page_of,
    takes_letters,
)
from app.campaigns.representing import (
    Place,
    Representatives,
    offers_representatives,
    representatives_at,
    representatives_named,
)
from app.content import ContentMemory
from app.database import db
from app.errors import Gone, NotFound, Refused
from app.evidence.reading import Known, known_on
from app.i18n.dates import long_date
from app.i18n.texts import FALLBACK
from app.letters.passages import LetterPassages, passages_of
from app.letters.wording import (
    Frame,
    Worded,
    Words,
    can_always_be_worded,
    filled_in,
    frame_for,
    word_letter,
)

Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Snapshot:
    """A campaign with everything that a letter needs, as of a day and in one language of the page."""

    campaign: Campaign
    offices: tuple[AudienceOffice, ...]
    known: Known
    language: str
    day: date
    _frames: dict[tuple[str, uuid.UUID, date], Frame] = field(default_factory=dict, repr=False, compare=False)
    _fine: set[tuple[str, uuid.UUID, date, tuple[bool, ...]]] = field(
        default_factory=set, repr=False, compare=False
    )
    _offers: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def page(self) -> CampaignPage:
        """The campaign as its page shows it."""
        return page_of(self.campaign, self.language, today=self.day)

    def named(self, slugs: Collection[str]) -> list[AudienceOffice]:
        """Return the offices of these slugs, representatives last; unknown ones are left out."""
        chosen = [office for office in self.offices if office.slug in slugs]
        others = set(slugs) - {office.slug for office in chosen}
        if not others or not self.campaign.representatives:
            return chosen
        with db.sessionmaker() as session:
            return [
                *chosen,
                *representatives_named(session, self.campaign, others, self.language, day=self.day),
            ]

    def seeks_representatives(self) -> bool:
        """Whether the campaign writes to the supporter's own representatives, and they can be found here."""
        return offers_representatives(db.session, self.campaign)

    def representatives_at(self, place: Place) -> Representatives:
        """Return who represents a place."""
        return representatives_at(db.session, self.campaign, place, self.language, day=self.day)

    def choose(self, slugs: Iterable[str], place: Place) -> list[AudienceOffice]:
        """Return the chosen offices in the campaign's order, representatives last.

        Args:
            slugs: of the offices.
            place: where the supporter lives: who writes to a representative must be represented by them.

        Raises:
            Refused: none is chosen, or one of them is unknown, closed, only shown as history, or
                represents somebody else.
        """
        wanted = set(slugs)
        if not wanted:
            raise Refused(_("Please choose at least one office to write to."), "recipients")
        chosen = self.named(wanted)
        closed = [office for office in chosen if not office.addressable]
        if closed:
            raise Refused(_("%(office)s takes no letters any more.", office=closed[0].title), "recipients")
        if len(chosen) != len(wanted):
            raise Refused(_("One of the chosen offices does not belong to this campaign."), "recipients")
        for office in chosen:
            if not office.takes_from(place.country, place.city):
                sentence = _(
                    "%(office)s is written to by those who live there: %(places)s. Take it out, or put your "
                    "city right.",
                    office=office.title,
                    places=office.only_from,
                )
                raise Refused(sentence, "recipients")
        audience = {office.slug for office in self.offices}
        self._check_represented([office for office in chosen if office.slug not in audience], place)
        return chosen

    def _check_represented(self, chosen: list[AudienceOffice], place: Place) -> None:
        if not chosen:
            return
        there = self.representatives_at(place)
        offered = {office.slug for office in there.offices}
        for office in chosen:
            if office.slug not in offered:
                raise Refused(
                    _(
                        "%(office)s does not represent the place that you gave. Look for your "
                        "representatives again, or take this one out.",
                        office=office.title,
                    ),
                    "recipients",
                )
        if there.excluding({office.slug for office in chosen}):
            raise Refused(
                _("Only one of these districts is yours: please choose one of each kind."), "recipients"
            )

    def version_for(self, office: AudienceOffice, language: str, *, now: datetime) -> TemplateVersion:
        """Return the wording that a new letter to `office` is written with `now`."""
        key, written_in = office.template_key, self._offered_language(language, now)
        return self._kept(now, ("version", key, written_in), lambda: self._version(key, written_in, now))

    def languages(self, *, now: datetime) -> list[str]:
        """Return the languages that a supporter can write in."""
        return self._kept(now, "languages", lambda: languages_offered(self.campaign, now=now))

    def points(self, *, now: datetime) -> PointsOffered:
        """Return the points that a supporter can choose from, in the language of the page."""
        return self._kept(now, "points", lambda: points_offered(self.campaign, self.language, now=now))

    def passages(self, language: str, *, now: datetime) -> Mapping[str, LetterPassages]:
        """Return what a supporter can say of each letter's texts, by the key of the letter."""
        written_in = self._offered_language(language, now)
        return self._kept(
            now,
            ("passages", written_in),
            lambda: passages_of(self.campaign, self.known, written_in, now=now),
        )

    def _offered_language(self, language: str, now: datetime) -> str:
        # Whatever a form says is no key to keep things by: anybody could fill our memory with languages.
        return language if language in self.languages(now=now) else FALLBACK

    def _version(self, key: str, language: str, now: datetime) -> TemplateVersion:
        return template_for(self.campaign, key, language, now=now)

    def _kept(self, now: datetime, key: Hashable, make: Callable[[], Kept]) -> Kept:
        # What is offered changes only when a version's time comes: so many have come, until the next one.
        place = (bisect_right(self._times, now), key)
        if place not in self._offers:
            self._offers[place] = make()
        kept: Kept = self._offers[place]
        return kept

    @cached_property
    def _times(self) -> list[datetime]:
        versions = (version for template in self.campaign.templates for version in template.versions)
        return sorted(version.publish_at for version in versions if version.publish_at)

    def word(self, office: AudienceOffice, words: Words, version: TemplateVersion) -> Worded:
        """Return the letter to `office` in a wording."""
        return word_letter(self.frame(office, version, words.written_on), words)

    def check(self, office: AudienceOffice, words: Words, version: TemplateVersion) -> None:
        """Find out whether the letter to `office` can be worded. Raises what `word` raises.

        That depends on which fields are filled in, not on what stands in them, and is tried once for each
        combination: with every point and wording that the letter could have. Where one of them fails, it
        counts whether this letter has it.
        """
        place = (office.slug, version.id, words.written_on, filled_in(words))
        if place in self._fine:
            return
        self.word(office, words, version)
        if can_always_be_worded(self.frame(office, version, words.written_on), words):
            self._fine.add(place)

    def frame(self, office: AudienceOffice, version: TemplateVersion, written_on: date) -> Frame:
        """Return what is the same in every letter to `office`, whoever signs it. Raises as `frame_for`."""
        place = (office.slug, version.id, written_on)
        if place not in self._frames:
            self._frames[place] = frame_for(
                campaign=self.campaign,
                office=office,
                version=version,
                known=self.known,
                written_on=written_on,
            )
        return self._frames[place]


def open_snapshot(slug: str, language: str, *, day: date) -> Snapshot:
    """Read a campaign that takes letters on `day`.

    Raises:
        NotFound: there is no such campaign, or it has not begun.
        Gone: it is over.
    """
    memory: ContentMemory[Snapshot] = current_app.extensions["redress_snapshots"]
    snapshot = memory.get((slug, language, day), lambda: _read_apart(slug, language, day))
    begins = snapshot.campaign.opens_on
    if begins is not None and day < begins:
        raise NotFound(_("This campaign takes letters from %(day)s on.", day=long_date(begins, language)))
    if not takes_letters(snapshot.campaign, day):
        raise Gone(_("This campaign takes no letters any more."))
    return snapshot


def _read_apart(slug: str, language: str, day: date) -> Snapshot:
    # In a session of its own, which closes: what is kept must not change or be read again behind our back.
    with db.sessionmaker() as session:
        return read_snapshot(session, find_campaign(session, slug), language, day=day)


def read_snapshot(session: Session, campaign: Campaign, language: str, *, day: date) -> Snapshot:
    """Read what a campaign's letters are made from, as of `day`."""
    return Snapshot(
        campaign=campaign,
        offices=tuple(audience_of(session, campaign, language, day=day)),
        known=known_on(session, day),
        language=language,
        day=day,
    )
