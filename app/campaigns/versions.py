"""Letters of a campaign as they are worked on: every save a version, reviewed, approved and published.

A wording never changes once it is saved; what changes is its standing: draft, in review, published (from a
time on). Restoring an old one makes a new one.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.editing import find, note
from app.campaigns.models import THANKS, Campaign, LetterTemplate, TemplateVersion
from app.database import transaction
from app.errors import NotFound, Refused
from app.recipients.search import normalised
from app.security.options import FOUR_EYES, is_on

LONGEST_KEY = 40


@dataclass(frozen=True, kw_only=True)
class LetterWords:
    """A letter as the form of the desk holds it.

    Attributes:
        name: what supporters and organizers call it.
        subject, body: in the letter language.
        points, wordings: as `TemplateVersion` keeps them; {} for none.
        shortest, longest: words of the letter without the supporter's own, None for any number.
        own_words: words of their own that supporters are asked for; None for what the campaign asks.
        thanks: whether a new letter is one of thanks, for offices that have acted.
    """

    name: str
    subject: str
    body: str
    points: dict[str, Any]
    wordings: dict[str, list[str]]
    shortest: int | None
    longest: int | None
    own_words: int | None
    thanks: bool = False


def save_letter(
    campaign_id: uuid.UUID,
    template_id: uuid.UUID | None,
    words: LetterWords,
    *,
    language: str,
    actor: str,
    now: datetime,
    key: str = "",
) -> uuid.UUID:
    """Save a letter as a new version, a draft; one that says nothing new makes none.

    Args:
        campaign_id: whose letter it is.
        template_id: which one; None for a new letter.
        words: what it says.
        language: of a new letter.
        actor: who wrote it.
        now: the present instant.
        key: of a new letter in another language: the key of the one that it translates.

    Returns:
        The id of the letter.

    Raises:
        NotFound: there is no such campaign or letter.
        Refused: the campaign has that letter in that language.
    """
    with transaction() as session:
        campaign = find(session, campaign_id, for_update=True)
        template = _template(campaign, template_id) if template_id else _new(campaign, words, language, key)
        for name in ("name", "shortest", "longest", "own_words"):
            setattr(template, name, getattr(words, name))
        if template.versions and _said(template.versions[-1]) == _said(words):
            return template.id
        _add(template, words, actor=actor, now=now)
        session.flush()
        number = str(template.versions[-1].number)
        note(
            session,
            "campaign.letter_saved",
            campaign,
            actor=actor,
            now=now,
            letter=template.key,
            version=number,
        )
        return template.id


def restore(version_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """Make a new version, a draft, that says what an older one said.

    Raises:
        NotFound: there is no such version.
    """
    with transaction() as session:
        version = _version(session, version_id)
        template = version.template
        _add(template, version, actor=actor, now=now, machine_drafted=version.machine_drafted)
        session.flush()
        note(
            session,
            "campaign.letter_restored",
            template.campaign,
            actor=actor,
            now=now,
            letter=template.key,
            version=str(version.number),
        )


def ask_for_review(version_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """Say that a draft is ready to be read by somebody else.

    Raises:
        NotFound: there is no such version.
        Refused: it is no draft any more.
    """
    with transaction() as session:
        version = _version(session, version_id)
        if version.status != "draft":
            raise Refused(_("This version is no draft any more."))
        version.status = "review"
        _note(session, "campaign.review_asked", version, actor, now)


def publish(version_id: uuid.UUID, *, at: datetime | None, name: str, actor: str, now: datetime) -> None:
    """Offer a version to supporters, from now or from a time on. Who publishes it, answers for it.

    Args:
        version_id: which one.
        at: from when on; None for at once.
        name: of the person who publishes, as it is told of a text that a machine drafted.
        actor: their name in the audit log.
        now: the present instant.

    Raises:
        NotFound: there is no such version.
        Refused: it is published, it is not the newest, the time is past, or it needs a second person.
    """
    with transaction() as session:
        version = _version(session, version_id)
        if version.status == "published" and (version.approved_by or not version.machine_drafted):
            raise Refused(_("This version is published."))
        if version is not version.template.versions[-1]:
            raise Refused(_("There is a newer version. Restore this one first, if it is the right one."))
        if at is not None and at <= now:
            raise Refused(_("This time is past: leave it empty to publish at once."), "publish_at")
        if version.made_by == actor and is_on(FOUR_EYES, session):
            raise Refused(_("You wrote this version: somebody else must read and publish it."))
        version.status, version.publish_at = "published", at
        version.approved_by, version.approved_at = name, now
        _note(session, "campaign.letter_published", version, actor, now)


def needs_another(version: TemplateVersion, actor: str) -> bool:
    """Whether somebody else than `actor` must publish a version."""
    return version.made_by == actor and is_on(FOUR_EYES)


def _add(
    template: LetterTemplate,
    words: LetterWords | TemplateVersion,
    *,
    actor: str,
    now: datetime,
    machine_drafted: bool = False,
) -> None:
    template.versions.append(
        TemplateVersion(
            number=template.versions[-1].number + 1 if template.versions else 1,
            subject=words.subject,
            body=words.body,
            points=words.points or None,
            wordings=words.wordings or None,
            status="draft",
            machine_drafted=machine_drafted,
            approved_by="",
            made_at=now,
            made_by=actor,
        )
    )
    template.campaign.edited_at = now


def _said(one: LetterWords | TemplateVersion) -> tuple[object, ...]:
    return one.subject, one.body, one.points or {}, one.wordings or {}


def _new(campaign: Campaign, words: LetterWords, language: str, key: str) -> LetterTemplate:
    there = {(template.key, template.language) for template in campaign.templates}
    if key and (key, language) in there:
        raise Refused(_("The campaign has this letter in that language."), "language")
    others = [template.kind for template in campaign.templates if template.key == key]
    template = LetterTemplate(
        key=key or _free_key(campaign, words.name),
        language=language,
        name=words.name,
        kind=others[0] if others else THANKS if words.thanks else "",
    )
    campaign.templates.append(template)
    return template


def _free_key(campaign: Campaign, name: str) -> str:
    plain = normalised(name).encode("ascii", "ignore").decode("ascii")
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_KEY].strip("-") or "letter"
    taken = {template.key for template in campaign.templates}
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(key for key in (stem, *numbered) if key not in taken)


def _template(campaign: Campaign, template_id: uuid.UUID) -> LetterTemplate:
    found = next((template for template in campaign.templates if template.id == template_id), None)
    if found is None:
        raise NotFound(_("There is no such letter."))
    return found


def _version(session: Session, version_id: uuid.UUID) -> TemplateVersion:
    version = session.get(TemplateVersion, version_id, with_for_update=True)
    if version is None:
        raise NotFound(_("There is no such version."))
    return version


def _note(session: Session, action: str, version: TemplateVersion, actor: str, now: datetime) -> None:
    template = version.template
    number = str(version.number)
    note(session, action, template.campaign, actor=actor, now=now, letter=template.key, version=number)
