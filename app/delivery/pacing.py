"""Who may leave now and who waits until when: the lanes in the database, shared by all workers.

A lane is a row: of a domain, an office, a campaign. Whoever allots slots locks the rows that it needs,
always in the same order (on SQLite the write transaction is the lock), so that two workers never give the
same slot. What must wait gets a `due_at` and is not looked at again before.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import Base, Json
from app.delivery import causes
from app.delivery.lane import MICROSECOND, SECOND, Lane, instant, micro
from app.delivery.limits import DAY, HOUR, MINUTE, UNLIMITED, Limits, Wishes
from app.delivery.models import Delivery
from app.security.keys import current_keys

CONNECTION_WAIT: Final = 2 * SECOND
"""How long a letter waits for another worker's connection to its domain to be over."""
PLAUSIBLE: Final = 3600 * SECOND
"""A plan that reaches further is held against what really waits: the clock may have been wrong."""
LONGEST_REST: Final = 2 * 3600 * SECOND


class Rate(NamedTuple):
    """How many in which window, by a clock that is so far `ahead` of UTC."""

    most: int
    window: timedelta
    ahead: timedelta = timedelta()


class PaceLane(Base):
    """What left lately in one lane and what is planned (see `lane`), and how its domain has answered.

    `key` is `letters:DOMAIN`, `notices:HMAC of the domain`, `office:ID` or `campaign:ID`. `answers` are
    the last answers of the mail server about letters to the domain, a `+` or a `4` each; while `is_open`,
    the breaker lets one letter through when `rest_until` has come. `openings` counts its openings in a row.
    """

    __tablename__ = "pace_lanes"

    key: Mapped[str] = mapped_column(sa.String(300), unique=True)
    taken: Mapped[list[list[int]]] = mapped_column(Json, default=list)
    planned: Mapped[list[list[int]]] = mapped_column(Json, default=list)
    answers: Mapped[str] = mapped_column(sa.String(60), default="")
    is_open: Mapped[bool] = mapped_column(default=False)
    openings: Mapped[int] = mapped_column(default=0)
    rest_until: Mapped[datetime | None]


@dataclass(frozen=True)
class Due:
    """What is known of a delivery that is due."""

    id: uuid.UUID
    kind: str
    domain: str
    recipient_id: uuid.UUID | None
    campaign_id: uuid.UUID | None
    due_at: datetime | None
    slot_at: datetime | None
    suspect: bool = False
    """Whether a worker has broken off an attempt of it, and it may have been the cause."""

    @property
    def booked(self) -> int | None:
        """The instant that it was given, if that is what it waited for."""
        return micro(self.due_at) if self.due_at is not None and self.slot_at == self.due_at else None


COLUMNS: Final = (
    Delivery.id,
    Delivery.kind,
    Delivery.domain,
    Delivery.recipient_id,
    Delivery.campaign_id,
    Delivery.due_at,
    Delivery.slot_at,
    # What a server did not take for now is deferred; what is queued after an attempt was broken off here.
    sa.and_(Delivery.state == "queued", Delivery.reason.in_((causes.WORKER_LOST, causes.FAILED_INSIDE))),
)


def letters_lane(domain: str) -> str:
    """Return the key of the lane of letters to a domain."""
    return f"letters:{domain}"


def notices_lane(domain: str) -> str:
    """Return the key of the lane of our own mails to a domain: it may be somebody's, so it is not named."""
    return f"notices:{current_keys().mac('lane', domain.encode()).hex()}"


