"""Every letter that the seeds can become: for each office, in each wording, in each language."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from app.campaigns.models import Campaign
from app.database import db
from app.i18n.dates import locale_of
from app.letters.draft import Writer
from app.letters.snapshot import read_snapshot
from app.letters.wording import Worded, Words
from app.recipients.models import Recipient
from app.recipients.resolution import resolve
from app.rendering.forms_of_address import with_institution
from app.rendering.letter import LetterContent, Paragraph, Segment, place_and_date, segments
from app.rendering.points import USUAL
from app.yaml_files import read_yaml

WRITER = Writer(name="Claire Hakobyan-Müller", email="claire@people.example", country="FR", city="Lyon",
                title="Dr.", affiliation="Hôpital de la Croix-Rousse")  # fmt: skip
TEXTS: dict[str, dict[str, str]] = read_yaml(Path(__file__).with_name("seeded_letters.yaml"))


@dataclass(frozen=True)
class SeededLetter:
    """A letter, what to call it, and to which country it goes."""

    name: str
    language: str
    country: str
    subject: str
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """The plain text."""
        return "".join(segment.text for segment in self.segments)


KEY = uuid.UUID(int=2026)
"""The submission key from which the wordings are drawn."""


def campaign_letters(day: date) -> Iterator[SeededLetter]:
    """Yield the letters of all campaigns: to each office, in each language of its template."""
    for campaign in db.session.scalars(sa.select(Campaign).order_by(Campaign.slug)):
        snapshot = read_snapshot(db.session, campaign, "en", day=day)
        for office in snapshot.offices:
            templates = [one for one in campaign.templates if one.key == office.member.template_key]
            for template in templates if office.addressable else []:
                version = template.versions[-1]
                words = Words(
                    writer=WRITER,
                    personal_message=TEXTS[template.language]["own"],
                    reference="R-4F7K-2M",
                    written_on=day,
                    language=template.language,
                    points=tuple(point["key"] for point in (version.points or {}).get("of", ()))[:USUAL],
                    key=KEY,
                )
                worded = snapshot.word(office, words, version)
                yield _seeded(f"{campaign.slug}-{template.key}", worded)


def addressee_letters(day: date) -> Iterator[SeededLetter]:
    """Yield a short letter to every office that there is, in every language that has forms of address."""
    offices = db.session.scalars(sa.select(Recipient).order_by(Recipient.slug)).all()
    found = resolve(db.session, [office.id for office in offices], day=day)
    for office in offices:
        country = office.country or ""
        for language, texts in TEXTS.items():
            form = found[office.id].form_of_address(language)
            content = LetterContent(
                language=language,
                address_lines=with_institution(form.envelope, office.institution),
                place_and_date=place_and_date(WRITER.city, day, locale_of(language, country)),
                subject=texts["subject"],
                salutation=form.salutation,
                paragraphs=(Paragraph(texts["body"], "fixed"), Paragraph(texts["own"], "own")),
                closing=form.closing,
                signature_lines=(WRITER.name, f"{WRITER.title}, {WRITER.affiliation}", WRITER.city),
                footer_lines=("R-4F7K-2M",),
            )
            name = f"office-{office.slug}-{language}"
            yield SeededLetter(name, language, country, texts["subject"], segments(content))


def _seeded(where: str, worded: Worded) -> SeededLetter:
    name = f"{where}-{worded.slug}-{worded.language}"
    return SeededLetter(name, worded.language, worded.country, worded.subject, worded.segments)
