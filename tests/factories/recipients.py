"""Offices, those who hold them, and how they are reached."""

from __future__ import annotations

from datetime import UTC, date, datetime

import factory

from app.recipients.models import Contact, Holder, Recipient

VERIFIED = datetime(2026, 11, 1, 12, tzinfo=UTC)


class HolderFactory(factory.Factory):
    """Somebody who holds an office since 2025, for as long as anybody knows."""

    class Meta:
        model = Holder

    name = factory.Sequence(lambda n: f"Jordan Holder {n}")
    family_name = "Holder"
    rank = "Ambassador"
    starts_on = date(2025, 1, 1)
    confidence = "high"


class ContactFactory(factory.Factory):
    """A verified e-mail address."""

    class Meta:
        model = Contact

    channel = "email"
    value = factory.Sequence(lambda n: f"office-{n}@offices.example")
    confidence = "high"
    verified_at = VERIFIED
    verified_by = "a test"


class OfficeFactory(factory.Factory):
    """An open office with a holder and a verified contact."""

    class Meta:
        model = Recipient

    slug = factory.Sequence(lambda n: f"office-{n}")
    external_id = factory.LazyAttribute(lambda office: f"test:{office.slug}")
    institution = "Assembly of Nations"
    title = factory.Sequence(lambda n: f"Secretary {n}")
    short_name = factory.LazyAttribute(lambda office: office.title)
    level = "international"
    country = "CH"
    languages = factory.LazyFunction(lambda: ["en"])
    holders = factory.LazyFunction(lambda: [HolderFactory.build()])
    contacts = factory.LazyFunction(lambda: [ContactFactory.build()])


class ClosedOfficeFactory(OfficeFactory):
    """An office that was closed a year ago."""

    status = "closed"
    closed_on = date(2025, 11, 30)
    closed_reason = "Its mandate ended."
