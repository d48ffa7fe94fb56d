"""A campaign as a folder: `campaign.yaml` and `letters/<template>.<language>.txt`.

What stands in `seeds/campaigns/<slug>/` is the portable format. Loading is an upsert on the slug;
a campaign that an organizer has edited is left alone, and a changed letter becomes a new version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.models import AudienceMember, Campaign, LetterTemplate, TemplateVersion
from app.database import transaction
from app.errors import RedressError
from app.recipients.models import Recipient
from app.yaml_files import parse_yaml, read_yaml

CAMPAIGN_FIELDS = [
    "title",
    "summary",
    "ask",
    "story",
    "status",
    "opens_on",
    "closes_on",
    "goal",
    "facts_checked_on",
    "facts",
    "consent",
    "personal",
    "representatives",
]

NEEDED = ("slug", "title", "summary", "ask", "story", "consent")


@dataclass(frozen=True)
class LetterFile:
    """One letter of the folder: which template, in which language, and its words."""

    key: str
    language: str
    name: str
    kind: str
    subject: str
    body: str


def load_campaign(folder: Path, *, now: datetime) -> str:
    """Load one campaign folder in one transaction.

    Args:
        folder: holds `campaign.yaml` and `letters/`.
        now: when new versions of letters are made.

    Returns:
        The campaign's slug.

    Raises:
        RedressError: the folder is not a campaign, or names an office that does not exist.
    """
    description = _described(folder / "campaign.yaml")
    letters = [read_letter(path) for path in sorted((folder / "letters").glob("*.txt"))]
    slug: str = description["slug"]
    with transaction() as session:
        campaign = session.scalar(select(Campaign).where(Campaign.slug == slug))
        if campaign is not None and campaign.edited_at is not None:
            return slug
        campaign = _campaign(session, campaign, description)
        _audience(session, campaign, description.get("audience") or ())
        for letter in letters:
            _template(campaign, letter, now)
    return slug


def read_letter(path: Path) -> LetterFile:
    """Read one letter file: YAML front matter between two lines of dashes, then the text."""
    key, language = path.name.removesuffix(".txt").rsplit(".", 1)
    parts = path.read_text(encoding="utf-8").split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise RedressError(f"{path.name} must begin with its name and subject between two lines of “---”.")
    front = _with(("name", "subject"), parse_yaml(parts[1], path.name), path)
    return LetterFile(
        key=key,
        language=language,
        name=str(front["name"]),
        kind=str(front.get("kind") or ""),
        subject=str(front["subject"]),
        body=parts[2].strip() + "\n",
    )


def _described(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise RedressError(f"{path.parent.name} is no campaign: there is no {path.name} in it.")
    description: Mapping[str, Any] = _plain(_with(NEEDED, read_yaml(path), path))
    return description


def _with(names: Iterable[str], loaded: Any, path: Path) -> Mapping[str, Any]:
    missing = [name for name in names if not isinstance(loaded, Mapping) or not loaded.get(name)]
    if missing:
        raise RedressError(f"{path.name} must say: {', '.join(missing)}.")
    found: Mapping[str, Any] = loaded
    return found


def _plain(value: Any) -> Any:
    # Folded YAML texts end in a newline that nobody means.
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value.strip() if isinstance(value, str) else value


def _campaign(session: Session, campaign: Campaign | None, description: Mapping[str, Any]) -> Campaign:
    if campaign is None:
        campaign = Campaign(slug=description["slug"])
        session.add(campaign)
    for name in CAMPAIGN_FIELDS:
        if name in description:
            setattr(campaign, name, _storable(name, description[name]))
    return campaign


def _storable(name: str, value: Any) -> Any:
    if name == "consent":  # a version that looks like a date is read as one
        return {key: str(part) if key == "version" else part for key, part in value.items()}
    return value


def _audience(session: Session, campaign: Campaign, members: Any) -> None:
    named = [member["recipient"] for member in members]
    known = select(Recipient.external_id, Recipient.id).where(Recipient.external_id.in_(named))
    offices = {row.external_id: row.id for row in session.execute(known)}
    present = {member.recipient_id: member for member in campaign.audience}
    wanted = set()
    for position, member in enumerate(members):
        if member["recipient"] not in offices:
            raise RedressError(
                f"The campaign writes to an office that does not exist: {member['recipient']}."
            )
        recipient_id = offices[member["recipient"]]
        wanted.add(recipient_id)
        row = present.get(recipient_id)
        if row is None:
            row = AudienceMember(recipient_id=recipient_id, position=position)
            campaign.audience.append(row)
        row.position = position
        row.template_key = member.get("template") or ""
        row.history = bool(member.get("history"))
        row.preselected = bool(member.get("preselected", not row.history))
        row.ask = member.get("ask") or {}
        row.ask_text = member.get("ask_text") or {}
    for recipient_id, row in present.items():
        if recipient_id not in wanted:
            campaign.audience.remove(row)


def _template(campaign: Campaign, letter: LetterFile, now: datetime) -> None:
    same = (t for t in campaign.templates if (t.key, t.language) == (letter.key, letter.language))
    template = next(same, None)
    if template is None:
        template = LetterTemplate(
            key=letter.key, language=letter.language, name=letter.name, kind=letter.kind
        )
        campaign.templates.append(template)
    last = template.versions[-1] if template.versions else None
    if last is None or (last.subject, last.body) != (letter.subject, letter.body):
        number = last.number + 1 if last else 1
        template.versions.append(
            TemplateVersion(
                number=number, subject=letter.subject, body=letter.body, made_at=now, made_by="seeds"
            )
        )
