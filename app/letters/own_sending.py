"""Letters that supporters send themselves: counted, and nothing else is kept of them.

A count for each campaign, office, channel and day. So that a button pressed twice counts once, a keyed hash
of the form's random key is kept for a week; it tells nothing about who pressed it.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Final, Literal

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import Base, transaction
from app.errors import TooMany
from app.security.keys import current_keys
from app.security.rate_limits import hit, seconds_left

Channel = Literal["email", "web_form"]
HOUR: Final = timedelta(hours=1)
SENDINGS_AN_HOUR: Final = 240
"""From one network: a full hall whose people write to several offices each."""
MARKS_KEPT: Final = timedelta(days=7)


class OwnSending(Base):
    """How many letters of a campaign supporters sent to an office themselves on one day, as they told."""

    __tablename__ = "own_sendings"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "recipient_id", "channel", "day"),
        sa.CheckConstraint("channel IN ('email', 'web_form')", name="channel"),
    )

    campaign_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("campaigns.id", ondelete="CASCADE"))
    recipient_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("recipients.id", ondelete="CASCADE"), index=True
    )
    channel: Mapped[str] = mapped_column(sa.String(10))
    day: Mapped[date]
    count: Mapped[int]


class OwnSendingMark(Base):
    """That a form was counted for an office: a hash that nobody without the key file can make."""

    __tablename__ = "own_sending_marks"

    key_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    day: Mapped[date]


def count_own_sending(
    campaign_id: uuid.UUID,
    recipient_id: uuid.UUID,
    channel: Channel,
    *,
    key: uuid.UUID,
    network: str | None,
    now: datetime,
) -> bool:
    """Count a letter that somebody has sent to an office themselves.

    Args:
        campaign_id: of which campaign.
        recipient_id: to which office.
        channel: by their own mail program, or by the office's form.
        key: random, of the form that they were given: it counts once for each office.
        network: where it came from, as `network_of` names it; None is not limited.
        now: the instant.

    Returns:
        Whether it was counted now; False where it had been before.

    Raises:
        TooMany: this network has told of too many within the hour.
    """
    mark = current_keys().mac("own sending", campaign_id.bytes + recipient_id.bytes + key.bytes)
    with transaction() as session:
        allowed = _within_limit(session, network, now)
        if allowed and (is_new := _is_new(session, mark, now.date())):
            _add(session, campaign_id, recipient_id, channel, now.date())
    if not allowed:  # raised outside: an exception inside would undo the count
        raise TooMany(
            _("Too many letters were counted from your network within an hour."), seconds_left(HOUR, now=now)
        )
    return is_new


def _within_limit(session: Session, network: str | None, now: datetime) -> bool:
    return network is None or hit(session, "own sendings", network, window=HOUR, now=now) <= SENDINGS_AN_HOUR


def _is_new(session: Session, mark: bytes, day: date) -> bool:
    statement = _insert(session)(OwnSendingMark).values(id=uuid.uuid4(), key_hash=mark, day=day)
    statement = statement.on_conflict_do_nothing(index_elements=[OwnSendingMark.key_hash])
    return session.execute(statement.returning(OwnSendingMark.id)).first() is not None


def _add(
    session: Session, campaign_id: uuid.UUID, recipient_id: uuid.UUID, channel: Channel, day: date
) -> None:
    place = {"campaign_id": campaign_id, "recipient_id": recipient_id, "channel": channel, "day": day}
    statement = _insert(session)(OwnSending).values(id=uuid.uuid4(), count=1, **place)
    statement = statement.on_conflict_do_update(
        index_elements=list(place), set_={"count": OwnSending.count + 1}
    )
    session.execute(statement)


def _insert(session: Session) -> type[sqlite.Insert] | type[postgresql.Insert]:
    return postgresql.Insert if session.get_bind().dialect.name == "postgresql" else sqlite.Insert


def own_sendings_of_campaign(session: Session, campaign_id: uuid.UUID) -> int:
    """Return how many letters of a campaign supporters told to have sent themselves."""
    total = sa.select(sa.func.sum(OwnSending.count)).where(OwnSending.campaign_id == campaign_id)
    return session.scalar(total) or 0


def own_sendings_to(session: Session, recipient_id: uuid.UUID) -> dict[tuple[uuid.UUID, str], int]:
    """Return how many letters to an office supporters told to have sent, by campaign and channel."""
    place = (OwnSending.campaign_id, OwnSending.channel)
    query = (
        sa.select(*place, sa.func.sum(OwnSending.count))
        .where(OwnSending.recipient_id == recipient_id)
        .group_by(*place)
    )
    return {(campaign_id, channel): count for campaign_id, channel, count in session.execute(query)}


def purge_marks(session: Session, now: datetime, *, limit: int) -> int:
    """Delete what keeps a form from being counted twice, a week after it was; return how many."""
    old = sa.select(OwnSendingMark.id).where(OwnSendingMark.day < (now - MARKS_KEPT).date()).limit(limit)
    marks = list(session.scalars(old))
    session.execute(sa.delete(OwnSendingMark).where(OwnSendingMark.id.in_(marks)))
    return len(marks)
