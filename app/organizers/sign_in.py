"""Signing in: Flask-Security, bound to our accounts, with only those of its pages that we use.

Its views change rows through `db.session` and commit after the answer was made. Requests that may do
so begin as writers (`_before`), so that on SQLite nothing is refused half-way, and lock the account.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Flask, abort, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, user_logged_out
from flask_security import FSQLALiteUserDatastore, Security
from flask_security import views as pages
from flask_security.recovery_codes import mf_recovery, mf_recovery_codes
from werkzeug.wrappers import Response

from app import clock
from app.database import db
from app.organizers import guessing, sessions, sign_in_forms, sign_in_log
from app.organizers.messages import MESSAGES
from app.organizers.models import Organizer
from app.organizers.passwords import SHORTEST, Passwords
from app.organizers.permissions import Role
from app.organizers.second_factor import OneTimePasswords
from app.organizers.sign_in_log import LoggedRecoveryCodes
from app.organizers.sign_in_pages import CODES, GUESSED, account_in_question, render
from app.security.guard import ORGANIZER, PUBLIC, Audience, declare
from app.security.keys import LiveKeys

FRESH = timedelta(minutes=15)
"""For how long after typing the password somebody may do what matters most."""
CLOCKS_DIFFER = 30
"""Seconds by which an authenticator's clock may be wrong."""
WRITES = frozenset({"change_password", "two_factor_token_validation", "mf_recovery", "mf_recovery_codes"})
TRANSLATIONS = Path(__file__).resolve().parents[1] / "i18n" / "translations"

_GET_AND_POST = ("GET", "POST")


class Accounts(FSQLALiteUserDatastore):
    """Finds organizers for Flask-Security; in a request that writes, the row is locked."""

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> Any:
        user = super().find_user(case_insensitive=case_insensitive, **kwargs)
        if user is not None and g.get("redress_writes"):
            # Of two requests with the same one-time code the second sees what the first did.
            db.session.refresh(user, with_for_update=True)
        return user


def init_sign_in(app: Flask) -> None:
    """Give `app` its accounts and the pages under /admin that let people in and out."""
    app.config.update(_options(app.extensions["redress_keys"]), **MESSAGES)
    security = Security(
        app,
        Accounts(db, Organizer, Role),
        register_blueprint=False,
        login_form=sign_in_forms.SignInForm,
        verify_form=sign_in_forms.ConfirmPasswordForm,
        change_password_form=sign_in_forms.NewPasswordForm,
        two_factor_setup_form=sign_in_forms.SetUpForm,
        two_factor_verify_code_form=sign_in_forms.OneTimePasswordForm,
        two_factor_rescue_form=sign_in_forms.RescueForm,
        mf_recovery_form=sign_in_forms.RecoveryForm,
        mf_recovery_codes_form=sign_in_forms.NewCodesForm,
        password_util_cls=Passwords,
        totp_cls=OneTimePasswords,
        mf_recovery_codes_util_cls=LoggedRecoveryCodes,
        # Its views return what it gives back, and that may be a whole answer with a status.
        render_template=cast("Callable[..., str]", render),
    )
    _trim(security)
    _register_pages(app)
    sign_in_log.listen(app)
    user_logged_out.connect(_signed_out, app)


def _options(keys: LiveKeys) -> dict[str, object]:
    return {
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        # An HMAC under this goes before the hash: a stolen database alone is nothing to guess against.
        "SECURITY_PASSWORD_SINGLE_HASH": [],
        "SECURITY_PASSWORD_SALT": keys.mac("password", b"").hex(),
        "SECURITY_PASSWORD_LENGTH_MIN": SHORTEST,
        "SECURITY_CHANGEABLE": True,
        "SECURITY_SEND_PASSWORD_CHANGE_EMAIL": False,
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_REQUIRED": True,
        "SECURITY_TWO_FACTOR_ALWAYS_VALIDATE": True,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_IMPLEMENTATIONS": {"code": "flask_security.twofactor.CodeTfPlugin"},
        "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": CLOCKS_DIFFER,
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TOTP_SECRETS": {"1": keys.mac("totp", b"").hex()},
        "SECURITY_TOTP_ISSUER": "Redress",
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_FRESHNESS": FRESH,
        "SECURITY_FRESHNESS_GRACE_PERIOD": FRESH,
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_JOIN_USER_ROLES": False,
        "SECURITY_FLASH_MESSAGES": False,
        "SECURITY_I18N_DOMAIN": "messages",
        "SECURITY_I18N_DIRNAME": [str(TRANSLATIONS)],
        "SECURITY_CLI_USERS_NAME": None,
        "SECURITY_CLI_ROLES_NAME": None,
        "SECURITY_POST_LOGIN_VIEW": "/admin/signed-in",
        "SECURITY_POST_LOGOUT_VIEW": "/admin/login",
        "SECURITY_POST_VERIFY_VIEW": "/admin/account",
        "SECURITY_POST_CHANGE_VIEW": "/admin/account",
        "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "/admin/account",
        "SECURITY_TWO_FACTOR_ERROR_VIEW": "/admin/login",
        # It would put a hash of address and browser into the cookie: nothing that we want to hold.
        "SESSION_PROTECTION": None,
    }


