"""Campaigns as the organizers' desk shows them."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, selectinload

from app.campaigns.editing import find
from app.campaigns.groups import counted
from app.campaigns.models import AudienceMember, Campaign, LetterTemplate, TemplateVersion
from app.campaigns.offering import offered_version
from app.campaigns.reading import AudienceOffice, audience_of
from app.campaigns.rules import in_order
from app.campaigns.texts import text
from app.database import db
from app.errors import NotFound, RedressError
from app.evidence.models import Fact
from app.evidence.reading import current_facts
from app.letters.checking import SOMEBODY, problems_of_template, words_to_avoid
from app.letters.launching import missing
from app.letters.models import Letter
from app.letters.snapshot import read_snapshot
from app.letters.wording import Worded, Words
from app.rendering.differences import Stretch, differences

TRIED = uuid.UUID(int=0)
"""The submission key of a letter that is only tried: the same wordings are drawn each time."""


@dataclass(frozen=True)
class CampaignLine:
    """A campaign in the list."""

    campaign: Campaign
    title: str
    letters: int


@dataclass(frozen=True)
class LetterLine:
    """A letter of a campaign in one language: what is offered of it, and the newest version."""

    template: LetterTemplate
    offered: TemplateVersion | None
    newest: TemplateVersion


@dataclass(frozen=True)
class RuleLine:
    """A rule of an audience: the office that it is about, or how many it counts for of those of its group."""

    number: int
    rule: AudienceMember
    office: AudienceOffice | None
    counts_for: int
    belong: int


@dataclass(frozen=True)
class CampaignWhole:
    """A campaign with its letters, offices and facts."""

    campaign: Campaign
    title: str
    letters: list[LetterLine]
    offices: list[AudienceOffice]
    facts: list[tuple[Fact, str]]


@dataclass(frozen=True)
class VersionWhole:
    """A version of a letter: what changed since the one before, what is wrong with it, how it reads."""

    version: TemplateVersion
    before: TemplateVersion | None
    changes: dict[str, tuple[Stretch, ...]]
    problems: list[str]
    doubts: list[str]
    tried: list[Worded]


def campaigns(language: str) -> list[CampaignLine]:
    """Return every campaign with the number of its confirmed letters: drafts first, then the newest."""
    query = (
        sa.select(Letter.campaign_id, sa.func.count())
        .where(Letter.confirmed_at.is_not(None))
        .group_by(Letter.campaign_id)
    )
    counted: dict[uuid.UUID, int] = dict(iter(db.session.execute(query)))
    order = (sa.case({"draft": 0, "live": 1}, value=Campaign.status, else_=2), Campaign.opens_on.desc())
    rows = db.session.scalars(sa.select(Campaign).order_by(*order, Campaign.slug))
    return [CampaignLine(row, text(row.title, language), counted.get(row.id, 0)) for row in rows]


def campaign_whole(campaign_id: uuid.UUID, language: str, *, now: datetime) -> CampaignWhole:
    """Return one campaign whole.

    Raises:
        NotFound: there is none of this id.
    """
    campaign = _whole(db.session, campaign_id)
    known = current_facts(db.session)
    return CampaignWhole(
        campaign=campaign,
        title=text(campaign.title, language),
        letters=[
            LetterLine(template, offered_version(template, now=now), template.versions[-1])
            for template in sorted(campaign.templates, key=lambda one: (one.key, one.language))
            if template.versions
        ],
        offices=audience_of(db.session, campaign, language, day=now.date()),
        facts=[(known[key], text(known[key].statement, language)) for key in campaign.facts if key in known],
    )


def rule_lines(whole: CampaignWhole) -> list[RuleLine]:
    """Return the rules of a campaign's audience in the order in which they count."""
    by_rule = Counter(office.rule.id for office in whole.offices if office.rule is not None)
    own = {office.addressee.recipient.id: office for office in whole.offices}
    return [
        RuleLine(
            number=number,
            rule=rule,
            office=own.get(rule.recipient_id) if rule.recipient_id else None,
            counts_for=by_rule[rule.id],
            belong=counted(db.session, rule) if rule.group_of is not None else 1,
        )
        for number, rule in enumerate(in_order(whole.campaign), 1)
    ]


