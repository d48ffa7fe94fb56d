"""Joint letters as the public sees them: to sign, signed, and such as were sent long ago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from app.campaigns.models import Campaign
from app.campaigns.reading import CampaignPage, find_campaign, page_of
from app.campaigns.texts import in_language, text
from app.database import db
from app.errors import Gone, NotFound
from app.letters.joint.models import JointLetter
from app.letters.joint.reading import Counted, PublicList, count, public_list, takes_signatures, the_open_one
from app.letters.joint.wording import tried
from app.letters.snapshot import open_snapshot
from app.letters.wording import Worded


@dataclass(frozen=True)
class JointPage:
    """A joint letter that can be signed, with its campaign and how it reads to each office."""

    joint: JointLetter
    campaign: CampaignPage
    language: str
    letters: list[Worded]
    counted: Counted


@dataclass(frozen=True)
class Signatory:
    """Somebody who signed a letter of the past, in public office."""

    name: str
    office: str


@dataclass(frozen=True)
class PastLetter:
    """A joint letter that was sent long ago, elsewhere, told in our words."""

    day: date
    title: str
    paragraphs: tuple[str, ...]
    offices: tuple[str, ...]
    signatories: tuple[Signatory, ...]
    note: str
    sources: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class PublicPages:
    """What the page of signatories shows: of the joint letter now, and of those before."""

    campaign: CampaignPage
    joint: JointLetter | None
    takes_signatures: bool
    counted: Counted
    names: PublicList
    past: list[PastLetter]


@dataclass(frozen=True)
class JointTeaser:
    """What the campaign's own page says of its joint letters."""

    can_be_signed: bool
    counted: Counted
    past: list[PastLetter]


def open_page(slug: str, language: str, *, now: datetime) -> JointPage:
    """Return the joint letter of a campaign that can be signed.

    Raises:
        NotFound: there is no such campaign, or it has no joint letter.
        Gone: it takes no signatures any more.
        Unavailable: it cannot be worded until an organizer has looked at it.
    """
    day = now.date()
    campaign = find_campaign(db.session, slug)
    joint = the_open_one(db.session, campaign.id)
    if joint is None or joint.version is None:
        raise NotFound(_("This campaign has no joint letter."))
    if not takes_signatures(joint, campaign, day):
        raise Gone(_("This letter takes no signatures any more."))
    written_in = joint.version.template.language
    snapshot = open_snapshot(slug, written_in, day=day)
    return JointPage(
        joint=joint,
        campaign=page_of(campaign, language, today=day),
        language=written_in,
        letters=tried(snapshot, joint, day=day),
        counted=count(joint),
    )


def public_pages(slug: str, language: str, *, skip: int, now: datetime) -> PublicPages:
    """Return who signed the joint letter of a campaign and may be named, and its letters of the past.

    Args:
        slug: of the campaign.
        language: of the page.
        skip: how many names stand on the pages before.
        now: the present instant.

    Raises:
        NotFound: there is no such campaign, or it never had a joint letter.
    """
    campaign = find_campaign(db.session, slug)
    joint, past = the_open_one(db.session, campaign.id), _past(campaign, language)
    if joint is None and not past:
        raise NotFound(_("This campaign has no joint letter."))
    return PublicPages(
        campaign=page_of(campaign, language, today=now.date()),
        joint=joint,
        takes_signatures=joint is not None and takes_signatures(joint, campaign, now.date()),
        counted=count(joint) if joint else Counted(0, 0),
        names=public_list(joint, language, skip=skip) if joint else PublicList([], [], 0),
        past=past,
    )


def teaser(campaign: Campaign, language: str, *, today: date) -> JointTeaser | None:
    """Return what the page of a campaign says of its joint letters; None where it never had one."""
    joint, past = the_open_one(db.session, campaign.id), _past(campaign, language)
    if joint is None and not past:
        return None
    return JointTeaser(
        can_be_signed=joint is not None and takes_signatures(joint, campaign, today),
        counted=count(joint) if joint else Counted(0, 0),
        past=past,
    )


def _past(campaign: Campaign, language: str) -> list[PastLetter]:
    query = sa.select(JointLetter.record, JointLetter.key).where(
        JointLetter.campaign_id == campaign.id, JointLetter.status == "history"
    )
    letters = [_past_letter(record, language) for record, _key in db.session.execute(query) if record]
    return sorted(letters, key=lambda letter: letter.day, reverse=True)


def _past_letter(record: dict[str, Any], language: str) -> PastLetter:
    return PastLetter(
        day=date.fromisoformat(record["day"]),
        title=text(record["title"], language),
        paragraphs=tuple(text(record["text"], language).split("\n\n")),
        offices=tuple(in_language(record["offices"], language) or ()),
        signatories=tuple(
            Signatory(one["name"], text(one["office"], language)) for one in record["signatories"]
        ),
        note=text(record.get("note", {}), language),
        sources=tuple(record.get("sources", ())),
    )
