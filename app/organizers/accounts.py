"""Who has an account, and what becomes of it."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.errors import NotFound, Refused
from app.organizers import sessions
from app.organizers.models import Organizer
from app.organizers.permissions import ROLES, permissions_of
from app.security import audit


def listed() -> list[Organizer]:
    """Return all accounts, those in use first, by address."""
    query = sa.select(Organizer).order_by(Organizer.active.desc(), Organizer.email)
    return list(db.session.scalars(query))


def find(organizer_id: uuid.UUID) -> Organizer:
    """Return one account.

    Raises:
        NotFound: there is none.
    """
    return _existing(db.session, organizer_id)


def find_by_email(email: str) -> Organizer:
    """Return the account of an address.

    Raises:
        NotFound: there is none.
    """
    organizer = db.session.scalar(sa.select(Organizer).where(Organizer.email == email.strip().lower()))
    if organizer is None:
        raise NotFound(_("There is no organizer with this e-mail address."))
    return organizer


def is_alone(organizer_id: uuid.UUID, permission: str) -> bool:
    """Whether nobody but this organizer could do something: no other account in use has the permission."""
    roles = [role for role in ROLES if permission in permissions_of(role)]
    others = sa.select(Organizer.id).where(
        Organizer.active, Organizer.role.in_(roles), Organizer.id != organizer_id
    )
    return db.session.scalar(others.limit(1)) is None


def names_of_actors() -> dict[str, str]:
    """Return the addresses of organizers by what journal and audit log call them."""
    return {audit.actor_of(row.id): row.email for row in db.session.scalars(sa.select(Organizer))}


def change_role(organizer_id: uuid.UUID, role: str, *, actor: str, now: datetime) -> Organizer:
    """Give an organizer another role; it counts from the next page that they open.

    Raises:
        NotFound: there is no such account.
        Refused: there is no such role, or nobody would be left who can invite.
    """
    if role not in ROLES:
        raise Refused(_("Choose one of the roles."), "role")
    with transaction() as session:
        organizer = _existing(session, organizer_id)
        if organizer.role == role:
            return organizer
        _keep_an_owner(session, organizer)
        change = {"from": organizer.role, "to": role}
        organizer.role = role
        _note(session, "organizer.role_changed", organizer, actor=actor, now=now, detail=change)
    return organizer


def deactivate(organizer_id: uuid.UUID, *, actor: str, now: datetime) -> Organizer:
    """Close an account and end its sign-ins, on all devices and at once. A new invitation opens it again.

    Raises:
        NotFound: there is no such account.
        Refused: nobody would be left who can invite.
    """
    with transaction() as session:
        organizer = _existing(session, organizer_id)
        if not organizer.active:
            return organizer
        _keep_an_owner(session, organizer)
        organizer.active = False
        sessions.end_all(session, organizer, now=now)
        _note(session, "organizer.deactivated", organizer, actor=actor, now=now)
    return organizer


def reset_second_factor(organizer_id: uuid.UUID, *, actor: str, now: datetime) -> Organizer:
    """Forget authenticator and recovery codes: at the next sign-in new ones are set up.

    For somebody who lost both. Whoever asks for it must be known by other means: from here on the
    password alone opens the account.

    Raises:
        NotFound: there is no such account.
    """
    with transaction() as session:
        organizer = _existing(session, organizer_id)
        forget_second_factor(organizer)
        sessions.end_all(session, organizer, now=now)
        _note(session, "organizer.second_factor_reset", organizer, actor=actor, now=now)
    return organizer


def sign_out_everywhere(organizer_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """End the sign-ins of an account on all devices."""
    with transaction() as session:
        organizer = _existing(session, organizer_id)
        sessions.end_all(session, organizer, now=now)
        _note(session, "organizer.signed_out_everywhere", organizer, actor=actor, now=now)


def forget_second_factor(organizer: Organizer) -> None:
    """Take everything of the second factor out of the row."""
    organizer.tf_primary_method = None
    organizer.tf_totp_secret = None
    organizer.totp_counter = None
    organizer.mf_recovery_codes = []


def has_owner(session: Session) -> bool:
    """Whether anybody can invite: an owner whose account is in use."""
    query = sa.select(Organizer.id).where(Organizer.role == "owner", Organizer.active)
    return session.scalar(query.limit(1)) is not None


def _existing(session: Session, organizer_id: uuid.UUID) -> Organizer:
    organizer = session.get(Organizer, organizer_id)
    if organizer is None:
        raise NotFound(_("There is no such organizer."))
    return organizer


def _keep_an_owner(session: Session, organizer: Organizer) -> None:
    # Locked in one order, so that two owners cannot take the role from each other at the same moment.
    query = (
        sa.select(Organizer.id)
        .where(Organizer.role == "owner", Organizer.active)
        .order_by(Organizer.id)
        .with_for_update()
    )
    if list(session.scalars(query)) == [organizer.id]:
        raise Refused(_("This is the only owner. Make somebody else an owner first."))


def _note(
    session: Session,
    action: str,
    organizer: Organizer,
    *,
    actor: str,
    now: datetime,
    detail: dict[str, str] | None = None,
) -> None:
    audit.record(
        session, action, actor=actor, now=now, kind="organizer", object_id=organizer.id, detail=detail
    )