def lacking(whole: CampaignWhole, language: str, *, now: datetime) -> list[str]:
    """Return what a campaign lacks. Apart, because it holds every letter against every office."""
    return missing(db.session, whole.campaign, language, now=now)


def all_facts(language: str) -> list[tuple[str, str, date | None]]:
    """Return (key, statement, day) of every fact that may be stated, the newest first."""
    facts = sorted(
        current_facts(db.session).values(), key=lambda fact: (fact.as_of or date.min, fact.key), reverse=True
    )
    return [(fact.key, text(fact.statement, language), fact.as_of) for fact in facts]


def letter(campaign_id: uuid.UUID, template_id: uuid.UUID) -> LetterTemplate:
    """Return a letter of a campaign with its versions.

    Raises:
        NotFound: there is none of this id.
    """
    template = db.session.get(LetterTemplate, template_id)
    if template is None or template.campaign_id != campaign_id or not template.versions:
        raise NotFound(_("There is no such letter."))
    return template


def numbered(template: LetterTemplate, number: int) -> TemplateVersion:
    """Return a version of a letter.

    Raises:
        NotFound: the letter has no version of this number.
    """
    found = next((version for version in template.versions if version.number == number), None)
    if found is None:
        raise NotFound(_("There is no such version."))
    return found


def version_whole(template: LetterTemplate, number: int, *, now: datetime) -> VersionWhole:
    """Return a version of a letter, compared, checked and tried.

    Raises:
        NotFound: the letter has no version of this number.
    """
    version = numbered(template, number)
    before = next((one for one in template.versions if one.number == number - 1), None)
    campaign = template.campaign
    problems = problems_of_template(db.session, campaign, version, day=now.date())
    return VersionWhole(
        version=version,
        before=before,
        changes=_changes(before, version),
        problems=[str(problem) for problem in problems],
        doubts=[str(problem) for level, problem in words_to_avoid(db.session, version) if level == "warn"],
        tried=[] if problems else _tried(campaign, version, now),
    )


def _whole(session: Session, campaign_id: uuid.UUID) -> Campaign:
    options = (
        selectinload(Campaign.audience),
        selectinload(Campaign.deeds),
        selectinload(Campaign.templates).selectinload(LetterTemplate.versions),
    )
    campaign = session.get(Campaign, campaign_id, options=options)
    return campaign if campaign is not None else find(session, campaign_id)


def _changes(before: TemplateVersion | None, version: TemplateVersion) -> dict[str, tuple[Stretch, ...]]:
    if before is None:
        return {}
    pairs = {"subject": (before.subject, version.subject), "body": (before.body, version.body)}
    pairs |= {"points": (_listed(before), _listed(version))}
    return {name: differences(*texts) for name, texts in pairs.items() if texts[0] != texts[1]}


def _listed(version: TemplateVersion) -> str:
    points = (version.points or {}).get("of", ())
    said = [(point["label"], point["texts"]) for point in points]
    said += list((version.wordings or {}).items())
    lines = [line for name, texts in said for line in (name, *texts)]
    if (version.points or {}).get("editable"):
        lines.append(_("Supporters may put points in their own words"))
    return "\n".join(lines)


def _tried(campaign: Campaign, version: TemplateVersion, now: datetime) -> list[Worded]:
    """Return the letter to each office that gets it, as somebody of no real place would send it."""
    language = version.template.language
    snapshot = read_snapshot(db.session, campaign, language, day=now.date())
    words = Words(
        writer=SOMEBODY,
        personal_message=_("[the supporter’s own words]"),
        reference="XXXX-XXXX-XX",
        written_on=now.date(),
        language=language,
        points=tuple(point["key"] for point in (version.points or {}).get("of", ())),
        key=TRIED,
    )
    offices = [
        office
        for office in snapshot.offices
        if office.addressable and office.template_key == version.template.key
    ]
    try:
        return [snapshot.word(office, words, version) for office in offices]
    except RedressError:  # something that the checks do not know: nothing is shown rather than half of it
        return []
