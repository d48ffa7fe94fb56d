"""Which rule of a campaign's audience counts for an office: the first that it belongs to."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.campaigns.models import AudienceMember, Campaign
from app.errors import Refused
from app.recipients.models import Recipient

ALIKE_IN: Final[Mapping[str, InstrumentedAttribute[Any]]] = {
    "kind": Recipient.address_style,
    "level": Recipient.level,
    "country": Recipient.country,
    "jurisdiction": Recipient.jurisdiction,
    "institution": Recipient.institution,
}
"""What the offices of a group can have in common."""

MOST_OFFICES: Final = 100
"""Of one group: more are no list that a supporter can choose from."""

_THE_SAME: Final = ("template_key", "thanks_key", "preselected", "history", "ask", "ask_text", "only_from")


def checked_group(group: object) -> dict[str, str]:
    """Return what a group has in common, as a rule holds it.

    Raises:
        Refused: it has nothing in common, or something that is not known of offices.
    """
    if not isinstance(group, Mapping) or not set(group) <= set(ALIKE_IN):
        names = ", ".join(ALIKE_IN)
        raise Refused(_("A group is told by what its offices have in common: %(names)s.", names=names))
    said = {name: group[name] for name in ALIKE_IN if group.get(name)}
    if not said or not all(isinstance(value, str) for value in said.values()):
        raise Refused(_("Say what the offices of the group have in common."))
    return {name: value.strip() for name, value in said.items()}


def belongs(recipient: Recipient, rule: AudienceMember) -> bool:
    """Whether a rule is about an office."""
    if rule.group_of is None:
        return rule.recipient_id == recipient.id
    return all(getattr(recipient, ALIKE_IN[name].key) == value for name, value in rule.group_of.items())


def first_rule(rules: Iterable[AudienceMember], recipient: Recipient) -> AudienceMember | None:
    """Return the rule that counts for an office: the first, in their order, that it belongs to."""
    ordered = sorted(rules, key=lambda rule: rule.position)
    return next((rule for rule in ordered if belongs(recipient, rule)), None)


def asked_of(rule: AudienceMember, recipient_id: uuid.UUID) -> AudienceMember:
    """Return what a rule asks of one office: itself, or for a group's a copy, which is never stored."""
    if rule.group_of is None:
        return rule
    same = {name: getattr(rule, name) for name in _THE_SAME}
    return AudienceMember(
        campaign_id=rule.campaign_id, recipient_id=recipient_id, position=rule.position, **same
    )


def offices_by_rule(session: Session, campaign: Campaign) -> Iterator[tuple[AudienceMember, uuid.UUID]]:
    """Yield every office that a campaign writes to once, with the rule that counts for it, in their order.

    The offices of a group are those that are open and that its supporters can write to, by name; beyond
    `MOST_OFFICES` they are left out (`counted` tells how many there are).
    """
    seen: set[uuid.UUID] = set()
    for rule in sorted(campaign.audience, key=lambda one: one.position):
        for recipient_id in _offices_of(session, rule):
            if recipient_id not in seen:
                seen.add(recipient_id)
                yield rule, recipient_id


def counted(session: Session, rule: AudienceMember) -> int:
    """Return how many offices belong to a group, whether or not an earlier rule counts for them."""
    return session.scalar(sa.select(sa.func.count()).select_from(_members(rule).subquery())) or 0


def _offices_of(session: Session, rule: AudienceMember) -> Iterable[uuid.UUID]:
    if rule.recipient_id is not None:
        return (rule.recipient_id,)
    return session.scalars(_members(rule).order_by(Recipient.sort_key, Recipient.id).limit(MOST_OFFICES))


def _members(rule: AudienceMember) -> sa.Select[uuid.UUID]:
    accepts = ("public", "constituents") if rule.only_from else ("public",)
    alike = (ALIKE_IN[name] == value for name, value in (rule.group_of or {}).items())
    return sa.select(Recipient.id).where(Recipient.status == "open", Recipient.accepts.in_(accepts), *alike)
