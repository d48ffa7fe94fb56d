"""Being signed in: on which device, since when, and when it is over.

The cookie holds two things, signed: which `OrganizerSession` it is, and when it was last used. The
row holds the rest, so that a sign-in can be ended on the server, whoever keeps a copy of the cookie.
"""

from __future__ import annotations

import uuid
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.organizers.models import Organizer, OrganizerSession
from app.security import audit
from app.security.sessions import IDLE_SESSION, LONGEST_SESSION

ID = "desk_session"
SEEN = "desk_seen"
KEPT = timedelta(days=30)
"""For how long it is known when somebody signed in; the audit log keeps it longer."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly the time of last use is kept: a new cookie with every page would be for nothing."""


def begin(
    session: Session, cookie: MutableMapping[str, Any], organizer: Organizer, *, by: str, now: datetime
) -> None:
    """Note that `organizer` signed in on this device. Part of the caller's transaction.

    Args:
        session: the session of that transaction.
        cookie: Flask's session.
        organizer: who.
        by: with what, for the audit log.
        now: the present instant.
    """
    session.execute(
        sa.delete(OrganizerSession).where(
            OrganizerSession.organizer_id == organizer.id, OrganizerSession.started_at < now - KEPT
        )
    )
    row = OrganizerSession(organizer_id=organizer.id, started_at=now)
    session.add(row)
    organizer.signed_in_at = now
    audit.record(
        session,
        "organizer.signed_in",
        actor=audit.actor_of(organizer.id),
        now=now,
        kind="organizer",
        object_id=organizer.id,
        detail={"by": by},
    )
    cookie[ID], cookie[SEEN] = row.id.hex, now.timestamp()


def is_alive(cookie: MutableMapping[str, Any], organizer: Organizer, *, now: datetime) -> bool:
    """Whether the cookie's sign-in still counts; if so, that it was used is noted in the cookie.

    It ends after 30 minutes without use, after 12 hours in all, and when it was ended on the server.
    """
    seen, number = cookie.get(SEEN), cookie.get(ID)
    if not isinstance(seen, int | float) or not isinstance(number, str):
        return False
    last_use = datetime.fromtimestamp(seen, tz=UTC)
    if now - last_use > IDLE_SESSION:
        return False
    row = db.session.get(OrganizerSession, uuid.UUID(number))
    if (
        row is None
        or row.organizer_id != organizer.id
        or row.ended_at
        or now - row.started_at > LONGEST_SESSION
    ):
        return False
    if now - last_use > SEEN_EVERY:
        cookie[SEEN] = now.timestamp()
    return True


def forget(cookie: MutableMapping[str, Any]) -> None:
    """Take out of the cookie what `begin` put there."""
    cookie.pop(ID, None)
    cookie.pop(SEEN, None)


def end(cookie: MutableMapping[str, Any], organizer: Organizer, *, now: datetime) -> None:
    """End this device's sign-in on the server."""
    number = cookie.get(ID)
    forget(cookie)
    if number is None:
        return
    with transaction() as session:
        row = session.get(OrganizerSession, uuid.UUID(number))
        if row is not None and row.ended_at is None:
            row.ended_at = now
            audit.record(session, "organizer.signed_out", actor=audit.actor_of(organizer.id), now=now)


def end_all(session: Session, organizer: Organizer, *, now: datetime) -> None:
    """End every sign-in of `organizer`, on all devices. Part of the caller's transaction."""
    organizer.fs_uniquifier = uuid.uuid4().hex
    session.execute(
        sa.update(OrganizerSession)
        .where(OrganizerSession.organizer_id == organizer.id, OrganizerSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def end_everybodys(session: Session, *, now: datetime) -> None:
    """End every sign-in of all organizers. Part of the caller's transaction."""
    for organizer in session.scalars(sa.select(Organizer)):
        end_all(session, organizer, now=now)
