"""The rules of an audience in their order, and those for groups of offices: changed by organizers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.audience import Asked, apply_asked, check_letter
from app.campaigns.editing import find, note
from app.campaigns.groups import checked_group, counted
from app.campaigns.models import AudienceMember, Campaign
from app.database import transaction
from app.errors import NotFound, Refused


def save_group(
    campaign_id: uuid.UUID,
    rule_id: uuid.UUID | None,
    group: Mapping[str, str],
    asked: Asked,
    *,
    language: str,
    actor: str,
    now: datetime,
) -> None:
    """Add a rule for a group, after all others, or change one.

    Args:
        campaign_id: which campaign.
        rule_id: of the rule; None for a new one.
        group: what its offices have in common (`groups.ALIKE_IN`).
        asked: what they are asked for; in other languages it stays as it is.
        language: of the words in `asked`.
        actor: for the audit log.
        now: the present instant.

    Raises:
        NotFound: there is no such campaign or rule.
        Refused: nothing is in common, there is such a rule, no office belongs to the group, or the campaign
            has no such letter.
    """
    with transaction() as session:
        campaign = find(session, campaign_id, for_update=True)
        common = checked_group(group)
        check_letter(campaign, asked)
        rule = _group(campaign, rule_id) if rule_id is not None else None
        if any(one.group_of == common for one in campaign.audience if one is not rule):
            raise Refused(_("There is a rule for this group already."))
        if rule is None:
            rule = AudienceMember(group_of=common, position=0, ask={}, ask_text={})
            ordered = [*in_order(campaign), rule]
            campaign.audience.append(rule)
            _number(ordered)
            action = "campaign.group_added"
        else:
            rule.group_of, action = common, "campaign.group_changed"
        if not counted(session, rule) and not campaign.representatives:
            raise Refused(_("No office that takes letters from the public has this in common."))
        apply_asked(rule, asked, language)
        _note(session, action, campaign, rule, actor=actor, now=now)


def remove_group(campaign_id: uuid.UUID, rule_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """Take the rule for a group out of a campaign: offices that no other rule is about are not written to.

    Raises:
        NotFound: there is no such campaign or rule.
    """
    with transaction() as session:
        campaign = find(session, campaign_id, for_update=True)
        rule = _group(campaign, rule_id)
        campaign.audience.remove(rule)
        _note(session, "campaign.group_removed", campaign, rule, actor=actor, now=now)


def move_up(campaign_id: uuid.UUID, rule_id: uuid.UUID, *, seen: int, actor: str, now: datetime) -> None:
    """Put a rule before the one that it comes after; the first one stays.

    Args:
        campaign_id: which campaign.
        rule_id: which rule.
        seen: its number, from 1 on, as it was shown; nothing is moved where it has another one by now: a
            second click moves nothing twice.
        actor: for the audit log.
        now: the present instant.

    Raises:
        NotFound: there is no such campaign or rule.
    """
    with transaction() as session:
        campaign = find(session, campaign_id, for_update=True)
        ordered = in_order(campaign)
        place = next((place for place, rule in enumerate(ordered) if rule.id == rule_id), None)
        if place is None:
            raise _no_rule()
        if not place or place + 1 != seen:
            return
        ordered[place - 1 : place + 1] = ordered[place], ordered[place - 1]
        _number(ordered)
        _note(session, "campaign.rule_moved", campaign, ordered[place - 1], actor=actor, now=now)


def in_order(campaign: Campaign) -> list[AudienceMember]:
    """Return the rules of a campaign's audience, the one that counts first of all at the head."""
    return sorted(campaign.audience, key=lambda rule: rule.position)


def _number(ordered: Sequence[AudienceMember]) -> None:
    for place, rule in enumerate(ordered):
        rule.position = place


def _group(campaign: Campaign, rule_id: uuid.UUID) -> AudienceMember:
    found = next((rule for rule in campaign.audience if rule.id == rule_id), None)
    if found is None or found.group_of is None:
        raise _no_rule()
    return found


def _no_rule() -> NotFound:
    return NotFound(_("There is no such rule."))


def _note(
    session: Session, action: str, campaign: Campaign, rule: AudienceMember, *, actor: str, now: datetime
) -> None:
    campaign.edited_at = now
    group = ", ".join((rule.group_of or {}).values())
    note(session, action, campaign, actor=actor, now=now, **({"group": group} if group else {}))
