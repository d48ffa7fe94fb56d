"""Every seeded office in every language, today and on the days of the letters that came before us."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db
from app.recipients.models import Recipient
from app.recipients.resolution import Addressee, resolve
from app.recipients.search import matching
from app.yaml_files import read_yaml

TODAY = date(2026, 11, 21)
CAUCUS_LETTER = date(2021, 2, 16)
LANGUAGES = ("en", "fr", "hy", "ru")
TABLE = read_yaml(Path(__file__).with_name("seeded_addressees.yaml"))

pytestmark = [pytest.mark.seeded, pytest.mark.usefixtures("app_context")]


def addressees(day: date) -> dict[str, Addressee]:
    """Return every office as of a day, by slug."""
    offices = db.session.scalars(sa.select(Recipient)).all()
    found = resolve(db.session, [office.id for office in offices], day=day)
    return {office.slug: found[office.id] for office in offices}


def told(addressee: Addressee, language: str) -> list[str]:
    form = addressee.form_of_address(language)
    return [" / ".join(form.envelope), form.salutation, form.closing]


def test_every_office_is_addressed_as_the_table_says() -> None:
    today = addressees(TODAY)
    assert today.keys() == TABLE.keys()
    for slug, row in TABLE.items():
        holder = today[slug].holder
        assert (holder.name if holder else None) == row["holder"], slug
        for language in LANGUAGES:
            assert told(today[slug], language) == row[language], (slug, language)


@pytest.mark.parametrize(
    ("slug", "envelope", "salutation"),
    [
        ("un-hrc-president", "Nazhat Shameem Khan / President of the Human Rights Council", "Excellency,"),
        (
            "osce-minsk-cochair-russia",
            "Ambassador Igor Popov / Co-Chair, OSCE Minsk Group",
            "Dear Ambassador Popov,",
        ),
        (
            "osce-minsk-cochair-france",
            "Ambassador Stéphane Visconti / Co-Chair, OSCE Minsk Group",
            "Dear Ambassador Visconti,",
        ),
        (
            "osce-minsk-cochair-united-states",
            "Ambassador Andrew Schofer / Co-Chair, OSCE Minsk Group",
            "Dear Ambassador Schofer,",
        ),
    ],
)
def test_the_four_of_the_caucus_letter_of_2021(slug: str, envelope: str, salutation: str) -> None:
    then = addressees(CAUCUS_LETTER)[slug]
    assert told(then, "en") == [envelope, salutation, "Respectfully yours,"]


def test_the_co_chairs_are_closed_and_followed_by_the_chairman_in_office() -> None:
    today = addressees(TODAY)
    chairman = today["osce-chairman-in-office"]
    assert chairman.holder is not None
    for country in ("russia", "france", "united-states"):
        office = today[f"osce-minsk-cochair-{country}"].recipient
        assert (office.status, office.closed_on) == ("closed", date(2025, 11, 30))
        assert office.successor is not None
        assert office.successor.id == chairman.recipient.id


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("Shameen Khan", "un-hrc-president"),
        ("Visconte", "osce-minsk-cochair-france"),
        ("Andres Schofer", "osce-minsk-cochair-united-states"),
    ],
)
def test_a_misspelled_name_finds_the_right_office(app_context: Flask, typed: str, slug: str) -> None:
    found = db.session.scalars(sa.select(Recipient.slug).where(*matching(typed))).all()
    assert found == [slug]
