"""Organizers, the sessions they are signed in with, and invitations."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_security import RoleMixin, UserMixin
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Json
from app.organizers.permissions import ROLES, Role, permissions_of


def _known_role() -> sa.CheckConstraint:
    return sa.CheckConstraint(f"role IN ({', '.join(repr(role) for role in ROLES)})", name="role")


class Organizer(Base, UserMixin):  # type: ignore[misc] # the mixin says that ids are numbers; ours are UUIDs
    """Somebody who works at the desk.

    Names of columns are Flask-Security's where it reads or writes them. `fs_uniquifier` stands in
    the session cookie: another value ends every session. `tf_totp_secret` is encrypted,
    `mf_recovery_codes` holds keyed hashes. `totp_counter` is the time step of the last one-time
    password that was taken: none is taken twice (RFC 6238 §5.2).
    """

    __tablename__ = "organizers"
    __table_args__ = (_known_role(),)

    email: Mapped[str] = mapped_column(sa.String(320), unique=True)
    password: Mapped[str | None] = mapped_column(sa.String(255))
    active: Mapped[bool] = mapped_column(default=True)
    role: Mapped[str] = mapped_column(sa.String(20))
    fs_uniquifier: Mapped[str] = mapped_column(sa.String(64), unique=True)
    tf_primary_method: Mapped[str | None] = mapped_column(sa.String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(sa.String(500))
    totp_counter: Mapped[int | None] = mapped_column(sa.BigInteger)
    mf_recovery_codes: Mapped[list[str]] = mapped_column(Json, default=list)
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]

    def __init__(self, **values: Any) -> None:
        values.setdefault("active", True)
        values.setdefault("fs_uniquifier", uuid.uuid4().hex)
        values.setdefault("mf_recovery_codes", [])
        super().__init__(**values)

    @property
    def roles(self) -> list[RoleMixin]:  # type: ignore[override] # computed here, a column there
        """The one role, as the list that Flask-Security expects."""
        return [Role(self.role)]

    def has_permission(self, permission: str) -> bool:
        """Whether the role allows it."""
        return permission in permissions_of(self.role)

    def verify_auth_token(self, tdata: dict[str, Any]) -> bool:
        """Refuse: there are no tokens that stand in for signing in."""
        return False


class OrganizerSession(Base):
    """One sign-in on one device. The cookie names it; ended here, it is over whatever the cookie says."""

    __tablename__ = "organizer_sessions"

    organizer_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("organizers.id", ondelete="CASCADE"), index=True
    )
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Invitation(Base):
    """A link with which somebody chooses a password, once. The token is stored as SHA-256 only."""

    __tablename__ = "invitations"
    __table_args__ = (_known_role(),)

    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    email: Mapped[str] = mapped_column(sa.String(320), index=True)
    role: Mapped[str] = mapped_column(sa.String(20))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be used at `now`."""
        return self.used_at is None and self.withdrawn_at is None and now < self.expires_at
