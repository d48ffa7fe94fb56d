"""Texts of a campaign that a supporter can download, such as a draft resolution for a council."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from flask_babel import gettext as _

from app.campaigns.models import Campaign
from app.campaigns.texts import text
from app.errors import NotFound
from app.evidence.reading import Known, names_in_letters, values_in_letters
from app.letters.snapshot import Snapshot
from app.letters.values import stated_in
from app.rendering.placeholders import LetterTemplate, parse


@dataclass(frozen=True)
class Attachment:
    """A text to download: its name in addresses, which letter it belongs to, what it is called."""

    name: str
    template_key: str
    title: str
    language: str


def attachments_of(campaign: Campaign, language: str) -> list[Attachment]:
    """Return what can be downloaded, each in `language`, else in English."""
    return [
        Attachment(
            name=name,
            template_key=one["template"],
            title=text(one["title"], language),
            language=language if language in one["text"] else "en",
        )
        for name, one in sorted((campaign.attachments or {}).items())
    ]


def attachment_text(snapshot: Snapshot, name: str, language: str) -> str:
    """Return the text of an attachment, with the facts of today.

    Raises:
        NotFound: the campaign has none of that name in that language.
        RenderingError: it states what may not be stated any more.
    """
    found = (snapshot.campaign.attachments or {}).get(name, {}).get("text", {}).get(language)
    if found is None:
        raise NotFound(_("There is no such text."))
    template = attachment_template(found, snapshot.known)
    return template.render(values_in_letters(snapshot.known, stated_in(template.names), language=language))


def attachment_template(source: str, known: Known) -> LetterTemplate:
    """Return an attachment's text, read: only the evidence has names in it."""
    return _read(source, names_in_letters(*known.keys))


@lru_cache(maxsize=32)
def _read(source: str, names: frozenset[str]) -> LetterTemplate:
    return parse(source, names)
