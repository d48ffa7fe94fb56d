"""Who represents somebody: from place and postal code to offices, on this server alone.

Areas, and the postal codes in them, are imported (`redress recipients import --format zip-districts`).
Where a code lies in several districts, all their offices are candidates and the person chooses; where
nothing is known of a place, that is said, and the page offers the whole list.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from app.database import db
from app.recipients.areas import Area, areas_named, areas_of_postal_code, with_ancestors
from app.recipients.models import Holder, Recipient
from app.recipients.terms import holder_on

Fallback = Literal["", "no_postal_code", "unknown_postal_code", "unknown_place"]


@dataclass(frozen=True)
class Candidate:
    """An office that represents an area the person may live in, with who holds it on the day.

    Attributes:
        recipient: the office.
        holder: None where it is vacant or nobody is known.
        area: what it represents.
        certain: False where the postal code lies in several areas of the same kind: the person chooses.
    """

    recipient: Recipient
    holder: Holder | None
    area: Area
    certain: bool

    @property
    def sort(self) -> str:
        """Of what it is a district: somebody lives in one of each sort (…/cd:30 and …/cd:34 are of one)."""
        return sort_of(self.area)


@dataclass(frozen=True)
class Candidates:
    """All that may be somebody's representatives.

    Attributes:
        offices: the smallest areas first.
        fallback: why there are none of districts, empty if there are: no code was given, the code is not
            known, or nothing at all is known of the place.
    """

    offices: tuple[Candidate, ...]
    fallback: Fallback = ""

    @property
    def to_choose(self) -> tuple[Candidate, ...]:
        """Those among which the person chooses."""
        return tuple(candidate for candidate in self.offices if not candidate.certain)


def representatives_for(
    *,
    country: str,
    region: str = "",
    city: str = "",
    postal_code: str = "",
    day: date,
    executive: bool = False,
) -> Candidates:
    """Return the offices that represent a place.

    Args:
        country: ISO 3166-1 alpha-2.
        region: name or code, such as `California` or `CA`; only asked where the postal code tells nothing.
        city: its name; adds who represents it.
        postal_code: as somebody writes it.
        day: as of when holders are told.
        executive: whether the executive of the region and the city (governor, mayor) belong to them.
    """
    session = db.session
    by_code = areas_of_postal_code(session, country, postal_code)
    areas = with_ancestors(session, by_code)
    if not areas:
        areas = with_ancestors(session, areas_named(session, country, ("region",), region))
    regions = {area.id for area in areas if area.kind == "region"}
    if city:
        cities = areas_named(session, country, ("city",), city)
        areas += [area for area in cities if not regions or area.parent_id in regions]
    found = _offices(areas, executive=executive)
    return Candidates(
        offices=tuple(_candidates(found, _of_many(by_code), day)),
        fallback=_fallback(by_code, areas, postal_code),
    )


def _fallback(by_code: list[Area], areas: list[Area], postal_code: str) -> Fallback:
    if by_code:
        return ""
    if not areas:
        return "unknown_place"
    return "unknown_postal_code" if postal_code.strip() else "no_postal_code"


def sort_of(area: Area) -> str:
    """Return the sort of an area: …/cd:30 and …/cd:34 are of one, …/sldl:44 is of another."""
    return f"{area.kind}:{area.key.rpartition('/')[2].partition(':')[0]}"


def representatives_in(country: str, region: str, *, day: date) -> list[Candidate]:
    """Return all who represent a district of a region, to choose from (see `representatives_for`)."""
    session = db.session
    regions = [area.id for area in areas_named(session, country, ("region",), region)]
    if not regions:
        return []
    districts = session.scalars(
        sa.select(Area).where(Area.parent_id.in_(regions), Area.kind == "district").order_by(Area.key)
    ).all()
    found = _offices(districts, executive=False)
    return list(_candidates(found, {area.id for area in districts}, day))


def representatives_named(
    session: Session, country: str, slugs: Collection[str], *, executive: bool = False
) -> list[Recipient]:
    """Return the offices of these slugs that represent an area of a country, by slug."""
    query = (
        sa.select(Recipient)
        .join(Area, Recipient.area_id == Area.id)
        .where(Recipient.slug.in_(slugs), Area.country == country, Area.kind != "country")
        .options(selectinload(Recipient.area))
        .order_by(Recipient.slug)
    )
    return [office for office in session.scalars(query) if executive or _is_legislator(office)]


def _of_many(by_code: Iterable[Area]) -> set[uuid.UUID]:
    """Return the areas that are one of several of their sort, and the regions they lie in if these differ."""
    districts: dict[str, list[Area]] = {}
    for area in by_code:
        districts.setdefault(sort_of(area), []).append(area)
    several = {area.id for group in districts.values() if len(group) > 1 for area in group}
    parents = {area.parent_id for area in by_code if area.parent_id}
    return several | parents if len(parents) > 1 else several


def _offices(areas: Collection[Area], *, executive: bool) -> list[Recipient]:
    by_id = {area.id: area for area in areas if area.kind != "country"}
    if not by_id:
        return []
    query = (
        sa.select(Recipient)
        .where(Recipient.area_id.in_(by_id), Recipient.status == "open", Recipient.accepts != "cases")
        .options(
            selectinload(Recipient.holders), selectinload(Recipient.contacts), selectinload(Recipient.area)
        )
        .order_by(Recipient.external_id)
    )
    offices = [office for office in db.session.scalars(query) if executive or _is_legislator(office)]
    order = list(by_id)
    return sorted(offices, key=lambda office: order.index(office.area_id or order[0]))


def _is_legislator(office: Recipient) -> bool:
    """Whether an office sits in a legislature for its area: districts, and Senators of a whole region."""
    area = office.area
    if area is None:
        return False
    return area.kind == "district" or (area.kind == "region" and office.level == "national")


def _candidates(offices: Iterable[Recipient], several: set[uuid.UUID], day: date) -> Iterable[Candidate]:
    for office in offices:
        if office.area is not None:
            holder = holder_on(office.holders, day)
            yield Candidate(office, holder, office.area, certain=office.area.id not in several)
