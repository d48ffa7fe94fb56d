"""A month of two campaigns under the test clock, with all that goes wrong: every letter comes to its end."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.database import db
from app.delivery.models import Delivery
from app.supporters.models import Supporter
from tests.faults.month import ends, sums
from tests.faults.month.calendar import DAYS, Month, begin
from tests.faults.month.servers import DECK
from tests.support.lengths import MOSTLY_POSTGRESQL, length
from tests.support.plugins.database import TimeTravel

EXPECTED = (
    "confirmed", "declined", "withdrew one", "withdrew all", "put into a form", "told what came back",
    "asked writers", "agreed to the correction", "unsubscribed", "updates", "posted", "printed twice",
    "readdress: holder changed", "readdress: contact changed", "address corrected",
    "came back: no such mailbox", "came back: mailbox full", "found in the log", "came back by the log",
    "unclear: arrived", "unclear: again", "unclear: give-up", "read: release_copy", "read: cancel_copy",
    "held: corrected", "held: withdrawn", "released as they are", "cancelled with a word",
    "lost at the dot", "resumed water", "resumed ",
)  # fmt: skip


def check(month: Month) -> sums.Sums:
    """Ask every place for its sums, and return them."""
    held = sums.stored()
    ends.check_finished()
    ends.check_journal()
    ends.check_arrivals(month.servers.arrived)
    ends.check_daily_limit("alpha")
    assert sums.on_pages_of_supporters(month.supporters.pages) == held
    assert sums.listed() == held
    assert sums.exported(month.app) == held
    assert sums.measured(month.app) == sums.by(held, 2)
    sums.check_desk(month.app, held)
    sums.check_public(month.app, held)
    return held


@pytest.mark.backends(*MOSTLY_POSTGRESQL)  # most tests of one service run on SQLite
def test_every_letter_comes_to_its_end_and_all_sums_agree(
    app_context: Flask, time_travel: TimeTravel
) -> None:
    month = begin(app_context, time_travel)
    for day in (*range(DAYS + 7), *range(DAYS + 7, DAYS + 38, 5)):
        month.day(day)
    for day in range(DAYS + 38, DAYS + 43):  # what was decided or put off on the last day leaves, too
        month.day(day)
    print(f"\n{sum(month.story.values())} deeds: {dict(month.story)}")
    print(f"{len(month.servers.arrived)} messages taken: {dict(month.servers.seen)}")
    held = check(month)
    print(f"{held.total()} letters: {dict(sums.by(held, 2))}")
    missing = [what for what in EXPECTED if not month.story[what]]
    assert len(missing) <= length(3, 0), f"hardly a month: {missing}"
    assert month.servers.seen.keys() >= set(DECK)

    # Who they were is forgotten; how many they were, and what became of it, is not.
    month.day(DAYS + 92)
    assert not db.session.scalar(select(func.count()).where(Supporter.email_sealed.is_not(None)))
    assert not db.session.scalar(select(func.count()).where(Delivery.text_sealed.is_not(None)))
    assert check(month) == held