def _trim(security: Security) -> None:
    manager = security.login_manager
    manager.user_loader(partial(_load, manager.user_callback))
    # Flask-Principal would look for an organizer behind every request, those of supporters too.
    security.principal.identity_loaders.clear()
    security.want_json(lambda _request: False)
    security.reauthn_handler(_ask_again)


def _load(find: Callable[[str], Organizer | None], user_id: str) -> Organizer | None:
    organizer = find(user_id)
    if organizer is None or sessions.is_alive(session, organizer, now=clock.now()):
        return organizer
    if sessions.ID in session:
        sessions.forget(session)
        flash(_("You were away for a while, so you were signed out. Please sign in again."), "info")
    session.pop("_user_id", None)
    return None


def _register_pages(app: Flask) -> None:
    bp = Blueprint("security", __name__, url_prefix="/admin")
    for path, view, methods, who in (
        ("/login", pages.login, _GET_AND_POST, PUBLIC),
        ("/logout", pages.logout, ("POST",), PUBLIC),
        ("/verify", pages.verify, _GET_AND_POST, ORGANIZER),
        ("/change", pages.change_password, _GET_AND_POST, ORGANIZER),
        # The next three know from the session whether the password was given, and send others away.
        ("/tf-setup", pages.two_factor_setup, _GET_AND_POST, PUBLIC),
        ("/tf-validate", pages.two_factor_token_validation, _GET_AND_POST, PUBLIC),
        ("/mf-recovery", mf_recovery, _GET_AND_POST, PUBLIC),
        ("/mf-recovery-codes", mf_recovery_codes, _GET_AND_POST, ORGANIZER),
        # Flask-Security links to it; what it offers beside recovery codes (mail to us) we do not.
        ("/tf-rescue", two_factor_rescue, ("GET",), PUBLIC),
    ):
        bp.add_url_rule(path, view_func=view, methods=methods)
        _declare(app, view.__name__, who)
    bp.before_request(_before)
    app.register_blueprint(bp)


def _declare(app: Flask, name: str, who: Audience) -> None:
    declare(app, f"security.{name}", who)


def two_factor_rescue() -> ResponseReturnValue:
    """Lead to the page where a recovery code is typed."""
    return redirect(url_for("security.mf_recovery"), 303)


def _before() -> ResponseReturnValue | None:
    if request.is_json:
        abort(400)
    name = (request.endpoint or "").removeprefix("security.")
    if name == "two_factor_token_validation" and _has_nothing_to_prove():
        # Flask-Security would sign them out, for going back a page.
        return redirect(url_for("admin_account.show"))
    if request.method != "POST":
        return None
    if name in GUESSED:
        guessing.admit(
            request.remote_addr or "",
            account_in_question(),
            knows_password=name in CODES,
            now=clock.now(),
        )
    if name in WRITES:
        g.redress_writes = True
        db.session.rollback()
        db.session.connection(execution_options={"redress_write": True})
    return None


def _has_nothing_to_prove() -> bool:
    return bool(current_user.is_authenticated) and session.get("tf_state") != "validating_profile"


def _ask_again(_within: timedelta, _grace: timedelta) -> Response:
    return redirect(url_for("security.verify", next=request.path), 303)


def _signed_out(_app: Flask, user: Any, **_more: object) -> None:
    if isinstance(organizer := getattr(user, "_get_current_object", lambda: user)(), Organizer):
        sessions.end(session, organizer, now=clock.now())
        flash(_("You are signed out."), "info")
