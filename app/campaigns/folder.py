"""A campaign as a folder: `campaign.yaml`, and `letters` and `attachments` as `<name>.<language>.txt`.

What stands in `seeds/campaigns/<slug>/` is the portable format. Loading is an upsert on the slug;
a campaign that an organizer has edited is left alone, and a changed letter becomes a new version.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.deeds_file import put_deeds
from app.campaigns.groups import checked_group
from app.campaigns.letter_file import LetterFile, read_attachments, read_letter, with_all
from app.campaigns.models import AudienceMember, Campaign, LetterTemplate, TemplateVersion
from app.database import transaction
from app.errors import RedressError
from app.recipients.models import Recipient
from app.yaml_files import read_yaml

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
    "attachments",
]

NEEDED = ("slug", "title", "summary", "ask", "story", "consent")


Check = Callable[[Session, Campaign, TemplateVersion], Iterable[str]]
"""Tells what is wrong with a new wording, in sentences: rules that stand above this room."""


def load_campaign(folder: Path, *, now: datetime, check: Check | None = None) -> str:
    """Load one campaign folder of the seeds in one transaction.

    Args:
        folder: holds `campaign.yaml` and `letters/`.
        now: when new versions of letters are made.
        check: asked about every new wording, with all offices in their place.

    Returns:
        The campaign's slug.

    Raises:
        RedressError: the folder is not a campaign, names an office that does not exist, or has a letter that
            cannot be sent as it is.
    """
    read = read_folder(folder)
    slug: str = read.description["slug"]
    with transaction() as session:
        campaign = session.scalar(select(Campaign).where(Campaign.slug == slug))
        if campaign is not None and campaign.edited_at is not None:
            return slug
        campaign, versions = put(session, campaign, read, by="seeds", now=now)
        for version in versions if check is not None else ():
            session.flush()
            _refuse(version, list(check(session, campaign, version)))  # type: ignore[misc]
    return slug


@dataclass(frozen=True)
class Folder:
    """What a campaign's folder holds. `attachments` belong to the description's fields."""

    description: Mapping[str, Any]
    letters: tuple[LetterFile, ...]

    @property
    def offices(self) -> list[str]:
        """The external ids of the offices that it names: those written to, and those that have acted."""
        named = (*(self.description.get("audience") or ()), *(self.description.get("acted") or ()))
        return list(dict.fromkeys(one["recipient"] for one in named if "recipient" in one))


def read_folder(folder: Path) -> Folder:
    """Read a campaign's folder.

    Raises:
        RedressError: it is not a campaign; the sentence names the file.
    """
    description = _described(folder / "campaign.yaml")
    letters = tuple(read_letter(path) for path in sorted((folder / "letters").glob("*.txt")))
    attachments = read_attachments(folder / "attachments")
    return Folder({**description, "attachments": attachments or None}, letters)


def put(
    session: Session, campaign: Campaign | None, folder: Folder, *, by: str, now: datetime
) -> tuple[Campaign, list[TemplateVersion]]:
    """Store what a folder holds, in the caller's transaction.

    Args:
        session: that may write.
        campaign: the one to bring up to date; None for a new one.
        folder: what is read.
        by: who makes new versions of letters.
        now: when.

    Returns:
        The campaign, and the versions of letters that are new.

    Raises:
        RedressError: it names an office that does not exist.
    """
    campaign = _campaign(session, campaign, folder.description)
    offices = _offices(session, folder)
    _audience(campaign, folder.description.get("audience") or (), offices)
    put_deeds(session, campaign, folder.description.get("acted") or (), offices, now=now)
    made = [_template(campaign, letter, by, now) for letter in folder.letters]
    return campaign, [version for version in made if version is not None]


def _refuse(version: TemplateVersion, problems: Sequence[str]) -> None:
    if problems:
        file = f"{version.template.key}.{version.template.language}.txt"
        raise RedressError(f"{file}: {problems[0]}" + (f" ({len(problems)} in all)" if problems[1:] else ""))


def _described(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise RedressError(f"{path.parent.name} is no campaign: there is no {path.name} in it.")
    description: Mapping[str, Any] = _plain(with_all(NEEDED, read_yaml(path), path.name))
    for name in ("audience", "acted"):
        rows = description.get(name) or []
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise RedressError(f"{path.name}: {name} is a list of what belongs to each office or group.")
    return description


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


def _offices(session: Session, folder: Folder) -> dict[str, uuid.UUID]:
    known = select(Recipient.external_id, Recipient.id).where(Recipient.external_id.in_(folder.offices))
    found = {row.external_id: row.id for row in session.execute(known)}
    for external_id in folder.offices:
        if external_id not in found:
            raise RedressError(f"The campaign writes to an office that does not exist: {external_id}.")
    return found


def _audience(campaign: Campaign, members: Any, offices: Mapping[str, uuid.UUID]) -> None:
    present = list(campaign.audience)
    wanted: list[AudienceMember] = []
    for position, member in enumerate(members):
        office = offices[member["recipient"]] if "recipient" in member else None
        group = None if office is not None else checked_group(member.get("group"))
        same = (row for row in present if (row.recipient_id, row.group_of) == (office, group))
        row = next((row for row in same if row not in wanted), None)
        if row is None:
            row = AudienceMember(recipient_id=office, group_of=group, position=position)
            campaign.audience.append(row)
        wanted.append(row)
        row.position = position
        row.template_key = member.get("template") or ""
        row.thanks_key = member.get("thanks") or ""
        row.history = bool(member.get("history"))
        row.preselected = bool(member.get("preselected", not row.history))
        row.ask = member.get("ask") or {}
        row.ask_text = member.get("ask_text") or {}
        row.only_from = member.get("only_from")
    for row in present:
        if row not in wanted:
            campaign.audience.remove(row)


def _template(campaign: Campaign, letter: LetterFile, by: str, now: datetime) -> TemplateVersion | None:
    """Bring a letter up to date; return its new version if its words are new."""
    same = (t for t in campaign.templates if (t.key, t.language) == (letter.key, letter.language))
    template = next(same, None)
    if template is None:
        template = LetterTemplate(key=letter.key, language=letter.language)
        campaign.templates.append(template)
    for name in ("name", "kind", "shortest", "longest", "own_words"):
        setattr(template, name, getattr(letter, name))
    last = template.versions[-1] if template.versions else None
    if last is not None and _said(last) == _said(letter):
        return None
    version = TemplateVersion(
        number=last.number + 1 if last else 1,
        subject=letter.subject,
        body=letter.body,
        points=letter.points or None,
        wordings=letter.wordings or None,
        status=letter.status,
        machine_drafted=letter.machine_drafted,
        approved_by=letter.approved_by,
        approved_at=now if letter.approved_by else None,
        made_at=now,
        made_by=by,
    )
    template.versions.append(version)
    return version


def _said(one: TemplateVersion | LetterFile) -> tuple[object, ...]:
    # Who approved it since is the database's to know, not the file's.
    return one.subject, one.body, one.points or {}, one.wordings or {}, one.machine_drafted
