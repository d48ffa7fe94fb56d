"""A letter as it comes from the form: cleaned, checked, and not yet stored."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.campaigns.representing import Place
from app.rendering.points import Said


@dataclass(frozen=True)
class Writer:
    """Who writes, as the letter names them. Country is ISO 3166-1 alpha-2."""

    name: str
    email: str
    country: str
    title: str = ""
    affiliation: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""


def place_of(writer: Writer) -> Place:
    """Return where somebody lives, as they typed it."""
    return Place(writer.country, writer.region, writer.city, writer.postal_code)


@dataclass(frozen=True)
class Draft:
    """One submission of the form.

    Attributes:
        recipients: slugs of the offices chosen, in the campaign's order.
        personal_message: the supporter's own words, line ends as \\n.
        language: of the letter.
        updates: whether they want news of the campaign.
        points: keys of the chosen points, in the supporter's order.
        submission_key: made with the form; the same form posted twice is one letter.
        said: what they say of the letters' texts, by the key of the letter.
    """

    recipients: tuple[str, ...]
    personal_message: str
    writer: Writer
    language: str
    updates: bool
    submission_key: uuid.UUID
    points: tuple[str, ...] = ()
    said: Mapping[str, Said] = field(default_factory=dict)

    @property
    def own_words(self) -> str:
        """All that they wrote themselves, wherever it stands."""
        return own_words(self.personal_message, self.said)

    @cached_property
    def reference(self) -> str:
        """The letter's short name on paper and in mails, such as "7KQ4-M2XP-9A": 50 bits of the key's hash.

        Made from the key, so that a preview shows the same as the letter that is sent.
        """
        return reference_of(self.submission_key)


def own_words(personal_message: str, said: Mapping[str, Said]) -> str:
    """Return everything in somebody's letters that is their own."""
    texts = (text for one in said.values() for text in one.own.values())
    return "\n\n".join(text for text in (personal_message, *texts) if text)


def reference_of(submission_key: uuid.UUID) -> str:
    """Return the short name of the letter that is made with a key."""
    digest = hashlib.sha256(b"redress letter reference" + submission_key.bytes).digest()
    letters = base64.b32encode(digest[:10]).decode("ascii")
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:10]}"
