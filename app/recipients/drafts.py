"""What somebody wants an office, a holder or a contact to be: typed input of the services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

Sources = list[dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class OfficeDraft:
    """An office. Field by field a column of `Recipient`; what is not here has an action of its own."""

    institution: str
    title: str
    short_name: str
    level: str
    country: str | None = None
    jurisdiction: str = ""
    accepts: str = "public"
    how_to_submit: str = ""
    mandate: str = ""
    languages: list[str] = field(default_factory=list)
    address_style: str = "official"
    variants: list[str] = field(default_factory=list)
    note: str = ""
    confidence: str = "unverified"
    checked_on: date | None = None
    sources: Sources = field(default_factory=list)
    rhythm: str = "single"
    daily_limit: int | None = None
    opens_at: int | None = None
    closes_at: int | None = None
    time_zone: str | None = None


@dataclass(frozen=True, kw_only=True)
class HolderDraft:
    """A term of office; `vacant` records that nobody holds it."""

    name: str = ""
    family_name: str = ""
    honorific: str = ""
    rank: str = ""
    country: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    acting: bool = False
    vacant: bool = False
    confidence: str = "unverified"
    term_note: str = ""
    variants: list[str] = field(default_factory=list)
    sources: Sources = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ContactDraft:
    """A way to reach an office: `value` for e-mail and web form, `postal` and `country` for post.

    `form_fields` are those of a form, in its order (`Contact`).
    """

    channel: str
    value: str = ""
    postal: dict[str, str] = field(default_factory=dict)
    country: str | None = None
    language: str | None = None
    form_fields: list[dict[str, Any]] | None = None
    confidence: str = "unverified"
    note: str = ""
    sources: Sources = field(default_factory=list)


Draft = OfficeDraft | HolderDraft | ContactDraft


def values_of(draft: Draft) -> Mapping[str, Any]:
    """Return a draft's values by the name of their column."""
    return {part.name: getattr(draft, part.name) for part in fields(draft)}
