"""Areas, postal codes and those who represent them."""

from __future__ import annotations

from app.database import transaction
from app.recipients.areas import Area, AreaPostalCode
from tests.factories.recipients import HolderFactory, OfficeFactory


def _area(key: str, kind: str, name: str, code: str = "", parent: Area | None = None) -> Area:
    return Area(key=key, kind=kind, country="US", name=name, code=code, edition="",
                parent_id=parent.id if parent else None)  # fmt: skip


def store_california() -> None:
    """A country, two states, three districts, a city, their offices, and some codes."""
    country = _area("us", "country", "United States", "US")
    state = _area("us/ca", "region", "California", "CA", country)
    other = _area("us/nv", "region", "Nevada", "NV", country)
    house = [
        _area(f"us/ca/cd:{number}", "district", f"District {number}", f"CA-{number}", state)
        for number in (30, 34)
    ]
    desert = _area("us/nv/cd:1", "district", "Nevada 1", "NV-1", other)
    town = _area("us/ca/place:glendale", "city", "Glendale", "", state)
    namesake = _area("us/nv/place:glendale", "city", "Glendale", "", other)
    areas = [country, state, other, *house, desert, town, namesake]
    codes = [
        ("91205", house[0]),
        ("91206", house[0]),
        ("91206", house[1]),
        ("89999", house[1]),
        ("89999", desert),
    ]
    with transaction() as session:
        for some in ([country], [state, other], areas[3:]):
            session.add_all(some)
            session.flush()
        session.add_all(
            AreaPostalCode(area_id=area.id, country="US", postal_code=code) for code, area in codes
        )
        for name, area, level, accepts in (
            ("house-30", house[0], "national", "constituents"),
            ("house-34", house[1], "national", "constituents"),
            ("house-nv", desert, "national", "constituents"),
            ("senate-1", state, "national", "constituents"),
            ("senate-2", state, "national", "constituents"),
            ("senate-nv", other, "national", "constituents"),
            ("governor", state, "state", "public"),
            ("mayor", town, "local", "public"),
            ("president", country, "national", "public"),
            ("tribunal", state, "national", "cases"),
        ):
            holder = HolderFactory.build(name=f"Holder of {name}")
            values = {"slug": name, "area_id": area.id, "level": level, "accepts": accepts}
            session.add(OfficeFactory.build(**values, holders=[holder]))
