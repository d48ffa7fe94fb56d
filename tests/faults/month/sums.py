"""Where the sums of a month stand: each place is asked by itself, and all must tell the same."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from app import clock
from app.campaigns.models import Campaign
from app.cli.letters import command
from app.database import db
from app.delivery.models import STATES, Delivery
from app.letters import campaign_desk, desk
from app.letters.counting import LEAST_TOLD, taken_by, tally
from app.letters.following import follow
from app.letters.models import Letter
from app.letters.own_sending import OwnSending
from app.letters.posting import batches
from app.recipients.models import Recipient
from tests.factories.organizers import desk_of
from tests.support.pages import Page, text_of

Sums = Counter[tuple[str, str, str]]
"""Copies by campaign, office and state."""


def stored() -> Sums:
    """Return what the database holds."""
    db.session.rollback()
    place = (Campaign.slug, Recipient.slug, Delivery.state)
    query = (
        select(*place, func.count())
        .select_from(Delivery)
        .join(Letter, Delivery.letter_id == Letter.id)
        .join(Campaign, Letter.campaign_id == Campaign.id)
        .join(Recipient, Delivery.recipient_id == Recipient.id)
        .group_by(*place)
    )
    return Counter({(campaign, office, state): n for campaign, office, state, n in db.session.execute(query)})


def on_pages_of_supporters(pages: list[str]) -> Sums:
    """Return what the supporters read."""
    sums: Sums = Counter()
    for token in pages:
        db.session.rollback()
        page = follow(token, "en")
        sums.update((page.campaign_slug, copy.slug, copy.state) for copy in page.copies)
    return sums


def exported(app: Flask) -> Sums:
    """Return what `redress letters export` writes."""

    class Installed:
        def app(self) -> Flask:
            return app

    done = CliRunner().invoke(command, ["export"], obj=Installed())
    assert done.exception is None, done.exception
    rows = csv.DictReader(io.StringIO(done.stdout))
    return Counter((row["campaign"], row["office"], row["state"]) for row in rows)


def listed() -> Sums:
    """Return what the desk lists, page by page, by campaign, office and state."""
    db.session.rollback()
    sums: Sums = Counter()
    offices = {row.id: row.slug for row in db.session.scalars(select(Recipient))}
    for campaign in db.session.scalars(select(Campaign)).all():
        after = None
        while True:
            page = desk.copies(language="en", campaign_id=campaign.id, after=after, limit=500)
            for line in page.lines:
                assert line.delivery.recipient_id is not None
                sums[campaign.slug, offices[line.delivery.recipient_id], line.delivery.state] += 1
            if (after := page.after) is None:
                break
    return sums


def measured(app: Flask) -> dict[str, int]:
    """Return what /metrics tells about letters, by state."""
    told = app.test_client().get("/metrics").text
    found = re.findall(r'redress_deliveries\{kind="letter",state="(\w+)"\} (\S+)', told)
    assert "redress_oldest_due_seconds 0\n" in told
    return {state: int(float(count)) for state, count in found}


def check_desk(app: Flask, sums: Sums) -> None:
    """Hold what the desk counts against the sums: by state, by office, by campaign, and on its first page."""
    db.session.rollback()
    states = by(sums, 2)
    now = clock.now()
    assert desk.pressing() == {state: states[state] for state in desk.PRESSING if states[state]}
    for slug, counts in offices_in(sums).items():
        office = db.session.scalars(select(Recipient).where(Recipient.slug == slug)).one()
        assert desk.states_of_office(office.id) == {one: counts[one] for one in STATES if counts[one]}
    confirmed = db.session.scalar(select(func.count()).where(Letter.confirmed_at.is_not(None)))
    assert sum(line.letters for line in campaign_desk.campaigns("en")) == confirmed
    assert sum(count for _day, count in desk.confirmed_by_day(today=now.date(), days=200)) == confirmed
    batched = sum((batch.states for batch in batches()), Counter[str]())
    assert batched["posted"] == states["posted"]

    browser = desk_of(app, "organizer")
    with app.app_context():  # of its own: what is known of whoever asks is kept with it
        page = Page(browser.get("/admin/").text)
    rows = {text_of(next(row.iter("th"))): [text_of(cell) for cell in row.iter("td")] for row in _rows(page)}
    shown = {name: tuple(int(cell.replace(",", "")) for cell in cells[1:4]) for name, cells in rows.items()}
    assert shown == {
        _short_name(slug): (
            counts["accepted"],
            sum(counts[state] for state in desk.WAITING),
            counts["bounced"] + counts["failed"],
        )
        for slug, counts in offices_in(sums).items()
    }


def _rows(page: Page) -> Iterator[object]:
    (table,) = [one for one in page.elements("table") if "rows" in (one.get("class") or "")]
    return (row for row in table.iter("tr") if next(row.iter("td"), None) is not None)


def _short_name(slug: str) -> str:
    return db.session.scalars(select(Recipient.short_name).where(Recipient.slug == slug)).one()


def check_public(app: Flask, sums: Sums) -> None:
    """Hold the numbers that everybody reads against the sums, small ones told as few."""
    client = app.test_client()
    own = Counter[tuple[str, str]]()
    place = (Campaign.slug, Recipient.slug)
    query = (
        select(*place, func.sum(OwnSending.count))
        .select_from(OwnSending)
        .join(Campaign, OwnSending.campaign_id == Campaign.id)
        .join(Recipient, OwnSending.recipient_id == Recipient.id)
        .group_by(*place)
    )
    for campaign, office, count in db.session.execute(query):
        own[campaign, office] = count
    for campaign in db.session.scalars(select(Campaign)).all():
        counted = tally(campaign.id)
        letters = sum(
            count for (of, _to, state), count in sums.items() if of == campaign.slug and state != "cancelled"
        )
        assert counted.letters == letters
        assert counted.own == sum(count for (of, _to), count in own.items() if of == campaign.slug)
        assert f"{letters:,} letter" in Page(client.get(f"/campaigns/{campaign.slug}").text).text
    for slug in offices_in(sums):
        office = db.session.scalars(select(Recipient).where(Recipient.slug == slug)).one()
        for line in taken_by(office.id, "en"):
            here = (line.campaign.slug, slug)
            told = dict(line.told)
            assert told.get("accepted") == enough(sums[*here, "accepted"])
            assert told.get("posted") == enough(sums[*here, "posted"])
            by_writers = sum(told.get(way, 0) for way in ("submitted", "own"))
            assert 0 <= sums[*here, "self_sent"] + own[here] - by_writers < 2 * LEAST_TOLD
        shown = Page(client.get(f"/offices/{slug}").text).text
        for line in taken_by(office.id, "en"):
            assert line.told or f"fewer than {LEAST_TOLD} letters" in shown
            assert all(f"{count:,} letter" in shown for _way, count in line.told)


def enough(count: int) -> int | None:
    """Return a number as it is told in public."""
    return count if count >= LEAST_TOLD else None


def by(sums: Sums, place: int) -> Counter[str]:
    """Add the sums up by campaign (0), office (1) or state (2)."""
    added: Counter[str] = Counter()
    for key, count in sums.items():
        added[key[place]] += count
    return added


def offices_in(sums: Sums) -> dict[str, Counter[str]]:
    """Return the states of each office's copies."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (_campaign, office, state), count in sums.items():
        found[office][state] += count
    return found