def allot(
    session: Session, rows: Sequence[Due], *, worker: str, now: datetime, limits: Limits, most: int
) -> tuple[list[Due], dict[uuid.UUID, datetime]]:
    """Decide who of those that are due may leave now. Part of the caller's transaction.

    Args:
        session: holds the locks of `rows`.
        rows: in the order in which they should leave.
        worker: who asks.
        now: the instant.
        limits: how fast.
        most: how many may at most; when they are found, the others are not looked at.

    Returns:
        Those who may; for each of the others that were looked at, when to look again: later than `now`.
    """
    if limits is UNLIMITED:
        return list(rows[:most]), {}
    offices = {id_ for row in rows if (id_ := _office(row)) is not None}
    wishes = {id_: limits.wishes_of(id_) for id_ in offices}
    campaigns = {row.campaign_id for row in rows if row.campaign_id is not None}
    hourly = {id_: limits.of_campaign(id_) for id_ in campaigns}
    ways = {row.id: _lanes_of(row, limits, wishes, hourly, now) for row in rows}
    rates = {key: rate for way in ways.values() for key, rate in way.items()}
    desk = _Desk(session, rates, wishes, worker=worker, now=now, most=limits.connections)
    granted: list[Due] = []
    later: dict[uuid.UUID, datetime] = {}
    for row in rows:
        if len(granted) == most:
            break
        until = desk.wait(row, ways[row.id])
        if until is None:
            granted.append(row)
        else:
            later[row.id] = instant(until)
    desk.save()
    return granted, later


def _office(row: Due) -> uuid.UUID | None:
    return row.recipient_id if row.kind == "letter" else None


def _lanes_of(
    row: Due,
    limits: Limits,
    wishes: Mapping[uuid.UUID, Wishes],
    hourly: Mapping[uuid.UUID, int],
    now: datetime,
) -> dict[str, Rate]:
    """Return the lanes that a delivery goes through, the slowest first, each with its rate and window."""
    if row.kind != "letter":
        return {notices_lane(row.domain): Rate(limits.notices, MINUTE)} if limits.notices else {}
    lanes = {}
    if row.recipient_id is not None:
        wished = wishes[row.recipient_id]
        if wished.daily_limit is not None and not wished.digest:
            day = Rate(wished.daily_limit, DAY, wished.ahead_of_utc(now))
            lanes[f"office:{row.recipient_id.hex}"] = day
    if row.campaign_id is not None and hourly[row.campaign_id]:
        lanes[f"campaign:{row.campaign_id.hex}"] = Rate(hourly[row.campaign_id], HOUR)
    if limits.letters:
        lanes[letters_lane(row.domain)] = Rate(limits.letters, MINUTE)
    return lanes


class _Desk:
    """The lanes of one claim, locked."""

    def __init__(
        self,
        session: Session,
        rates: Mapping[str, Rate],
        wishes: Mapping[uuid.UUID, Wishes],
        *,
        worker: str,
        now: datetime,
        most: int,
    ) -> None:
        self._session = session
        self._now = micro(now)
        self._instant = now
        self._wishes = wishes
        self._rows = lock_lanes(session, rates)
        self._lanes = {key: _lane(session, row, rates[key], now=now) for key, row in self._rows.items()}
        self._busy = _busy_domains(session, rates, worker=worker, most=most)

    def wait(self, row: Due, way: Mapping[str, Rate]) -> int | None:
        """Let a delivery leave (None), or return when to look again."""
        office = _office(row)
        if office is not None:
            opening = self._wishes[office].opening(self._instant)
            if opening > self._instant:
                return micro(opening)
        for key, rate in way.items():
            if not rate.most:
                return self._now + rate.window // MICROSECOND
            until = self._lanes[key].wait_until(self._now, booked=row.booked, earliest=self._rest(key))
            if until is not None:
                return until
        if row.kind == "letter" and row.domain in self._busy:
            return self._now + CONNECTION_WAIT
        for key in way:
            self._lanes[key].take(self._now)
            self._probe(key)
        return None

    def _rest(self, key: str) -> int:
        until = self._rows[key].rest_until
        rest = micro(until) if until is not None else 0
        return rest if rest <= self._now + LONGEST_REST else 0

    def _probe(self, key: str) -> None:
        # The breaker is half open: this one letter tells how the domain is, and the others wait for that.
        row = self._rows[key]
        if row.is_open:
            row.rest_until = self._instant + MINUTE

    def save(self) -> None:
        """Write down what was allotted."""
        for key, lane in self._lanes.items():
            self._rows[key].taken, self._rows[key].planned = lane.left, lane.planned
        self._session.flush()


