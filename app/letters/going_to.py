"""Every office that a wording can go to: what a letter is held against before supporters are offered it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.models import THANKS, AudienceMember, Campaign, Deed, TemplateVersion
from app.campaigns.reading import AudienceOffice, audience_of, office_card
from app.campaigns.representing import member_for, rule_for_all
from app.recipients.models import Recipient
from app.recipients.resolution import Addressee, resolve


def offices_of(
    session: Session, campaign: Campaign, version: TemplateVersion, day: date
) -> Iterator[AudienceOffice]:
    """Yield every office that a wording can go to; somebody's representative stands for all of them.

    One that has acted is among those that are asked, too: what is recorded of it can be undone.
    """
    key, language = version.template.key, version.template.language
    if version.template.kind == THANKS:
        yield from _thanked(session, campaign, version, day)
        return
    for office in audience_of(session, campaign, language, day=day):
        if office.member.template_key == key and office.addressable:
            yield office
    if campaign.representatives:
        groups = (rule for rule in campaign.audience if rule.group_of is not None)
        for rule in (rule_for_all(campaign), *groups):
            if rule.template_key == key:
                yield _anybody(campaign, rule, language, day)


def _thanked(
    session: Session, campaign: Campaign, version: TemplateVersion, day: date
) -> Iterator[AudienceOffice]:
    """Yield the offices that have acted and can get a letter of thanks; if none has, somebody who had."""
    key, language = version.template.key, version.template.language
    audience = audience_of(session, campaign, language, day=day)
    if campaign.representatives:
        there = {office.addressee.recipient.id for office in audience}
        others = resolve(session, {deed.recipient_id for deed in campaign.deeds} - there, day=day)
        audience += [
            office_card(
                campaign,
                member_for(campaign, addressee.recipient),
                addressee,
                language,
                day=day,
                for_constituents=True,
            )
            for addressee in others.values()
        ]
    found = [
        office
        for office in audience
        if office.deed is not None and office.addressable and office.member.thanks_key in ("", key)
    ]
    yield from found
    if not found:
        somebody = _anybody(campaign, rule_for_all(campaign), language, day)
        deed = Deed(done_on=day, said={language: _("The office spoke up for this in public.")}, source={})
        yield replace(somebody, deed=deed)


def _anybody(campaign: Campaign, rule: AudienceMember, language: str, day: date) -> AudienceOffice:
    # Whoever represents somebody: the letter may name nothing that is not known of each of them.
    anybody = Recipient(
        external_id="",
        slug="",
        institution="Parliament",
        title="Representative",
        short_name=_("a representative"),
        country=(campaign.representatives or {}).get("country"),
        address_style="generic",
        status="open",
        accepts="constituents",
        forms={},
    )
    addressee = Addressee(anybody, None, None)
    return office_card(campaign, rule, addressee, language, day=day, for_constituents=True)
