"""Campaigns as their pages show them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from markupsafe import Markup
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from app.campaigns.deeds import deed_of, thanks_letter
from app.campaigns.groups import asked_of, belongs, offices_by_rule
from app.campaigns.models import AudienceMember, Campaign, Deed, LetterTemplate, TemplateVersion
from app.campaigns.story import story_html
from app.campaigns.texts import in_language, text
from app.database import db
from app.errors import NotFound
from app.evidence.models import Fact
from app.evidence.reading import current_facts
from app.i18n.dates import term_of
from app.recipients.models import Holder, Recipient
from app.recipients.resolution import Addressee, resolve


class Source(NamedTuple):
    """Where a fact stands: what to call it, and where to read it."""

    label: str
    url: str


@dataclass(frozen=True)
class StatedFact:
    """A fact as a page states it."""

    key: str
    statement: str
    as_of: date | None
    counted_by: str
    confidence: str
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class AudienceOffice:
    """An office of a campaign as its card shows it. `addressee` and `member` are for the letter.

    `deed` is what it has done of what is asked, if it has, and `deed_said` that in the language of the page;
    `thanks_key` is then the letter that thanks it, "" where the campaign has none. `rule` is the rule of the
    audience that counts for it, None where it is the one for representatives.
    """

    slug: str
    title: str
    institution: str
    short_name: str
    holder_line: str
    ask: str
    preselected: bool
    closed: bool
    closed_on: date | None
    closed_note: str
    member: AudienceMember
    addressee: Addressee
    rule: AudienceMember | None = None
    deed: Deed | None = None
    deed_said: str = ""
    thanks_key: str = ""

    @property
    def template_key(self) -> str:
        """Which of the campaign's letters goes there: the one that thanks, where it has acted."""
        return self.thanks_key or self.member.template_key

    @property
    def addressable(self) -> bool:
        """Whether a supporter can choose it."""
        return not self.closed and not self.member.history and bool(self.member.template_key)

    @property
    def only_from(self) -> str:
        """Where somebody must live to choose it, in words; "" where that does not matter."""
        return ", ".join((self.member.only_from or {}).get("cities", ()))

    def takes_from(self, country: str, city: str) -> bool:
        """Whether somebody who lives there can choose it."""
        wanted = self.member.only_from
        if not wanted:
            return True
        cities = [str(name).casefold() for name in wanted.get("cities", ())]
        return country == wanted.get("country") and city.strip().casefold() in cities


@dataclass(frozen=True)
class CampaignPage:
    """A campaign in one language."""

    row: Campaign
    slug: str
    title: str
    summary: str
    ask: str
    story_html: Markup
    goal: int | None
    opens_on: date | None
    closes_on: date | None
    facts_checked_on: date | None
    is_open: bool
    required: bool
    minimum_words: int
    prompts: tuple[str, ...]
    consent_text: str
    updates_text: str
    consent_version: str


def find_campaign(session: Session, slug: str) -> Campaign:
    """Return a campaign that the public may see.

    Raises:
        NotFound: there is none of that name, or it is a draft.
    """
    if "\x00" in slug:  # PostgreSQL cannot even be asked for it
        raise NotFound("")
    query = (
        select(Campaign)
        .where(Campaign.slug == slug, Campaign.status != "draft")
        .options(
            selectinload(Campaign.audience),
            selectinload(Campaign.deeds),
            selectinload(Campaign.templates)
            .selectinload(LetterTemplate.versions)
            .joinedload(TemplateVersion.template),
        )
    )
    campaign = session.scalar(query)
    if campaign is None:
        raise NotFound("")
    return campaign


@dataclass(frozen=True)
class CampaignView:
    """All that a campaign's own page shows, its counts aside."""

    page: CampaignPage
    audience: list[AudienceOffice]
    facts: list[StatedFact]


def view_campaign(slug: str, language: str, *, today: date) -> CampaignView:
    """Return what the page of a campaign shows.

    Raises:
        NotFound: there is none of that name, or it is a draft.
    """
    campaign = find_campaign(db.session, slug)
    return CampaignView(
        page=page_of(campaign, language, today=today),
        audience=audience_of(db.session, campaign, language, day=today),
        facts=stated_facts(campaign, language),
    )


def live_campaigns(language: str, *, today: date) -> list[CampaignPage]:
    """Return the campaigns that take letters today, newest first."""
    query = (
        select(Campaign).where(Campaign.status == "live").order_by(Campaign.opens_on.desc(), Campaign.slug)
    )
    pages = [page_of(campaign, language, today=today) for campaign in db.session.scalars(query)]
    return [page for page in pages if page.is_open]


def campaigns_of_office(
    session: Session, recipient_id: uuid.UUID, *, also: Collection[uuid.UUID] = ()
) -> list[Campaign]:
    """Return the campaigns that an office is in the audience of, and `also` these; no drafts."""
    recipient = session.get(Recipient, recipient_id)
    rules = _first_rules(session, recipient, Campaign.status != "draft", also=also)
    return sorted(rules, key=lambda campaign: campaign.slug)


def _first_rules(
    session: Session,
    recipient: Recipient | None,
    *conditions: ColumnElement[bool],
    also: Collection[uuid.UUID] = (),
) -> dict[Campaign, AudienceMember | None]:
    """Return the campaigns that write to an office, with the rule that counts; `also` these, without."""
    if recipient is None:
        return {}
    # Of groups all: whether an office belongs to one is known when both have been read.
    about = (AudienceMember.recipient_id == recipient.id) | AudienceMember.recipient_id.is_(None)
    query = (
        select(Campaign, AudienceMember)
        .outerjoin(AudienceMember, (AudienceMember.campaign_id == Campaign.id) & about)
        .where(AudienceMember.id.is_not(None) | Campaign.id.in_(also), *conditions)
        .order_by(AudienceMember.position)
    )
    found: dict[Campaign, AudienceMember | None] = {}
    for row in session.execute(query):
        campaign: Campaign = row[0]
        rule: AudienceMember | None = row[1]
        if campaign.id in also:
            found.setdefault(campaign, None)
        if rule is not None and found.get(campaign) is None and belongs(recipient, rule):
            found[campaign] = rule
    return found


