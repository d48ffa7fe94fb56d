"""What a campaign's letters are made from, read at one moment: offices, wordings, facts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, TemplateVersion
from app.campaigns.reading import AudienceOffice, audience_of, find_campaign, takes_letters
from app.content import ContentMemory
from app.database import db
from app.errors import Gone, NotFound, Refused
from app.evidence.models import Fact
from app.evidence.reading import current_facts
from app.i18n.dates import long_date
from app.letters.wording import Frame, Worded, Words, filled_in, frame_for, template_for, word_letter


@dataclass(frozen=True)
class Snapshot:
    """A campaign with everything that a letter needs, as of a day and in one language of the page."""

    campaign: Campaign
    offices: tuple[AudienceOffice, ...]
    facts: dict[str, Fact]
    _frames: dict[tuple[str, uuid.UUID, date], Frame] = field(default_factory=dict, repr=False, compare=False)
    _fine: set[tuple[str, uuid.UUID, date, tuple[bool, ...]]] = field(
        default_factory=set, repr=False, compare=False
    )

    def choose(self, slugs: Iterable[str]) -> list[AudienceOffice]:
        """Return the chosen offices in the campaign's order.

        Raises:
            Refused: none is chosen, or one of them is unknown, closed or only shown as history.
        """
        wanted = set(slugs)
        if not wanted:
            raise Refused(_("Please choose at least one office to write to."), "recipients")
        chosen = [office for office in self.offices if office.slug in wanted]
        closed = [office for office in chosen if not office.addressable]
        if closed:
            raise Refused(_("%(office)s takes no letters any more.", office=closed[0].title), "recipients")
        if len(chosen) != len(wanted):
            raise Refused(_("One of the chosen offices does not belong to this campaign."), "recipients")
        return chosen

    def version_for(self, office: AudienceOffice, language: str) -> TemplateVersion:
        """Return the wording that a new letter to `office` is written with."""
        return template_for(self.campaign, office.member.template_key, language)

    def word(self, office: AudienceOffice, words: Words, version: TemplateVersion | None = None) -> Worded:
        """Return the letter to `office`, in the newest wording or in a given one."""
        version = version or self.version_for(office, words.language)
        return word_letter(self._frame(office, version, words.written_on), words)

    def check(self, office: AudienceOffice, words: Words) -> None:
        """Find out whether the letter to `office` can be worded. Raises what `word` raises.

        That depends on which fields are filled in, not on what stands in them, and is tried once for each
        combination.
        """
        version = self.version_for(office, words.language)
        place = (office.slug, version.id, words.written_on, filled_in(words))
        if place not in self._fine:
            self.word(office, words, version)
            self._fine.add(place)

    def _frame(self, office: AudienceOffice, version: TemplateVersion, written_on: date) -> Frame:
        place = (office.slug, version.id, written_on)
        if place not in self._frames:
            self._frames[place] = frame_for(
                campaign=self.campaign,
                office=office,
                version=version,
                facts=self.facts,
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
        campaign, tuple(audience_of(session, campaign, language, day=day)), current_facts(session)
    )
