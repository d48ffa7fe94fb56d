"""What would change if the holder left today: who is addressed then, and which letters would wait."""

from __future__ import annotations

from datetime import date, timedelta

from app.recipients.handover import handover
from app.recipients.models import Holder, Recipient
from tests.factories.recipients import ClosedOfficeFactory, HolderFactory, OfficeFactory

TODAY = date(2026, 11, 21)
COPIES = {"queued": 3, "deferred": 1, "to_print": 5, "printed": 2, "held": 7, "accepted": 90, "sending": 1}


def holder(**fields: object) -> Holder:
    """Return a term that was never stored: it has what the table would give it."""
    made: Holder = HolderFactory.build(**{"honorific": "", "acting": False, "vacant": False, **fields})
    return made


def held_by(*holders: Holder) -> Recipient:
    """Return an open office that was never stored."""
    office: Recipient = OfficeFactory.build(
        title="Warden", status="open", address_style="official", forms={}, holders=list(holders)
    )
    return office


def test_without_anybody_else_the_title_alone_is_addressed() -> None:
    office = held_by(holder(name="Nare Hakobyan", family_name="Hakobyan"))
    found = handover(office, day=TODAY, copies=COPIES)
    assert found is not None
    assert found.holder.name == "Nare Hakobyan"
    assert found.next is None
    assert found.held == 9
    assert "Hakobyan" in found.today.salutation
    assert "Hakobyan" not in found.tomorrow.salutation
    assert "Warden" in " ".join(found.tomorrow.envelope)


def test_whoever_is_acting_is_addressed() -> None:
    acting = holder(name="Ani Acting", acting=True)
    found = handover(held_by(holder(), acting), day=TODAY, copies={})
    assert found is not None
    assert found.next is acting
    assert found.held == 0


def test_whoever_begins_tomorrow_is_addressed_and_whoever_ends_today_is_not() -> None:
    following = holder(name="Next", starts_on=TODAY + timedelta(days=1))
    ends = holder(name="Ends", acting=True, ends_on=TODAY)
    found = handover(held_by(holder(), ends, following), day=TODAY, copies={})
    assert found is not None
    assert found.next is following


def test_where_nobody_holds_it_nothing_changes() -> None:
    vacant = holder(name="", vacant=True)
    assert handover(held_by(vacant), day=TODAY, copies={}) is None
    assert handover(held_by(), day=TODAY, copies={}) is None
    assert handover(ClosedOfficeFactory.build(), day=TODAY, copies={}) is None
