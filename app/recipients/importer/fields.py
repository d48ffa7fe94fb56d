"""Every field that can be imported and exported: one table for all formats.

A field's kind says how a value is checked; its default is what a new row takes where a file is silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.recipients.areas import AREA_KINDS
from app.recipients.models import (
    ACCEPTS,
    CHANNELS,
    CONFIDENCES,
    CONTACT_STATUSES,
    LEVELS,
    RHYTHMS,
    STATUSES,
)
from app.rendering.forms_of_address import STYLES

Kind = Literal[
    "text",
    "slug",
    "date",
    "flag",
    "number",
    "words",
    "sources",
    "forms",
    "postal",
    "fields",
    "country",
    "choice",
]
RecordKind = Literal["area", "office", "holder", "contact"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record.

    Attributes:
        kind: see `values.checked`.
        longest: characters of a text of one line; 0 where it may have several and the database sets no limit.
        choices: what a `choice` may be.
        default: of a new row.
        required: a new row needs it.
    """

    kind: Kind = "text"
    longest: int = 0
    choices: tuple[str, ...] = ()
    default: Any = None
    required: bool = False

    def empty(self) -> Any:
        """Return a fresh value for a new row about which a file says nothing."""
        return _EMPTY[self.kind]() if self.kind in _EMPTY else self.default


_EMPTY: Mapping[str, Any] = {"words": list, "sources": list, "forms": dict, "postal": dict}


def _text(longest: int = 0, *, required: bool = False) -> Field:
    return Field("text", longest, default="", required=required)


def _choice(choices: tuple[str, ...], default: str | None) -> Field:
    return Field("choice", choices=choices, default=default, required=default is None)


_CONFIDENCE = _choice(CONFIDENCES, "unverified")
_DATE, _WORDS, _SOURCES, _COUNTRY = Field("date"), Field("words"), Field("sources"), Field("country")
_FLAG = Field("flag", default=False)

AREA_FIELDS: Mapping[str, Field] = {
    "kind": _choice(AREA_KINDS, None),
    "name": _text(200, required=True),
    "country": Field("country", required=True),
    "code": _text(20),
    "parent": Field("text", 200),
    "edition": _text(100),
}
OFFICE_FIELDS: Mapping[str, Field] = {
    "slug": Field("slug", 100),
    "institution": _text(300, required=True),
    "title": _text(300, required=True),
    "short_name": _text(80, required=True),
    "level": _choice(LEVELS, None),
    "country": _COUNTRY,
    "jurisdiction": _text(200),
    "status": _choice(STATUSES, "open"),
    "closed_on": _DATE,
    "closed_reason": _text(),
    "successor": Field("text", 200),
    "accepts": _choice(ACCEPTS, "public"),
    "area": Field("text", 200),
    "how_to_submit": _text(),
    "mandate": _text(),
    "languages": _WORDS,
    "address_style": _choice(STYLES, "official"),
    "forms": Field("forms"),
    "variants": _WORDS,
    "daily_limit": Field("number"),
    "rhythm": _choice(RHYTHMS, "single"),
    "note": _text(),
    "confidence": _CONFIDENCE,
    "checked_on": _DATE,
    "sources": _SOURCES,
    "origin": Field("text", 40),
}
HOLDER_FIELDS: Mapping[str, Field] = {
    "name": _text(200),
    "family_name": _text(100),
    "honorific": _text(80),
    "rank": _text(80),
    "country": _COUNTRY,
    "starts_on": _DATE,
    "ends_on": _DATE,
    "acting": _FLAG,
    "vacant": _FLAG,
    "confidence": _CONFIDENCE,
    "term_note": _text(),
    "variants": _WORDS,
    "sources": _SOURCES,
}
CONTACT_FIELDS: Mapping[str, Field] = {
    "channel": _choice(CHANNELS, None),
    "value": _text(500),
    "postal": Field("postal"),
    "country": _COUNTRY,
    "language": Field("text", 12),
    "form_fields": Field("fields"),
    "confidence": _CONFIDENCE,
    "status": _choice(CONTACT_STATUSES, "active"),
    "note": _text(),
    "sources": _SOURCES,
}
FIELDS: Mapping[RecordKind, Mapping[str, Field]] = {
    "area": AREA_FIELDS,
    "office": OFFICE_FIELDS,
    "holder": HOLDER_FIELDS,
    "contact": CONTACT_FIELDS,
}
INFORMATIVE = frozenset({"verified_at", "verified_by", "verified", "lines"})
"""In exports and seeds for people to see; never read back: a person verifies a contact, at the desk."""

POSTAL_PARTS = ("street", "city", "region", "postal_code")
