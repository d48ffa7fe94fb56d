"""What stands for the names of the letter language: the offices', the facts' and the supporter's values."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import lru_cache

from app.campaigns.models import Campaign
from app.campaigns.reading import AudienceOffice
from app.campaigns.texts import text
from app.evidence.reading import Known, names_in_letters, values_in_letters
from app.i18n import country_name
from app.i18n.dates import long_date
from app.letters.draft import Writer

PLAIN_NAMES = (
    "supporter.name",
    "supporter.title",
    "supporter.affiliation",
    "supporter.city",
    "supporter.region",
    "supporter.postal_code",
    "supporter.country",
    "supporter.place",
    "recipient.title",
    "recipient.institution",
    "recipient.ask",
    "recipient.deed",
    "recipient.deed_date",
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
    "supporter.region": "region",
    "supporter.postal_code": "postal_code",
    "supporter.country": "country",
}
"""Which field of the form a name of the letter language comes from, where it may be empty."""


@lru_cache(maxsize=64)
def names_for(
    facts: tuple[str, ...], people: tuple[str, ...] = (), measures: tuple[str, ...] = ()
) -> frozenset[str]:
    """Return every name that a template may use, given the keys of what the evidence offers."""
    return frozenset(PLAIN_NAMES) | names_in_letters(facts, people, measures)


EVIDENCE = ("fact.", "person.", "measure.")
"""How names begin that stand for something in the evidence."""


def stated_in(names: Collection[str]) -> frozenset[str]:
    """Return which facts, people and measures names stand for: `fact.held_count`, `person.vardanyan` …"""
    return frozenset(name.rpartition(".")[0] for name in names if name.startswith(EVIDENCE))


def values_for(
    *,
    campaign: Campaign,
    office: AudienceOffice,
    language: str,
    known: Known,
    names: Collection[str],
    written_on: date,
) -> dict[str, str]:
    """Return what stands for the names of a letter to one office, the supporter's own aside.

    Args:
        campaign: whose letter it is.
        office: to whom.
        language: of the letter.
        known: what may be stated.
        names: that the letter names: only what they stand for is put into words.
        written_on: the letter's date.
    """
    country = office.addressee.recipient.country
    values = _plain_values(campaign, office, written_on, language)
    values |= values_in_letters(known, stated_in(names), language=language, country=country)
    return values


def _plain_values(
    campaign: Campaign, office: AudienceOffice, written_on: date, language: str
) -> dict[str, str]:
    recipient, holder, deed = office.addressee.recipient, office.addressee.holder, office.deed
    return {
        "recipient.title": recipient.title,
        "recipient.institution": recipient.institution,
        "recipient.ask": text(office.member.ask_text, language),
        "recipient.deed": text(deed.said, language) if deed else "",
        "recipient.deed_date": long_date(deed.done_on, language, recipient.country) if deed else "",
        "holder.name": holder.name if holder else "",
        "campaign.title": text(campaign.title, language),
        "date": long_date(written_on, language, recipient.country),
    }


def own_values(writer: Writer, personal: str, language: str) -> dict[str, str]:
    """Return what stands for the names that are the supporter's own."""
    country = country_name(writer.country, language)
    return {
        "supporter.name": writer.name,
        "supporter.title": writer.title,
        "supporter.affiliation": writer.affiliation,
        "supporter.city": writer.city,
        "supporter.region": writer.region,
        "supporter.postal_code": writer.postal_code,
        "supporter.country": country,
        "supporter.place": place(writer.city, country),
        "personal": personal,
    }


def place(city: str, country: str) -> str:
    """Return "Lyon, France", or what there is of it."""
    return ", ".join(part for part in (city, country) if part)
