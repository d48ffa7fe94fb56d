"""Switches of the whole installation: rules that an owner may turn off, and that are on otherwise.

They stand on this floor because the room that keeps a rule (recipients) and the one whose people may
switch it (organizers) are neighbours.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import Base, db, transaction
from app.security import audit

FOUR_EYES = "four_eyes"
"""Nothing is sent to an address that only one person has looked at."""

_ON, _OFF = "on", "off"


class Option(Base):
    """A switch that somebody has touched. What has no row is as it is in a fresh installation: on."""

    __tablename__ = "options"

    name: Mapped[str] = mapped_column(sa.String(60), unique=True)
    value: Mapped[str] = mapped_column(sa.String(200))


def is_on(name: str, session: Session | None = None) -> bool:
    """Whether a rule is kept.

    Args:
        name: the switch, such as `FOUR_EYES`.
        session: the transaction that depends on it; for a page, the request's.
    """
    # Whatever else stands there, only the plain word turns a rule off.
    return (session or db.session).scalar(sa.select(Option.value).where(Option.name == name)) != _OFF


def switch(name: str, is_kept: bool, *, actor: str, now: datetime) -> None:
    """Turn a rule on or off; the audit log tells by whom.

    Args:
        name: the switch.
        is_kept: whether the rule is kept from now on.
        actor: for the audit log.
        now: the present instant.
    """
    with transaction() as session:
        if is_on(name, session) == is_kept:
            return
        option = session.scalar(sa.select(Option).where(Option.name == name).with_for_update())
        if option is None:
            option = Option(name=name)
            session.add(option)
        option.value = _ON if is_kept else _OFF
        action = "rule.switched_on" if is_kept else "rule.switched_off"
        audit.record(session, action, actor=actor, now=now, kind="rule", detail={"rule": name})
