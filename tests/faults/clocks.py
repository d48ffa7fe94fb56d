"""Clocks that go wrong, and clocks that change for summer: no early expiry, resend or purge.

A worker delivers by the shifted clock, and then by the right one; each time the worker's chores (deleting
what is over) are done as well, in this process, because a worker does them after a minute only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from app.cli.chores import do_chores
from app.clock import Clock
from app.database import db, transaction
from app.delivery.models import Delivery
from app.errors import Gone
from app.letters.confirming import confirm, look_at
from app.letters.models import Letter
from app.letters.steadiness import clock_is_steady
from tests.delivery.mails import queue, state_of
from tests.factories.campaigns import store_campaign
from tests.factories.letters import write_and_confirm, write_and_find_token
from tests.faults.finding import Finding, Place, copies
from tests.support.nursery import run_borne
from tests.support.smtp import RecordingSmtpServer

DAY, YEAR = timedelta(days=1), timedelta(days=365)
MINUTE = timedelta(minutes=1)
LINK = timedelta(days=7)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Turn:
    """A way in which a clock goes wrong, or right in a way that confuses.

    Args:
        name: of it.
        shift: by how much a clock is wrong.
        at: when.
        zone: in which time zone the machine is.
    """

    name: str
    shift: timedelta
    at: datetime = NOON
    zone: str = "UTC"


TURNS = (
    Turn("a day slow", -DAY),
    Turn("a day fast", DAY),
    Turn("a year slow", -YEAR),
    Turn("a year fast", YEAR),
    # In the night in between, 02:30 does not exist (28 March), or exists twice (31 October).
    Turn("summer begins", timedelta(hours=1), datetime(2027, 3, 27, 1, 30, tzinfo=UTC), "Europe/Berlin"),
    Turn("summer ends", -timedelta(hours=1), datetime(2027, 10, 30, 1, 30, tzinfo=UTC), "Europe/Berlin"),
    Turn("summer begins, a day on", DAY, datetime(2027, 3, 27, 1, 30, tzinfo=UTC), "America/New_York"),
    Turn("summer ends, a day on", DAY, datetime(2027, 10, 30, 1, 30, tzinfo=UTC), "Australia/Lord_Howe"),
)


def turn_clocks(place: Place, count: int) -> Finding:
    """Turn the clock in each way."""
    finding = Finding(note="a day and a year, slow and fast; summer time in three zones")
    slug = store_campaign()
    for turn in TURNS[:count]:
        finding.count += 1
        one_turn(place, finding, turn, slug)
    return finding


def one_turn(place: Place, finding: Finding, turn: Turn, slug: str) -> None:
    """Write, deliver and delete by a clock that is wrong and by one that is right, and look what is there."""
    with transaction() as session:  # nothing of the turn before
        session.execute(delete(Delivery))
        session.execute(delete(Letter))
    pending = write_and_find_token(slug, now=turn.at)
    confirm_later = write_and_find_token(slug, now=turn.at)
    write_and_confirm(slug, now=turn.at)
    unclear, refused = _left_over(turn)
    for hour in range(26, 0, -1):  # until now, the clock was to be believed
        clock_is_steady(now=turn.at - timedelta(hours=hour))
    with RecordingSmtpServer().running() as server:
        for clock in (turn.at + MINUTE, turn.at + turn.shift + MINUTE, turn.at + 3 * MINUTE):
            _run(place, clock, turn, server.url, "worker", "--drain")
            place.app.extensions["redress_clock"] = Clock.starting_at(clock)
            do_chores(all_of_them=True)
        taken = copies(server)
    finding.twice += sum(number - 1 for number in taken.values())
    with db.sessionmaker() as session:
        rows = session.execute(select(Delivery.message_id, Delivery.state, Delivery.text_sealed)).all()
        letters = len(session.scalars(select(Letter.id)).all())
    finding.lost += sum(taken[message_id] == 0 for message_id, state, _text in rows if state == "accepted")
    finding.lost += 3 - letters
    finding.unclear += 1
    finding.promise(letters == 3, f"{turn.name}: {3 - letters} letters were deleted early")
    finding.promise(len(rows) >= len(taken), f"{turn.name}: mails were deleted early")
    if letters < 3:
        return
    finding.promise(state_of(unclear) == "unclear", f"{turn.name}: what is unclear was decided about")
    finding.promise(state_of(refused) == "failed", f"{turn.name}: what was refused was sent again")
    _judge_links(finding, turn, pending, confirm_later)


def _judge_links(finding: Finding, turn: Turn, pending: str, confirm_later: str) -> None:
    look_at(pending, "en", now=turn.at + LINK - MINUTE)
    confirm(confirm_later, now=turn.at + LINK - MINUTE)
    try:
        look_at(pending, "en", now=turn.at + LINK)
    except Gone:
        return
    finding.broken.append(f"{turn.name}: a link does not end after seven days")


def _left_over(turn: Turn) -> tuple:  # type: ignore[type-arg]
    unclear, refused = queue([900, 901], now=turn.at)
    with transaction() as session:
        for one, state in ((unclear, "unclear"), (refused, "failed")):
            row = session.get_one(Delivery, one)
            row.state, row.due_at = state, None
    return unclear, refused


def _run(place: Place, clock: datetime, turn: Turn, url: str, *command: str) -> None:
    variables = {"REDRESS_TEST_NOW": clock.isoformat(), "REDRESS_SMTP_URL": url, "TZ": turn.zone}
    ended = run_borne(*command, environ=place.environ | variables)
    assert ended.returncode == 0, ended.stderr[-800:]