def campaigns_writing_to(recipient_id: uuid.UUID, language: str, *, today: date) -> list[CampaignPage]:
    """Return the campaigns in which a supporter can write to an office today, newest first."""
    recipient = db.session.get(Recipient, recipient_id)
    if recipient is None or not recipient.is_open or recipient.accepts != "public":
        return []
    rules = _first_rules(db.session, recipient, Campaign.status == "live")
    pages = [
        page_of(campaign, language, today=today)
        for campaign, rule in rules.items()
        if rule is not None and not rule.history and rule.template_key
    ]
    by_name = sorted((page for page in pages if page.is_open), key=lambda page: page.slug)
    return sorted(by_name, key=lambda page: page.opens_on or date.min, reverse=True)


def page_of(campaign: Campaign, language: str, *, today: date) -> CampaignPage:
    """Return a campaign in one language, as of a day."""
    consent = campaign.consent
    return CampaignPage(
        row=campaign,
        slug=campaign.slug,
        title=text(campaign.title, language),
        summary=text(campaign.summary, language),
        ask=text(campaign.ask, language),
        story_html=story_html(text(campaign.story, language)),
        goal=campaign.goal,
        opens_on=campaign.opens_on,
        closes_on=campaign.closes_on,
        facts_checked_on=campaign.facts_checked_on,
        is_open=takes_letters(campaign, today),
        required=bool(campaign.personal.get("required", False)),
        minimum_words=int(campaign.personal.get("minimum_words", 0)),
        prompts=tuple(in_language(campaign.personal.get("prompts", {}), language) or ()),
        consent_text=text(consent["letter"], language),
        updates_text=text(consent.get("updates", {}), language),
        consent_version=consent["version"],
    )


def takes_letters(campaign: Campaign, day: date) -> bool:
    """Whether letters can be written on `day`: live, begun, and not over (its last day included)."""
    begun = campaign.opens_on is None or campaign.opens_on <= day
    return campaign.status == "live" and begun and (campaign.closes_on is None or day <= campaign.closes_on)


def audience_of(session: Session, campaign: Campaign, language: str, *, day: date) -> list[AudienceOffice]:
    """Return the campaign's offices in order, with who holds them on `day`."""
    rules = list(offices_by_rule(session, campaign))
    addressees = resolve(session, [recipient_id for _rule, recipient_id in rules], day=day)
    return [
        office_card(
            campaign,
            rule,
            addressees[recipient_id],
            language,
            day=day,
            for_constituents=bool(rule.only_from),
        )
        for rule, recipient_id in rules
        if recipient_id in addressees
    ]


def office_card(
    campaign: Campaign,
    rule: AudienceMember,
    addressee: Addressee,
    language: str,
    *,
    day: date,
    for_constituents: bool = False,
) -> AudienceOffice:
    """Return an office as a campaign shows it.

    Args:
        campaign: which one.
        rule: what it asks of the office, or of the group that the office belongs to.
        addressee: the office as of the day.
        language: of the page.
        day: that counts.
        for_constituents: whether only those whom it represents are offered it.
    """
    accepts = {"public", "constituents"} if for_constituents else {"public"}
    recipient, member = addressee.recipient, asked_of(rule, addressee.recipient.id)
    deed = deed_of(campaign, recipient.id, addressee.holder, day=day)
    thanks_key = thanks_letter(campaign, rule, day=day) if deed is not None else ""
    return AudienceOffice(
        slug=recipient.slug,
        title=recipient.title,
        institution=recipient.institution,
        short_name=recipient.short_name,
        holder_line=holder_line(addressee.holder, language),
        ask=text(member.ask, language),
        # Whoever has acted, and cannot be thanked, is asked again only by somebody who wants that.
        preselected=member.preselected and (deed is None or bool(thanks_key)),
        closed=not recipient.is_open or recipient.accepts not in accepts,
        closed_on=recipient.closed_on,
        closed_note=recipient.closed_reason,
        member=member,
        addressee=addressee,
        rule=rule if rule in campaign.audience else None,
        deed=deed,
        deed_said=text(deed.said, language) if deed is not None else "",
        thanks_key=thanks_key,
    )


def holder_line(holder: Holder | None, language: str) -> str:
    """Return "Name, since January 2026" (as far as the term is known), or '' where nobody is known."""
    if holder is None or not holder.name:
        return ""
    return term_of(holder.name, holder.starts_on, holder.ends_on, language)


def stated_facts(campaign: Campaign, language: str) -> list[StatedFact]:
    """Return the facts that the campaign's page shows, in its order; withdrawn ones are left out."""
    rows = current_facts(db.session)
    # Two keys may lead to one fact, which took the place of the other: it is told once.
    shown = {rows[key].key: rows[key] for key in campaign.facts if key in rows}
    return [stated(fact, language) for fact in shown.values()]


def stated(fact: Fact, language: str) -> StatedFact:
    """Return a fact as a page states it."""
    return StatedFact(
        key=fact.key,
        statement=text(fact.statement, language),
        as_of=fact.as_of,
        counted_by=text(fact.counted_by, language),
        confidence=fact.confidence,
        sources=tuple(Source(source.get("label", ""), source.get("url", "")) for source in fact.sources),
    )
