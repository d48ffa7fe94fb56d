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
from app.rendering.forms_of_address import with_institution
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
    """The letter to one office: who it goes to, its subject, and its text in marked segments."""

    slug: str
    short_name: str
    to_line: str
    subject: str
    segments: tuple[Segment, ...]
    version: TemplateVersion

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


def word_letter(
    *,
    campaign: Campaign,
    office: AudienceOffice,
    version: TemplateVersion,
    facts: Mapping[str, Fact],
    words: Words,
) -> Worded:
    """Return the letter to one office.

    Args:
        campaign: whose letter it is.
        office: to whom, resolved as of the day that counts.
        version: the wording.
        facts: by key; those that the template names.
        words: the supporter's part.

    Raises:
        Refused: the template shows something that the supporter left empty; `field` says which.
        Unavailable: it cannot be worded until an organizer has looked at it.
    """
    try:
        return _word(campaign, office, version, facts, words)
    except RenderingError as error:
        raise _cannot_be_worded(error, version) from None


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


def _word(
    campaign: Campaign,
    office: AudienceOffice,
    version: TemplateVersion,
    facts: Mapping[str, Fact],
    words: Words,
) -> Worded:
    language = version.template.language
    names = names_for(tuple(facts))
    template, subject_template = _parsed(version.body, names), _parsed(version.subject, names)
    named = _facts_of(template) | _facts_of(subject_template)
    shown = {key: fact for key, fact in facts.items() if key in named}
    values = _values(campaign, office, shown, words, language)
    subject = subject_template.render(values)
    form = office.addressee.form_of_address(language)
    content = LetterContent(
        language=language,
        address_lines=with_institution(form.envelope, office.institution),
        place_and_date=letter.place_and_date(
            words.writer.city, words.written_on, locale_of(language, office.addressee.recipient.country)
        ),
        subject=subject,
        salutation=form.salutation,
        paragraphs=letter.paragraphs(template, values),
        closing=form.closing,
        signature_lines=_signature(words.writer, language),
        footer_lines=_footer(words.reference, language),
    )
    return Worded(
        slug=office.slug,
        short_name=office.short_name,
        to_line=form.envelope[0],
        subject=subject,
        segments=letter.segments(content),
        version=version,
    )


def _facts_of(template: placeholders.LetterTemplate) -> set[str]:
    return {name.split(".")[1] for name in template.names if name.startswith("fact.")}


@lru_cache(maxsize=256)
def _parsed(source: str, names: frozenset[str]) -> placeholders.LetterTemplate:
    return placeholders.parse(source, names)


def _values(
    campaign: Campaign, office: AudienceOffice, facts: Mapping[str, Fact], words: Words, language: str
) -> dict[str, str]:
    writer, recipient, holder = words.writer, office.addressee.recipient, office.addressee.holder
    values = {
        "supporter.name": writer.name,
        "supporter.title": writer.title,
        "supporter.affiliation": writer.affiliation,
        "supporter.city": writer.city,
        "supporter.country": country_name(writer.country, language),
        "supporter.place": place(writer, language),
        "recipient.title": recipient.title,
        "recipient.institution": recipient.institution,
        "recipient.ask": text(office.member.ask_text, language),
        "holder.name": holder.name if holder else "",
        "campaign.title": text(campaign.title, language),
        "date": long_date(words.written_on, language, recipient.country),
        "personal": words.personal_message,
    }
    for key, fact in facts.items():
        values |= _fact_values(key, fact, language, recipient.country)
    return values


def _fact_values(key: str, fact: Fact, language: str, country: str | None) -> dict[str, str]:
    return {
        f"fact.{key}.value": fact.value,
        f"fact.{key}.text": text(fact.value_text, language) or fact.value,
        f"fact.{key}.date": long_date(fact.as_of, language, country) if fact.as_of else "",
        f"fact.{key}.by": text(fact.counted_by, language),
        f"fact.{key}.statement": text(fact.statement, language),
    }


def place(writer: Writer, language: str) -> str:
    """Return "Lyon, France" as the letter's language writes it."""
    return ", ".join(part for part in (writer.city, country_name(writer.country, language)) if part)


def _signature(writer: Writer, language: str) -> tuple[str, ...]:
    station = ", ".join(part for part in (writer.title, writer.affiliation) if part)
    return tuple(line for line in (writer.name, station, place(writer, language)) if line)


def _footer(reference: str, language: str) -> tuple[str, ...]:
    settings = current_app.config["REDRESS_SETTINGS"]
    with force_locale(language):
        return (
            _(
                "Letter %(reference)s, written and confirmed by its signatory and sent through %(site)s "
                "(%(address)s). A reply to this message reaches the signatory.",
                reference=reference,
                site=settings.site_name,
                address=settings.base_url,
            ),
        )
