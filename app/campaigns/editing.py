"""Campaigns made and changed at the desk: their texts and facts. Launching stands above, in `letters`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.texts import text
from app.database import transaction
from app.errors import NotFound, Refused
from app.evidence.reading import current_facts
from app.recipients.search import normalised
from app.security import audit

LONGEST_SLUG = 60


@dataclass(frozen=True, kw_only=True)
class CampaignTexts:
    """What a campaign says of itself, in one language.

    Attributes:
        title, summary, ask: one line each, or a few.
        story: paragraphs with blank lines between them; links as [words](https://…).
        prompts: questions that help supporters to begin.
        words_needed: how many words of their own every letter needs; 0 for none.
        consent, updates: what supporters agree to.
        opens_on, closes_on: first and last day of writing.
        goal: how many letters it hopes for.
        hourly_limit: how many of its letters may leave in an hour; None for no limit of its own.
    """

    title: str
    summary: str
    ask: str
    story: str
    prompts: tuple[str, ...]
    words_needed: int
    consent: str
    updates: str
    opens_on: date | None
    closes_on: date | None
    goal: int | None
    hourly_limit: int | None


def start_campaign(
    texts: CampaignTexts, *, row_id: uuid.UUID, language: str, actor: str, now: datetime
) -> Campaign:
    """Make a campaign, as a draft that nobody but organizers sees.

    Args:
        texts: what it says.
        row_id: made with the form: the same form sent twice makes one campaign.
        language: of the texts.
        actor: for the audit log.
        now: the present instant.

    Raises:
        Refused: its days are in the wrong order.
    """
    _check(texts)
    with transaction() as session:
        existing = session.get(Campaign, row_id)
        if existing is not None:
            return existing
        campaign = Campaign(id=row_id, slug=free_slug(session, texts.title), status="draft", consent={})
        _apply(campaign, texts, language, now)
        session.add(campaign)
        note(session, "campaign.started", campaign, actor=actor, now=now)
    return campaign


def edit_campaign(
    campaign_id: uuid.UUID,
    texts: CampaignTexts,
    *,
    language: str,
    seen: datetime | None,
    actor: str,
    now: datetime,
) -> None:
    """Change what a campaign says in one language; in others it stays as it is.

    Args:
        campaign_id: which one.
        texts: what it says now.
        language: of the texts.
        seen: `edited_at` as it was when the form was opened: nobody's change is overwritten unseen.
        actor: for the audit log.
        now: the present instant.

    Raises:
        NotFound: there is no such campaign.
        Refused: its days are in the wrong order, or somebody else saved meanwhile.
    """
    _check(texts)
    with transaction() as session:
        campaign = find(session, campaign_id, for_update=True)
        if campaign.edited_at != seen:
            raise Refused(_("Somebody else changed the campaign while this page was open. Look at it again."))
        _apply(campaign, texts, language, now)
        note(session, "campaign.edited", campaign, actor=actor, now=now)


def choose_facts(campaign_id: uuid.UUID, keys: Sequence[str], *, actor: str, now: datetime) -> None:
    """Say which facts a campaign's page states, in which order.

    Raises:
        NotFound: there is no such campaign.
        Refused: one of them is not a fact that may be stated.
    """
    with transaction() as session:
        campaign = find(session, campaign_id, for_update=True)
        known = current_facts(session)
        if not set(keys) <= set(known):
            raise Refused(_("One of these facts may not be stated any more."), "facts")
        # Those that stay keep the order that they have; new ones come last.
        kept = [key for key in campaign.facts if key in keys]
        campaign.facts = [*kept, *(key for key in keys if key not in kept)]
        checked = [day for key in campaign.facts if (day := known[key].checked_on)]
        campaign.facts_checked_on = min(checked, default=None)
        campaign.edited_at = now
        note(session, "campaign.edited", campaign, actor=actor, now=now)


def find(session: Session, campaign_id: uuid.UUID, *, for_update: bool = False) -> Campaign:
    """Return a campaign.

    Raises:
        NotFound: there is none of this id.
    """
    campaign = session.get(Campaign, campaign_id, with_for_update=for_update or None)
    if campaign is None:
        raise NotFound(_("There is no such campaign."))
    return campaign


def note(
    session: Session, action: str, campaign: Campaign, *, actor: str, now: datetime, **detail: str
) -> None:
    """Append what was done with a campaign to the audit log."""
    audit.record(
        session,
        action,
        actor=actor,
        now=now,
        kind="campaign",
        object_id=campaign.id,
        detail={"campaign": campaign.slug, **detail},
    )


def _check(texts: CampaignTexts) -> None:
    if texts.opens_on and texts.closes_on and texts.closes_on < texts.opens_on:
        raise Refused(_("The last day cannot be before the first."), "closes_on")


def _apply(campaign: Campaign, texts: CampaignTexts, language: str, now: datetime) -> None:
    for name in ("title", "summary", "ask", "story"):
        setattr(campaign, name, {**(getattr(campaign, name) or {}), language: getattr(texts, name)})
    campaign.personal = _personal(campaign.personal or {}, texts, language)
    campaign.consent = _consent(campaign.consent or {}, texts, language, now)
    for name in ("opens_on", "closes_on", "goal", "hourly_limit"):
        setattr(campaign, name, getattr(texts, name))
    campaign.edited_at = now


def _personal(before: dict[str, Any], texts: CampaignTexts, language: str) -> dict[str, Any]:
    return {
        **before,
        "required": texts.words_needed > 0,
        "minimum_words": texts.words_needed,
        "prompts": {**before.get("prompts", {}), language: list(texts.prompts)},
    }


def _consent(before: dict[str, Any], texts: CampaignTexts, language: str, now: datetime) -> dict[str, Any]:
    # Who agreed, agreed to a text: another text is another version.
    said = {"letter": texts.consent, "updates": texts.updates}
    same = all(text(before.get(name, {}), language) == words for name, words in said.items())
    return {
        "version": before["version"] if before and same else now.isoformat(timespec="minutes"),
        **{name: {**before.get(name, {}), language: words} for name, words in said.items()},
    }


def free_slug(session: Session, title: str) -> str:
    """Return an address for a campaign of this title that no other one has."""
    plain = normalised(title).encode("ascii", "ignore").decode("ascii")
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-") or "campaign"
    taken = set(session.scalars(sa.select(Campaign.slug).where(Campaign.slug.like(f"{stem}%"))))
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (stem, *numbered) if slug not in taken)
