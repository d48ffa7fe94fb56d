"""What to copy into the form on an office's own site, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext as _

from app.i18n import country_name
from app.letters.draft import Writer
from app.recipients.models import Contact
from app.rendering.form_fields import FilledField, FormField, fill, read_fields
from app.rendering.letter import Segment

USUAL: Final = ("name", "email", "subject", "body")
"""What nearly every form asks for, where nobody has noted the fields of this one."""


@dataclass(frozen=True)
class FormHelp:
    """A letter for the form on an office's own site; `url` leads to that."""

    url: str
    fields: tuple[FilledField, ...]


def form_help(
    contact: Contact, writer: Writer, segments: Sequence[Segment], *, ask: str, language: str
) -> FormHelp:
    """Return what goes into each field of a form.

    Args:
        contact: the form.
        writer: who writes; what they left empty stays empty.
        segments: their letter.
        ask: what it asks for, kept where the letter must be shortened.
        language: of the letter.
    """
    values = {
        "name": writer.name,
        "title": writer.title,
        "affiliation": writer.affiliation,
        "email": writer.email,
        "city": writer.city,
        "region": writer.region,
        "postal_code": writer.postal_code,
        "country": country_name(writer.country, language),
    }
    fields = read_fields(contact.form_fields) or _usual()
    return FormHelp(contact.value, fill(fields, values, segments, ask))


def _usual() -> tuple[FormField, ...]:
    names = {"name": _("Name"), "email": _("E-mail"), "subject": _("Subject"), "body": _("Message")}
    return tuple(FormField(names[holds], holds) for holds in USUAL)
