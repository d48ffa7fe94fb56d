"""Invitations: a link that lets one person choose a password, once, within three days."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from flask import current_app
from flask_babel import gettext as _
from flask_security import hash_password
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.errors import Gone, NotFound, Refused
from app.organizers import accounts, sessions
from app.organizers.models import Invitation, Organizer
from app.organizers.passwords import checked
from app.organizers.permissions import ROLES
from app.security import audit
from app.security.tokens import hash_token, new_token

GOOD_FOR = timedelta(hours=72)
ANYBODY = ""
"""Stands for the address of the first owner, whom nobody knows yet: they type their own."""


def invite(email: str, role: str, *, actor: str, now: datetime) -> str:
    """Make an invitation; earlier ones to the same address end.

    Args:
        email: whom.
        role: one of `ROLES`.
        actor: who invites, as the audit log names them.
        now: the present instant.

    Returns:
        The link. It is not stored and cannot be shown again.

    Raises:
        Refused: no e-mail address, no such role, or somebody who has an account in use.
    """
    address = normal_address(email)
    if role not in ROLES:
        raise Refused(_("Choose one of the roles."), "role")
    return _make(address, role, actor=actor, now=now)


def ensure_first_invitation(*, now: datetime) -> str | None:
    """Return a link for the first owner, or None where there is an owner already.

    Each call makes a new link and ends the one before: the secret is kept nowhere, so an old one
    cannot be printed again.
    """
    if accounts.has_owner(db.session):
        return None
    return _make(ANYBODY, "owner", actor=audit.COMMAND_LINE, now=now)


def look(token: str, *, now: datetime) -> Invitation:
    """Return the invitation that a link stands for.

    Raises:
        NotFound: no such link.
        Gone: it was used, replaced, or is too old.
    """
    return _usable(db.session, token, now)


def accept(token: str, email: str, password: str, *, now: datetime) -> Organizer:
    """Open the account that a link stands for; the link is used up.

    An account that was closed is opened again, with the invitation's role and a second factor to be
    set up anew.

    Args:
        token: the secret of the link.
        email: the address of the first owner; anybody else's is that of the invitation.
        password: what they chose.
        now: the present instant.

    Raises:
        NotFound, Gone: see `look`.
        Refused: the address or the password cannot be taken.
    """
    invitation = look(token, now=now)
    address = invitation.email or normal_address(email)
    # Hashing takes long on purpose: outside of the transaction, which keeps other writers waiting.
    hashed = hash_password(checked(password, address))
    with transaction() as session:
        invitation = _usable(session, token, now, for_update=True)
        organizer = _opened(session, address, invitation.role, now)
        organizer.password = hashed
        invitation.used_at = now
        audit.record(
            session,
            "invitation.accepted",
            actor=audit.actor_of(organizer.id),
            now=now,
            kind="invitation",
            object_id=invitation.id,
            detail={"role": invitation.role},
        )
    return organizer


def open_invitations(*, now: datetime) -> list[Invitation]:
    """Return the invitations that can still be used, newest first."""
    query = (
        sa.select(Invitation)
        .where(Invitation.used_at.is_(None), Invitation.withdrawn_at.is_(None), Invitation.expires_at > now)
        .order_by(Invitation.created_at.desc())
    )
    return list(db.session.scalars(query))


def link_to(token: str) -> str:
    """Return the address of the page where an invitation is accepted."""
    return f"{current_app.config['REDRESS_SETTINGS'].base_url}/admin/welcome/{token}"


def normal_address(email: str) -> str:
    """Return an e-mail address as accounts are found by it.

    Raises:
        Refused: it is none; the sentence says why (email-validator's).
    """
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Refused(str(error), "email") from None


def _make(address: str, role: str, *, actor: str, now: datetime) -> str:
    token = new_token()
    with transaction() as session:
        _refuse_known(session, address)
        invitation = _replace(session, address, role, token, now)
        audit.record(
            session,
            "invitation.made",
            actor=actor,
            now=now,
            kind="invitation",
            object_id=invitation.id,
            detail={"role": role},
        )
    return link_to(token)


def _refuse_known(session: Session, address: str) -> None:
    known = session.scalar(sa.select(Organizer.id).where(Organizer.email == address, Organizer.active))
    if known is not None:
        raise Refused(_("There is an organizer with this e-mail address already."), "email")


def _replace(session: Session, address: str, role: str, token: str, now: datetime) -> Invitation:
    session.execute(
        sa.update(Invitation)
        .where(Invitation.email == address, Invitation.used_at.is_(None), Invitation.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    invitation = Invitation(
        token_hash=hash_token(token), email=address, role=role, created_at=now, expires_at=now + GOOD_FOR
    )
    session.add(invitation)
    return invitation


def _usable(session: Session, token: str, now: datetime, *, for_update: bool = False) -> Invitation:
    query = sa.select(Invitation).where(Invitation.token_hash == hash_token(token))
    invitation = session.scalar(query.with_for_update() if for_update else query)
    if invitation is None:
        raise NotFound(_("This invitation does not exist. Was the link copied whole?"))
    if not invitation.is_open(now):
        raise Gone(_("This invitation was used, replaced by a newer one, or is too old. Ask for a new one."))
    return invitation


def _opened(session: Session, address: str, role: str, now: datetime) -> Organizer:
    _refuse_known(session, address)
    organizer = session.scalar(sa.select(Organizer).where(Organizer.email == address))
    if organizer is None:
        organizer = Organizer(email=address, role=role, created_at=now)
        session.add(organizer)
        session.flush()
        return organizer
    organizer.active, organizer.role = True, role
    accounts.forget_second_factor(organizer)
    sessions.end_all(session, organizer, now=now)
    return organizer
