"""The forms of the desk's offices. What they gather becomes a draft; the rules live below."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField

from app.admin.fields import (
    Codes,
    Country,
    Day,
    Lines,
    Needed,
    Number,
    SourceLines,
    Tick,
    line,
    offered,
    text,
)
from app.admin.form_lines import FormLines
from app.admin.words import ACCEPTS, CHANNELS, COLUMNS, CONFIDENCES, LEVELS, RHYTHMS, STYLES
from app.recipients.drafts import ContactDraft, Draft, HolderDraft, OfficeDraft, values_of
from app.recipients.models import Contact, Holder, Recipient


class _Edited(FlaskForm):
    """A form of one row: it remembers which, and as of when.

    `row_id` is made with the form of something new, so that sending it twice adds one thing: it
    becomes `new_id`. `seen` is when the row had been edited last, as the form was made.
    """

    row_id = HiddenField()
    edited_at = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What nobody types can still be meddled with; then it is as if it had not been sent.
        self.new_id = _id_in(self.row_id.data) or uuid.uuid4()
        self.row_id.data = str(self.new_id)
        self.seen = _instant_in(self.edited_at.data)
        self.edited_at.data = self.seen.isoformat() if self.seen else ""

    def remember(self, row: Recipient | Holder | Contact) -> None:
        """Take the row as seen in its present form."""
        self.edited_at.data = row.edited_at.isoformat() if row.edited_at else ""

    def draft(self) -> Draft:
        """Return what was filled in."""
        raise NotImplementedError

    def compare(self, row: Recipient | Holder | Contact) -> list[tuple[str, str]]:
        """Return (name of the field, saved value) wherever somebody else's edit is not what was typed here.

        With that told, the row counts as seen: sent again, the form is taken.
        """
        if self.seen == row.edited_at:
            return []
        self.remember(row)
        return [
            (str(COLUMNS[name]), told(getattr(row, name)))
            for name, typed in values_of(self.draft()).items()
            if getattr(row, name) != typed
        ]


class OfficeForm(_Edited):
    """An office."""

    institution = line(COLUMNS["institution"], 300, _l("Which institution does it belong to?"))
    title = line(COLUMNS["title"], 300, _l("What is the title of the office?"))
    short_name = line(COLUMNS["short_name"], 80, _l("Give it a short name, for lists and buttons."))
    level = SelectField(COLUMNS["level"], choices=offered(LEVELS))
    country = Country(COLUMNS["country"])
    jurisdiction = line(COLUMNS["jurisdiction"])
    accepts = SelectField(COLUMNS["accepts"], choices=offered(ACCEPTS))
    how_to_submit = text(COLUMNS["how_to_submit"])
    mandate = text(COLUMNS["mandate"])
    languages = Codes(COLUMNS["languages"])
    address_style = SelectField(COLUMNS["address_style"], choices=offered(STYLES))
    variants = Lines(COLUMNS["variants"])
    note = text(COLUMNS["note"])
    confidence = SelectField(COLUMNS["confidence"], choices=offered(CONFIDENCES), default="unverified")
    checked_on = Day(COLUMNS["checked_on"])
    sources = SourceLines(COLUMNS["sources"])
    rhythm = SelectField(COLUMNS["rhythm"], choices=offered(RHYTHMS), default="single")
    daily_limit = Number(COLUMNS["daily_limit"], 0, 100_000)
    opens_at = Number(COLUMNS["opens_at"], 0, 23)
    closes_at = Number(COLUMNS["closes_at"], 0, 23)
    time_zone = line(COLUMNS["time_zone"], 60)

    def draft(self) -> OfficeDraft:
        """Return what was filled in."""
        return OfficeDraft(
            institution=self.institution.data,
            title=self.title.data,
            short_name=self.short_name.data,
            level=self.level.data,
            country=self.country.data or None,
            jurisdiction=self.jurisdiction.data,
            accepts=self.accepts.data,
            how_to_submit=self.how_to_submit.data,
            mandate=self.mandate.data,
            languages=self.languages.data or [],
            address_style=self.address_style.data,
            variants=self.variants.data or [],
            note=self.note.data,
            confidence=self.confidence.data,
            checked_on=self.checked_on.data,
            sources=self.sources.data or [],
            rhythm=self.rhythm.data,
            daily_limit=self.daily_limit.data,
            opens_at=self.opens_at.data,
            closes_at=self.closes_at.data,
            time_zone=self.time_zone.data or None,
        )

    @classmethod
    def of(cls, recipient: Recipient) -> OfficeForm:
        """Return the form filled with an office."""
        form = cls(obj=recipient)
        form.remember(recipient)
        return form


class HolderForm(_Edited):
    """A term of office."""

    name = line(COLUMNS["name"])
    family_name = line(COLUMNS["family_name"], 100)
    honorific = line(COLUMNS["honorific"], 80)
    rank = line(COLUMNS["rank"], 80)
    country = Country(COLUMNS["country"])
    starts_on = Day(COLUMNS["starts_on"])
    ends_on = Day(COLUMNS["ends_on"])
    acting = Tick(COLUMNS["acting"])
    vacant = Tick(COLUMNS["vacant"])
    confidence = SelectField(COLUMNS["confidence"], choices=offered(CONFIDENCES), default="unverified")
    term_note = text(COLUMNS["term_note"])
    variants = Lines(COLUMNS["variants"])
    sources = SourceLines(COLUMNS["sources"])

    def draft(self) -> HolderDraft:
        """Return what was filled in."""
        return HolderDraft(
            name=self.name.data,
            family_name=self.family_name.data,
            honorific=self.honorific.data,
            rank=self.rank.data,
            country=self.country.data or None,
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            acting=self.acting.data,
            vacant=self.vacant.data,
            confidence=self.confidence.data,
            term_note=self.term_note.data,
            variants=self.variants.data or [],
            sources=self.sources.data or [],
        )

    @classmethod
    def of(cls, holder: Holder) -> HolderForm:
        """Return the form filled with a term."""
        form = cls(obj=holder)
        form.remember(holder)
        return form


class ContactForm(_Edited):
    """A way to reach an office."""

    channel = SelectField(COLUMNS["channel"], choices=offered(CHANNELS))
    value = line(_l("E-mail address, or address of the form"), 500)
    street = text(COLUMNS["street"], 400)
    city = line(COLUMNS["city"])
    region = line(COLUMNS["region"])
    postal_code = line(COLUMNS["postal_code"], 20)
    country = Country(COLUMNS["country"])
    language = line(_l("Language, if letters in it go here"), 12)
    form_fields = FormLines(COLUMNS["form_fields"])
    confidence = SelectField(COLUMNS["confidence"], choices=offered(CONFIDENCES), default="unverified")
    note = text(COLUMNS["note"])
    sources = SourceLines(COLUMNS["sources"])

    POSTAL = ("street", "city", "region", "postal_code")

    def draft(self) -> ContactDraft:
        """Return what was filled in."""
        return ContactDraft(
            channel=self.channel.data,
            value=self.value.data,
            postal={name: getattr(self, name).data for name in self.POSTAL},
            country=self.country.data or None,
            language=self.language.data or None,
            form_fields=self.form_fields.data or None,
            confidence=self.confidence.data,
            note=self.note.data,
            sources=self.sources.data or [],
        )

    @classmethod
    def of(cls, contact: Contact) -> ContactForm:
        """Return the form filled with a contact."""
        form = cls(obj=contact, data={name: contact.postal.get(name, "") for name in cls.POSTAL})
        form.remember(contact)
        return form


class CloseForm(FlaskForm):
    """Closing an office."""

    closed_on = Day(_l("Its last day"), [Needed(_l("When was its last day?"))])
    closed_reason = text(_l("What happened"), 600, _l("Say in a sentence what happened: supporters read it."))
    successor = SelectField(_l("Who is written to instead"), default="")

    def offer(self, successors: list[Recipient]) -> None:
        """Offer these offices as successors."""
        named = {str(row.id): f"{row.institution}: {row.title}" for row in successors}
        self.successor.choices = offered({"": _("Nobody")} | named)

    @property
    def day(self) -> date:
        """The day, once the form has been found good."""
        return self.closed_on.data or date.min

    @property
    def successor_id(self) -> uuid.UUID | None:
        """Which successor was chosen."""
        return uuid.UUID(self.successor.data) if self.successor.data else None


class EndForm(FlaskForm):
    """Ending a term."""

    ends_on = Day(_l("Last day of the term"), [Needed(_l("When was, or will be, the last day?"))])

    @property
    def day(self) -> date:
        """The day, once the form has been found good."""
        return self.ends_on.data or date.min


class VerifyForm(FlaskForm):
    """Verifying a contact, or a change of one; `seen` is the fingerprint of what the page showed."""

    seen = HiddenField()
    how = line(_l("Checked against what?"), 200, _l("Say how you checked it: a page, a call, a letterhead."))


def _id_in(typed: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(typed or "")
    except ValueError:
        return None


def _instant_in(typed: str | datetime | None) -> datetime | None:
    try:
        return typed if isinstance(typed, datetime) else datetime.fromisoformat(typed or "")
    except ValueError:
        return None


def told(value: object) -> str:
    """Return a saved value as it is shown for comparison."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return ", ".join(filter(None, map(str, value.values())))
    if isinstance(value, list):
        return "; ".join(" ".join(item.values()) if isinstance(item, dict) else str(item) for item in value)
    return str(value) if value else _("empty")
