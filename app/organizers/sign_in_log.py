"""What signing in leaves in the audit log and in the sessions: Flask-Security's signals, written down."""

from __future__ import annotations

from typing import Any

from flask import Flask, flash, request, session
from flask_babel import gettext as _
from flask_security.signals import (
    password_changed,
    tf_code_confirmed,
    tf_profile_changed,
    user_authenticated,
    user_failed_authn,
)

from app import clock
from app.database import db, transaction
from app.organizers import sessions
from app.organizers.models import Organizer
from app.organizers.second_factor import RecoveryCodes
from app.security import audit


def listen(app: Flask) -> None:
    """Write down what happens on the sign-in pages of `app`."""
    user_authenticated.connect(_signed_in, app)
    user_failed_authn.connect(_failed, app)
    password_changed.connect(_password_changed, app)
    tf_code_confirmed.connect(_code_confirmed, app)
    tf_profile_changed.connect(_second_factor_changed, app)


class LoggedRecoveryCodes(RecoveryCodes):
    """Recovery codes whose making, and the typing of wrong ones, is written down."""

    def check_recovery_code(self, user: Any, code: str) -> bool:
        """Whether `code` is one that was not used yet."""
        is_good = super().check_recovery_code(user, code)
        if not is_good:
            user.track_failed_authn("recovery code", True)
        return is_good

    def create_recovery_codes(self, user: Any) -> list[str]:
        """Make new codes (see the base)."""
        codes = super().create_recovery_codes(user)
        _note("organizer.recovery_codes_made", user)
        return codes


def _signed_in(_app: Flask, user: Organizer, **_more: object) -> None:
    by = {"security.mf_recovery": "recovery code"}.get(request.endpoint or "", "one-time password")
    if request.endpoint == "security.change_password":
        by = "new password"
    sessions.begin(db.session, session, user, by=by, now=clock.now())


def _failed(_app: Flask, user: Organizer, auth_type: str = "", **_more: object) -> None:
    # In a transaction of its own: the request changes nothing else, and what it read may be let go.
    organizer_id = user.id
    with transaction() as own:
        audit.record(
            own,
            "organizer.sign_in_failed",
            actor=audit.SYSTEM,
            now=clock.now(),
            kind="organizer",
            object_id=organizer_id,
            detail={"by": auth_type},
        )


def _password_changed(_app: Flask, user: Organizer, **_more: object) -> None:
    _note("organizer.password_changed", user)
    flash(_("Your password is changed. On other devices you are signed out."), "success")


def _code_confirmed(_app: Flask, user: Organizer, **_more: object) -> None:
    if session.get("tf_state") == "validating_profile":
        _note("organizer.second_factor_set_up", user)


def _second_factor_changed(_app: Flask, user: Organizer, **_more: object) -> None:
    _note("organizer.second_factor_set_up", user)
    flash(_("Your new authenticator is set up; codes of the old one do not count any more."), "success")


def _note(action: str, organizer: Any) -> None:
    audit.record(
        db.session,
        action,
        actor=audit.actor_of(organizer.id),
        now=clock.now(),
        kind="organizer",
        object_id=organizer.id,
    )
