"""From a campaign's template and a supporter's words to the letter for one office."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from app.campaigns.models import Campaign, TemplateVersion
from app.campaigns.reading import AudienceOffice
from app.errors import RedressError, Refused, Unavailable
from app.evidence.reading import Known
from app.i18n.dates import locale_of
from app.letters.draft import Writer
from app.letters.values import FIELD_OF, names_for, own_values, values_for
from app.rendering import letter
from app.rendering.forms_of_address import FormOfAddress, with_institution
from app.rendering.letter import LetterContent, Segment
from app.rendering.placeholders import MissingValue
from app.rendering.points import NOTHING_SAID, Said, Source, Wording, read_wording
from app.rendering.sentences import RenderingError


@dataclass(frozen=True)
class Worded:
    """The letter to one office: to whom and where, its subject, and its text in marked segments."""

    slug: str
    short_name: str
    to_line: str
    subject: str
    segments: tuple[Segment, ...]
    version: TemplateVersion
    language: str
    country: str

    @property
    def text(self) -> str:
        """The whole text, as a person reads it and as it is sent."""
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True)
class Words:
    """What one supporter's letters are made of.

    Args:
        writer: who signs.
        personal_message: their own paragraph(s).
        reference: the letter's short name.
        written_on: the letter's date.
        language: of the letter.
        points: keys of the chosen points, in the supporter's order.
        key: of the submission: which wordings are drawn follows from it.
        said: what they say of the texts, by the key of the letter.
    """

    writer: Writer
    personal_message: str
    reference: str
    written_on: date
    language: str
    points: tuple[str, ...]
    key: uuid.UUID
    said: Mapping[str, Said] = field(default_factory=dict)


@dataclass(frozen=True)
class Frame:
    """A letter to one office without the supporter: what is the same in everybody's letter of a day."""

    version: TemplateVersion
    language: str
    locale: str
    wording: Wording
    values: Mapping[str, str]
    form: FormOfAddress
    address_lines: tuple[str, ...]
    footer: str
    slug: str
    short_name: str
    country: str


def frame_for(
    *,
    campaign: Campaign,
    office: AudienceOffice,
    version: TemplateVersion,
    known: Known,
    written_on: date,
) -> Frame:
    """Return what a letter to one office is made of, before anybody has written it.

    Args:
        campaign: whose letter it is.
        office: to whom, resolved as of the day that counts.
        version: the wording.
        known: what may be stated, named and asked for.
        written_on: the letter's date.

    Raises:
        Unavailable: it cannot be worded until an organizer has looked at it.
    """
    try:
        return _frame(campaign, office, version, known, written_on)
    except RenderingError as error:
        raise _cannot_be_worded(error, version) from None


def word_letter(frame: Frame, words: Words) -> Worded:
    """Return the letter to one office.

    Args:
        frame: all but the supporter's part, of the day on which the words were written.
        words: the supporter's part.

    Raises:
        Refused: the template shows something that the supporter left empty; `field` says which.
        Unavailable: it cannot be worded until an organizer has looked at it.
    """
    try:
        return _word(frame, words)
    except RenderingError as error:
        raise _cannot_be_worded(error, frame.version) from None


def _cannot_be_worded(error: RenderingError, version: TemplateVersion) -> RedressError:
    field = FIELD_OF.get(error.name) if isinstance(error, MissingValue) else None
    if field:
        return Refused(_("This letter needs it: please fill it in."), field)
    # A fact was withdrawn since the template was saved, an office has nobody who could be named …
    template = version.template
    current_app.logger.error(
        "letter %s.%s cannot be worded: %s", template.key, template.language, error.sentence
    )
    return Unavailable(
        _("This letter cannot be made at the moment: an organizer has to look at it first."), 3600
    )


