"""A campaign written as the folder that `folder` reads: what groups hand to each other."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.deeds_file import written_deed
from app.campaigns.folder import CAMPAIGN_FIELDS
from app.campaigns.models import AudienceMember, Campaign, LetterTemplate, TemplateVersion
from app.campaigns.offering import offered_version
from app.recipients.models import Recipient
from app.yaml_files import dump_yaml

_OF_THE_LETTER = ("kind", "own_words")


def campaign_files(session: Session, campaign: Campaign, *, now: datetime) -> dict[str, str]:
    """Return the files of a campaign's folder: path within it, and text.

    Each letter comes in the wording that supporters are offered, or, if none is, in its newest. Who approved
    a text is not told: another group has its own people for that.
    """
    files = {"campaign.yaml": dump_yaml(_description(session, campaign))}
    for template in sorted(campaign.templates, key=lambda one: (one.key, one.language)):
        version = handed_on(template, now=now)
        if version is not None:
            files[_path("letters", template.key, template.language)] = _file(
                _front(template, version), version.body
            )
    for name, attachment in sorted((campaign.attachments or {}).items()):
        for language, text in sorted(attachment["text"].items()):
            front = {"name": attachment["title"].get(language, name), "template": attachment["template"]}
            files[_path("attachments", name, language)] = _file(front, text)
    return files


def handed_on(template: LetterTemplate, *, now: datetime) -> TemplateVersion | None:
    """Return the wording of a letter that its folder holds: what is offered, or else the newest."""
    return offered_version(template, now=now) or (template.versions[-1] if template.versions else None)


def _description(session: Session, campaign: Campaign) -> dict[str, Any]:
    told = {name: getattr(campaign, name) for name in CAMPAIGN_FIELDS if name != "attachments"}
    ids = [
        *(member.recipient_id for member in campaign.audience),
        *(deed.recipient_id for deed in campaign.deeds),
    ]
    offices: dict[uuid.UUID | None, str] = {
        row.id: row.external_id for row in session.scalars(select(Recipient).where(Recipient.id.in_(ids)))
    }
    members = sorted(campaign.audience, key=lambda member: member.position)
    audience = [_member(member, offices.get(member.recipient_id, "")) for member in members]
    deeds = [
        written_deed(session, deed, offices[deed.recipient_id])
        for deed in campaign.deeds
        if deed.undone_at is None
    ]
    acted = {"acted": deeds} if deeds else {}
    return {"slug": campaign.slug, **_without_nothing(told), "audience": audience, **acted}


def _member(member: AudienceMember, external_id: str) -> dict[str, Any]:
    told = {
        "recipient": external_id,
        "group": member.group_of,
        "template": member.template_key,
        "thanks": member.thanks_key,
        "history": member.history,
        "ask": member.ask,
        "ask_text": member.ask_text,
        "only_from": member.only_from,
    }
    return {**_without_nothing(told), "preselected": member.preselected}


def _front(template: LetterTemplate, version: TemplateVersion) -> dict[str, Any]:
    length = [template.shortest or 0, template.longest] if template.longest is not None else None
    told = {
        "name": template.name,
        "subject": version.subject,
        **{name: getattr(template, name) for name in _OF_THE_LETTER},
        "length": length,
        "points": version.points,
        "wordings": version.wordings,
        "status": version.status,
        "machine_drafted": version.machine_drafted,
    }
    return _without_nothing(told)


def _path(folder: str, name: str, language: str) -> str:
    return f"{folder}/{name}.{language}" + ".txt"


def _file(front: Mapping[str, Any], text: str) -> str:
    return f"---\n{dump_yaml(front)}---\n{text}"


def _without_nothing(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if not _is_nothing(value)}


def _is_nothing(value: object) -> bool:
    return value is None or value is False or (isinstance(value, str | Iterable) and not value)
