"""Campaigns: what is asked, of whom, and with which words."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from sqlalchemy import select

from app.campaigns.models import THANKS, AudienceMember, Campaign, LetterTemplate, TemplateVersion
from app.database import transaction
from app.recipients.models import Recipient
from tests.factories.recipients import OfficeFactory

MADE = datetime(2026, 11, 1, 12, tzinfo=UTC)
BODY = "I am writing from {{ supporter.place }}.\n\n{{ personal }}\n\n{{ recipient.ask }}\n\nThank you.\n"
SUBJECT = "An appeal to the {{ recipient.title }}"
KEY = "appeal"


class TemplateFactory(factory.Factory):
    """A letter in one language, in its first wording."""

    class Meta:
        model = LetterTemplate

    class Params:
        subject = SUBJECT
        body = BODY
        points: Any = {}  # noqa: RUF012 (factory-boy reads it from the class)
        wordings: Any = {}  # noqa: RUF012

    key = KEY
    language = "en"
    name = "An appeal"
    versions = factory.LazyAttribute(
        lambda o: [
            TemplateVersion(
                number=1,
                subject=o.subject,
                body=o.body,
                points=o.points,
                wordings=o.wordings,
                status="published",
                made_at=MADE,
                made_by="a test",
            )
        ]
    )


class CampaignFactory(factory.Factory):
    """A live campaign that asks for words of one's own."""

    class Meta:
        model = Campaign

    slug = factory.Sequence(lambda n: f"campaign-{n}")
    title = factory.LazyFunction(lambda: {"en": "Water for the valley"})
    summary = factory.LazyFunction(lambda: {"en": "The valley has been without water since spring."})
    ask = factory.LazyFunction(lambda: {"en": "That the sluice be opened."})
    story = factory.LazyFunction(lambda: {"en": "It was closed in **March**."})
    status = "live"
    consent = factory.LazyFunction(
        lambda: {
            "version": "2026-11-01",
            "letter": {"en": "Send my letters in my name."},
            "updates": {"en": "Write to me when there is news."},
        }
    )
    personal = factory.LazyFunction(
        lambda: {"required": True, "minimum_words": 2, "prompts": {"en": ["Why?"]}}
    )
    templates = factory.LazyFunction(lambda: [TemplateFactory.build()])


def store_campaign(offices: Sequence[Recipient] | None = None, **fields: Any) -> str:
    """Store a campaign that writes to `offices` (without: two of them) and return its slug.

    A closed office is in its audience as one that was written to once (`history`).
    """
    offices = [OfficeFactory.build(), OfficeFactory.build()] if offices is None else offices
    campaign: Campaign = CampaignFactory.build(**fields)
    with transaction() as session:
        session.add_all([*offices, campaign])
        session.flush()
        campaign.audience.extend(_member(place, office) for place, office in enumerate(offices))
    return campaign.slug


def _member(place: int, office: Recipient) -> AudienceMember:
    return AudienceMember(
        recipient_id=office.id,
        position=place,
        template_key=KEY if office.is_open else "",
        history=not office.is_open,
        ask={"en": "Open the sluice."},
        ask_text={"en": "I ask you to have the sluice opened."},
    )


def reword(slug: str, body: str, subject: str = SUBJECT) -> None:
    """Save a further wording of every letter of a campaign, as an organizer would."""
    with transaction() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
        for template in campaign.templates:
            number = template.versions[-1].number + 1
            template.versions.append(
                TemplateVersion(
                    number=number,
                    subject=subject,
                    body=body,
                    status="published",
                    made_at=MADE,
                    made_by="a test",
                )
            )


def change_campaign(slug: str, **fields: Any) -> None:
    """Change a stored campaign."""
    with transaction() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
        for name, value in fields.items():
            setattr(campaign, name, value)


def drop_from_audience(slug: str, office: str) -> None:
    """Take an office out of a campaign, as an organizer would."""
    with transaction() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
        (recipient,) = session.scalars(select(Recipient).where(Recipient.slug == office))
        campaign.audience[:] = [one for one in campaign.audience if one.recipient_id != recipient.id]


def days_from(day: datetime, days: int) -> Any:
    """Return the date so many days after an instant."""
    return (day + timedelta(days=days)).date()


def add_group(slug: str, *, before: bool = False, **common: str) -> uuid.UUID:
    """Add a rule for a group after all others, or before them, and return its id.

    Keywords are what its offices have in common.
    """
    with transaction() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
        places = [rule.position for rule in campaign.audience] or [0]
        rule = AudienceMember(
            group_of=common,
            position=min(places) - 1 if before else max(places) + 1,
            template_key=KEY,
            ask={"en": "Ask together."},
            ask_text={"en": "I ask all of you alike."},
        )
        campaign.audience.append(rule)
        return rule.id


THANKING = "From {{ supporter.place }}.\n\n{{ recipient.deed }}\n\n{{ personal }}\n\nThank you for it.\n"


def thanks_letter(key: str = "thanks", body: str = THANKING) -> LetterTemplate:
    """Return a letter that thanks an office for what it has done."""
    template: LetterTemplate = TemplateFactory.build(key=key, name="Thanks", kind=THANKS, body=body)
    return template
