"""Who signs a joint letter, in order; and which joint letters a campaign has."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, joinedload

from app.campaigns.models import Campaign
from app.campaigns.reading import takes_letters
from app.database import db
from app.i18n import country_name
from app.letters.joint.models import JointLetter, Signature
from app.letters.values import place
from app.supporters.models import Supporter

PAGE = 200
"""Names on a page of the public list."""


def the_open_one(session: Session, campaign_id: uuid.UUID) -> JointLetter | None:
    """Return the newest joint letter of a campaign that is more than history, or None."""
    query = (
        sa.select(JointLetter)
        .where(JointLetter.campaign_id == campaign_id, JointLetter.status != "history")
        .order_by(JointLetter.created_at.desc(), JointLetter.id)
        .limit(1)
    )
    return session.scalar(query)


def takes_signatures(joint: JointLetter, campaign: Campaign, day: date) -> bool:
    """Whether a joint letter can be signed on `day`; after its dispatch too."""
    open_still = joint.closes_on is None or day <= joint.closes_on
    return joint.status != "history" and open_still and takes_letters(campaign, day)


def signed(joint: JointLetter) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the condition of the signatures that count."""
    return (
        Signature.joint_letter_id == joint.id,
        Signature.confirmed_at.is_not(None),
        Signature.withdrawn_at.is_(None),
    )


def in_order(joint: JointLetter) -> tuple[sa.ColumnElement[Any], ...]:
    """Return the order of signatures that no letter has carried yet: those without a place come last."""
    by_time = (Signature.confirmed_at.expression, Signature.id.expression)
    if joint.listed_by == "time":
        return by_time
    return (sa.case((Signature.position.is_(None), 1), else_=0), Signature.position.expression, *by_time)


def waiting(session: Session, joint: JointLetter) -> list[Signature]:
    """Return the signatures that no letter has carried yet, in order, each with who it is.

    Whose data are deleted already, long after the campaign, has no name that could be told.
    """
    query = (
        sa.select(Signature)
        .where(*signed(joint), Signature.letter_id.is_(None))
        .order_by(*in_order(joint))
        .options(joinedload(Signature.supporter))
    )
    return [row for row in session.scalars(query) if row.supporter.name_sealed is not None]


def carried_by(session: Session, letter_id: uuid.UUID) -> list[Signature]:
    """Return the signatures that a letter carries, as the list was frozen."""
    query = (
        sa.select(Signature)
        .where(Signature.letter_id == letter_id)
        .order_by(Signature.position)
        .options(joinedload(Signature.supporter))
    )
    return list(session.scalars(query))


def line_of(supporter: Supporter, kind: str, language: str) -> str:
    """Return how somebody signs: "Ani Writer, Dr., University of Lyon, Lyon, France".

    An organization signs with its name first, then who speaks for it. "" for one whose data are deleted.
    """
    home = place(supporter.city, country_name(supporter.country, language))
    if not supporter.name:
        return ""
    if kind == "organization":
        person = ", ".join(filter(None, (supporter.name, supporter.title)))
        parts = [supporter.affiliation, _("represented by %(person)s", person=person), home]
    else:
        parts = [supporter.name, supporter.title, supporter.affiliation, home]
    return ", ".join(filter(None, parts))


@dataclass(frozen=True)
class Counted:
    """How many signatures there are, and how many of them came after the letter had left."""

    all: int
    late: int


def count(joint: JointLetter) -> Counted:
    """Count the signatures of a joint letter."""
    late = sa.func.count().filter(Signature.letter_id.is_(None))
    total, after = db.session.execute(sa.select(sa.func.count(), late).where(*signed(joint))).one()
    return Counted(total, after if joint.dispatched_at else 0)


@dataclass(frozen=True)
class PublicList:
    """A page of the names that may be shown: those whom the letter carried, then those who came later.

    Attributes:
        names: of those who are on the letter, or will be.
        late: of those who signed after it had left.
        after: how many names stand before the next page; 0 for the last one.
    """

    names: list[str]
    late: list[str]
    after: int


def public_list(joint: JointLetter, language: str, *, skip: int = 0) -> PublicList:
    """Return a page of the names of those who agreed to that.

    Args:
        joint: whose signatories.
        language: of the page.
        skip: how many names stand on the pages before.
    """
    carried = sa.case((Signature.letter_id.is_(None), 1), else_=0)
    query = (
        sa.select(Signature)
        .where(*signed(joint), Signature.public.is_(True))
        .order_by(carried, *_as_listed(joint))
        .offset(skip)
        .limit(PAGE + 1)
        .options(joinedload(Signature.supporter))
    )
    rows: Sequence[Signature] = db.session.scalars(query).all()
    parts: tuple[list[str], list[str]] = ([], [])
    for row in rows[:PAGE]:
        if line := line_of(row.supporter, row.kind, language):
            parts[joint.dispatched_at is not None and row.letter_id is None].append(line)
    return PublicList(*parts, skip + PAGE if len(rows) > PAGE else 0)


def _as_listed(joint: JointLetter) -> tuple[sa.ColumnElement[Any], ...]:
    # What a letter carried stands as it was frozen, one letter after the other.
    frozen = sa.case((Signature.letter_id.is_not(None), Signature.position))
    return (frozen, *in_order(joint))
