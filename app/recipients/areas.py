"""Areas that offices represent, and the postal codes that lie in them.

Everything here is our own database: no look-up service is asked. A postal code may lie in several
areas (a code that spans two districts), and an area in none (one that nobody imported codes for).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.content import Content
from app.database import Base

AREA_KINDS = ("country", "region", "district", "city")


class Area(Content, Base):
    """An area that an office represents.

    `key` is stable across installations and data sets: an Open Civic Data division such as
    `ocd-division/country:us/state:ca/cd:30`. `edition` says which drawing of the borders is meant.
    """

    __tablename__ = "areas"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('country', 'region', 'district', 'city')", name="kind"),
        sa.Index(None, "country", "kind"),
    )

    key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(10))
    country: Mapped[str] = mapped_column(sa.String(2))
    name: Mapped[str] = mapped_column(sa.String(200))
    code: Mapped[str] = mapped_column(sa.String(20), default="")
    parent_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("areas.id"), index=True)
    edition: Mapped[str] = mapped_column(sa.String(100), default="")

    parent: Mapped[Area | None] = relationship(remote_side="Area.id")


class AreaPostalCode(Base):
    """A postal code, some or all of which lies in an area."""

    __tablename__ = "area_postal_codes"
    __table_args__ = (
        sa.UniqueConstraint("area_id", "country", "postal_code"),
        sa.Index(None, "country", "postal_code"),
    )

    area_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("areas.id", ondelete="CASCADE"))
    country: Mapped[str] = mapped_column(sa.String(2))
    postal_code: Mapped[str] = mapped_column(sa.String(12))


def has_areas(session: Session, country: str) -> bool:
    """Whether postal codes of a country have been imported."""
    found = sa.select(AreaPostalCode.id).where(AreaPostalCode.country == country).limit(1)
    return session.scalar(found) is not None


def postal_code_key(country: str, code: str) -> str:
    """Return a postal code as it is stored: upper case, no blanks, without the US extension."""
    bare = "".join(code.split()).upper()
    return bare.partition("-")[0] if country == "US" else bare.replace("-", "")


def areas_of_postal_code(session: Session, country: str, code: str) -> list[Area]:
    """Return the areas in which a postal code lies, by key."""
    key = postal_code_key(country, code)
    if not key:
        return []
    query = (
        sa.select(Area)
        .join(AreaPostalCode, AreaPostalCode.area_id == Area.id)
        .where(AreaPostalCode.country == country, AreaPostalCode.postal_code == key)
        .order_by(Area.key)
    )
    return list(session.scalars(query))


def areas_named(session: Session, country: str, kinds: Collection[str], name: str) -> list[Area]:
    """Return areas of some kinds that bear a name or a code (`California`, `CA`), whatever the case."""
    wanted = name.strip().casefold()
    if not wanted:
        return []
    query = sa.select(Area).where(Area.country == country, Area.kind.in_(kinds)).order_by(Area.key)
    return [area for area in session.scalars(query) if wanted in {area.name.casefold(), area.code.casefold()}]


def with_ancestors(session: Session, areas: Iterable[Area]) -> list[Area]:
    """Return areas and all that they lie in, each once, the smallest first."""
    found: dict[uuid.UUID, Area] = {}
    level = list(areas)
    while level:
        found |= {area.id: area for area in level}
        parents = {area.parent_id for area in level if area.parent_id} - found.keys()
        level = list(session.scalars(sa.select(Area).where(Area.id.in_(parents)))) if parents else []
    return list(found.values())
