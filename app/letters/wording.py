"""From a campaign's template and a supporter's words to the letter for one office."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from app.campaigns.models import Campaign, TemplateVersion
from app.campaigns.reading import AudienceOffice
from app.campaigns.texts import text
from app.errors import RedressError, Refused, Unavailable
from app.evidence.models import Fact
from app.i18n import country_name
from app.i18n.dates import locale_of, long_date
from app.letters.draft import Writer
from app.rendering import letter, placeholders
from app.rendering.forms_of_address import FormOfAddress, with_institution
from app.rendering.letter import LetterContent, Segment
from app.rendering.placeholders import MissingValue
from app.rendering.sentences import RenderingError

FACT_PARTS = ("value", "text", "date", "by", "statement")
PLAIN_NAMES = (
    "supporter.name",
    "supporter.title",
    "supporter.affiliation",
    "supporter.city",
    "supporter.country",
    "supporter.place",
    "recipient.title",
    "recipient.institution",
    "recipient.ask",
    "holder.name",
    "campaign.title",
    "date",
    "personal",
)

FIELD_OF = {
    "personal": "personal_message",
    "supporter.title": "title",
    "supporter.affiliation": "affiliation",
    "supporter.city": "city",
    "supporter.country": "country",
}
"""Which field of the form a name of the letter language comes from, where it may be empty."""


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
    """

    writer: Writer
    personal_message: str
    reference: str
    written_on: date
    language: str


def template_for(campaign: Campaign, key: str, language: str) -> TemplateVersion:
    """Return the newest version of a campaign's template in `language`, else in English, else in any.

    Raises:
        RedressError: the campaign has no such template.
    """
    by_language = {t.language: t for t in campaign.templates if t.key == key and t.versions}
    template = by_language.get(language) or by_language.get("en") or next(iter(by_language.values()), None)
    if template is None:
        raise RedressError(_("This campaign has no letter for one of its offices yet."))
    return template.versions[-1]


@lru_cache(maxsize=64)
def names_for(facts: tuple[str, ...]) -> frozenset[str]:
    """Return every name that a template may use, given the keys of the facts that there are."""
    return frozenset(PLAIN_NAMES) | {f"fact.{key}.{part}" for key in facts for part in FACT_PARTS}


@dataclass(frozen=True)
class Frame:
    """A letter to one office without the supporter: what is the same in everybody's letter of a day."""

    version: TemplateVersion
    language: str
    locale: str
    body: placeholders.LetterTemplate
    subject: placeholders.LetterTemplate
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
    facts: Mapping[str, Fact],
    written_on: date,
) -> Frame:
    """Return what a letter to one office is made of, before anybody has written it.

    Args:
        campaign: whose letter it is.
        office: to whom, resolved as of the day that counts.
        version: the wording.
        facts: by key; those that the template names.
        written_on: the letter's date.

    Raises:
        Unavailable: it cannot be worded until an organizer has looked at it.
    """
    try:
        return _frame(campaign, office, version, facts, written_on)
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
    facts: Mapping[str, Fact],
    written_on: date,
) -> Frame:
    language = version.template.language
    country = office.addressee.recipient.country
    names = names_for(tuple(facts))
    body, subject = _parsed(version.body, names), _parsed(version.subject, names)
    named = _facts_of(body) | _facts_of(subject)
    values = _values(campaign, office, written_on, language)
    for key, fact in facts.items():
        if key in named:
            values |= _fact_values(key, fact, language, country)
    form = office.addressee.form_of_address(language)
    return Frame(
        version=version,
        language=language,
        locale=locale_of(language, country),
        body=body,
        subject=subject,
        values=values,
        form=form,
        address_lines=with_institution(form.envelope, office.institution),
        footer=_footer(language),
        slug=office.slug,
        short_name=office.short_name,
        country=country or "",
    )


def _word(frame: Frame, words: Words) -> Worded:
    country = country_name(words.writer.country, frame.language)
    values = {**frame.values, **_own_values(words, country)}
    subject = frame.subject.render(values)
    content = LetterContent(
        language=frame.language,
        address_lines=frame.address_lines,
        place_and_date=letter.place_and_date(words.writer.city, words.written_on, frame.locale),
        subject=subject,
        salutation=frame.form.salutation,
        paragraphs=letter.paragraphs(frame.body, values),
        closing=frame.form.closing,
        signature_lines=_signature(words.writer, values["supporter.place"]),
        footer_lines=(frame.footer % {"reference": words.reference},),
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


def _facts_of(template: placeholders.LetterTemplate) -> set[str]:
    return {name.split(".")[1] for name in template.names if name.startswith("fact.")}


@lru_cache(maxsize=256)
def _parsed(source: str, names: frozenset[str]) -> placeholders.LetterTemplate:
    return placeholders.parse(source, names)


def _values(campaign: Campaign, office: AudienceOffice, written_on: date, language: str) -> dict[str, str]:
    recipient, holder = office.addressee.recipient, office.addressee.holder
    return {
        "recipient.title": recipient.title,
        "recipient.institution": recipient.institution,
        "recipient.ask": text(office.member.ask_text, language),
        "holder.name": holder.name if holder else "",
        "campaign.title": text(campaign.title, language),
        "date": long_date(written_on, language, recipient.country),
    }


def _own_values(words: Words, country: str) -> dict[str, str]:
    writer = words.writer
    return {
        "supporter.name": writer.name,
        "supporter.title": writer.title,
        "supporter.affiliation": writer.affiliation,
        "supporter.city": writer.city,
        "supporter.country": country,
        "supporter.place": place(writer.city, country),
        "personal": words.personal_message,
    }


def filled_in(words: Words) -> tuple[bool, ...]:
    """Return which of the supporter's values there are: whether a letter can be worded depends on that."""
    return tuple(bool(value.strip()) for value in _own_values(words, words.writer.country).values())


def _fact_values(key: str, fact: Fact, language: str, country: str | None) -> dict[str, str]:
    return {
        f"fact.{key}.value": fact.value,
        f"fact.{key}.text": text(fact.value_text, language) or fact.value,
        f"fact.{key}.date": long_date(fact.as_of, language, country) if fact.as_of else "",
        f"fact.{key}.by": text(fact.counted_by, language),
        f"fact.{key}.statement": text(fact.statement, language),
    }


def place(city: str, country: str) -> str:
    """Return "Lyon, France", or what there is of it."""
    return ", ".join(part for part in (city, country) if part)


def _signature(writer: Writer, home: str) -> tuple[str, ...]:
    station = ", ".join(part for part in (writer.title, writer.affiliation) if part)
    return tuple(line for line in (writer.name, station, home) if line)


def _footer(language: str) -> str:
    """Return the footer with a place for the letter's reference (`%`-formatting)."""
    settings = current_app.config["REDRESS_SETTINGS"]
    with force_locale(language):
        return _(
            "Letter %(reference)s, written and confirmed by its signatory and sent through %(site)s "
            "(%(address)s). A reply to this message reaches the signatory.",
            reference="%(reference)s",
            site=settings.site_name.replace("%", "%%"),
            address=settings.base_url.replace("%", "%%"),
        )