def lock_lanes(session: Session, keys: Iterable[str]) -> dict[str, PaceLane]:
    """Return the rows of lanes, locked until the transaction ends; those that were not there are made."""
    wanted = sorted(keys)
    if not wanted:
        return {}
    query = sa.select(PaceLane).where(PaceLane.key.in_(wanted)).order_by(PaceLane.key).with_for_update()
    found = {row.key: row for row in session.scalars(query)}
    if len(found) < len(wanted):
        new = [_new_lane(key) for key in wanted if key not in found]
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        session.execute(dialect.insert(cast(sa.Table, PaceLane.__table__)).on_conflict_do_nothing(), new)
        found = {row.key: row for row in session.scalars(query)}
    return found


def _new_lane(key: str) -> dict[str, Any]:
    return {
        "id": uuid.uuid4(),
        "key": key,
        "taken": [],
        "planned": [],
        "answers": "",
        "is_open": False,
        "openings": 0,
    }


def _lane(session: Session, row: PaceLane, rate: Rate, *, now: datetime) -> Lane:
    # Copies: SQLAlchemy writes a list when it is another one than it read.
    lane = Lane(
        max(rate.most, 1),
        rate.window // MICROSECOND,
        [list(run) for run in row.taken],
        [list(run) for run in row.planned],
        rate.ahead // MICROSECOND,
    )
    lane.set_right(micro(now))
    if lane.planned and lane.planned[-1][0] > micro(now) + PLAUSIBLE:
        rounds = _waiting(session, row.key) // lane.rate + 2
        if lane.planned[-1][0] > micro(now) + rounds * lane.window:
            lane.planned = []
    return lane


def _waiting(session: Session, key: str) -> int:
    kind, _colon, name = key.partition(":")
    which: tuple[sa.ColumnElement[bool], ...]
    if kind == "notices":
        which = (Delivery.kind == "notice",)
    elif kind == "letters":
        which = (Delivery.domain == name, Delivery.kind == "letter")
    else:
        column = Delivery.recipient_id if kind == "office" else Delivery.campaign_id
        which = (column == uuid.UUID(name), Delivery.kind == "letter")
    query = sa.select(sa.func.count()).select_from(Delivery).where(Delivery.due_at.is_not(None), *which)
    return session.scalars(query).one()


def _busy_domains(session: Session, keys: Iterable[str], *, worker: str, most: int) -> set[str]:
    """Return the domains to which so many other workers hand letters that one more would be too many."""
    domains = [key.partition(":")[2] for key in keys if key.startswith("letters:")]
    if not domains:
        return set()
    query = (
        sa.select(Delivery.domain)
        .where(
            Delivery.leased_by.is_not(None),
            Delivery.leased_by != worker,
            Delivery.kind == "letter",
            Delivery.domain.in_(domains),
        )
        .group_by(Delivery.domain)
        .having(sa.func.count(Delivery.leased_by.distinct()) >= most)
    )
    return set(session.scalars(query))


_deliveries = cast(sa.Table, Delivery.__table__)
_DEFER = (
    sa.update(_deliveries)
    .where(_deliveries.c.id == sa.bindparam("delivery"))
    .values(due_at=sa.bindparam("at"), slot_at=sa.bindparam("at"))
)


def defer(session: Session, later: Mapping[uuid.UUID, datetime]) -> None:
    """Let deliveries wait until the instants that they were given. Part of the caller's transaction."""
    if later:
        session.connection().execute(_DEFER, [{"delivery": id_, "at": at} for id_, at in later.items()])