def _frame(
    campaign: Campaign,
    office: AudienceOffice,
    version: TemplateVersion,
    known: Known,
    written_on: date,
) -> Frame:
    language = version.template.language
    country = office.addressee.recipient.country
    wording = wording_of(version, known)
    values = values_for(
        campaign=campaign,
        office=office,
        language=language,
        known=known,
        names=wording.names,
        written_on=written_on,
    )
    form = office.addressee.form_of_address(language)
    return Frame(
        version=version,
        language=language,
        locale=locale_of(language, country),
        wording=wording,
        values=values,
        form=form,
        address_lines=with_institution(form.envelope, office.institution),
        footer=_footer(language, on_paper=office.addressee.goes_by_post),
        slug=office.slug,
        short_name=office.short_name,
        country=country or "",
    )


def _word(frame: Frame, words: Words) -> Worded:
    said = words.said.get(frame.version.template.key, NOTHING_SAID)
    own = own_values(words.writer, words.personal_message, frame.language)
    values = {**said.own, **frame.values, **own}
    subject = frame.wording.subject.render(values)
    points = frame.wording.settle(words.points, words.key.bytes)
    body = frame.wording.compose(points, words.key.bytes, said)
    content = LetterContent(
        language=frame.language,
        address_lines=frame.address_lines,
        place_and_date=letter.place_and_date(words.writer.city, words.written_on, frame.locale),
        subject=subject,
        salutation=frame.form.salutation,
        paragraphs=letter.paragraphs(body, values, own={"personal", *said.own}),
        closing=frame.form.closing,
        signature_lines=_signature(words.writer, values["supporter.place"]),
        footer_lines=(frame.footer % {"reference": words.reference, "email": words.writer.email},),
    )
    return Worded(
        slug=frame.slug,
        short_name=frame.short_name,
        to_line=frame.form.envelope[0],
        subject=subject,
        segments=letter.segments(content),
        version=frame.version,
        language=frame.language,
        country=frame.country,
    )


def can_always_be_worded(frame: Frame, words: Words) -> bool:
    """Whether a letter can be worded whichever points are chosen and whichever wordings are drawn."""
    values = {**frame.values, **own_values(words.writer, words.personal_message, frame.language)}
    try:
        for text in frame.wording.texts():
            text.render(values)
    except RenderingError:
        return False
    return True


def wording_of(version: TemplateVersion, known: Known) -> Wording:
    """Return a version's wording, read: once for the same texts and facts.

    Raises:
        TemplateError: it cannot be read: it names a fact that is withdrawn, for instance.
    """
    parts = (json.dumps(version.points or {}), json.dumps(version.wordings or {}))
    return _wording(version.subject, version.body, *parts, names_for(*known.keys))


def source_of(version: TemplateVersion) -> Source:
    """Return a version's texts."""
    return Source(version.subject, version.body, version.points or {}, version.wordings or {})


@lru_cache(maxsize=256)
def _wording(subject: str, body: str, points: str, wordings: str, names: frozenset[str]) -> Wording:
    return read_wording(Source(subject, body, json.loads(points), json.loads(wordings)), names)


def filled_in(words: Words) -> tuple[bool, ...]:
    """Return which of the supporter's values there are: whether a letter can be worded depends on that."""
    values = own_values(words.writer, words.personal_message, words.language)
    return tuple(bool(value.strip()) for value in values.values())


def _signature(writer: Writer, home: str) -> tuple[str, ...]:
    station = ", ".join(part for part in (writer.title, writer.affiliation) if part)
    return tuple(line for line in (writer.name, station, home) if line)


def _footer(language: str, *, on_paper: bool) -> str:
    """Return the footer with places for the letter's reference and the writer's address (`%`-formatting)."""
    settings = current_app.config["REDRESS_SETTINGS"]
    site = {
        "site": settings.site_name.replace("%", "%%"),
        "address": settings.base_url.replace("%", "%%"),
    }
    with force_locale(language):
        if on_paper:
            return _(
                "Letter %(reference)s, written and confirmed by its signatory and sent through %(site)s "
                "(%(address)s). An answer reaches the signatory at %(email)s.",
                reference="%(reference)s",
                email="%(email)s",
                **site,
            )
        return _(
            "Letter %(reference)s, written and confirmed by its signatory and sent through %(site)s "
            "(%(address)s). A reply to this message reaches the signatory.",
            reference="%(reference)s",
            **site,
        )
