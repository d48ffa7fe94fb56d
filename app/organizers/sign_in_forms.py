"""Flask-Security's forms with our labels. Its checks stay; its sentences are replaced (see `sign_in`)."""

from __future__ import annotations

from typing import Any

from flask import request, session
from flask_babel import lazy_gettext as _l
from flask_security import (
    ChangePasswordForm,
    LoginForm,
    MfRecoveryCodesForm,
    MfRecoveryForm,
    TwoFactorRescueForm,
    TwoFactorSetupForm,
    TwoFactorVerifyCodeForm,
    VerifyForm,
)
from wtforms import EmailField, HiddenField, PasswordField, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import EqualTo, InputRequired, Length

WELCOMED = "desk_welcomed"
"""Where the session keeps the address of somebody who has just accepted an invitation."""
_LONGEST = 400


def _current_password(label: object) -> PasswordField:
    return PasswordField(
        label,
        validators=[InputRequired(_l("Type your password.")), Length(max=_LONGEST)],
        render_kw={"autocomplete": "current-password"},
    )


class SignInForm(LoginForm):
    """Address and password. There is no “remember me”: a desk with personal data is not left open."""

    email = EmailField(
        _l("E-mail address"),
        validators=[InputRequired(_l("Type your e-mail address.")), Length(max=320)],
        render_kw={"autocomplete": "username"},
    )
    password = _current_password(_l("Password"))
    remember = None
    next = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if request.method == "GET":
            self.email.data = session.get(WELCOMED, "")


class ConfirmPasswordForm(VerifyForm):
    """The password once more, before something that matters."""

    password = _current_password(_l("Password"))


class NewPasswordForm(ChangePasswordForm):
    """The present password and a new one."""

    password = _current_password(_l("Present password"))
    new_password = PasswordField(
        _l("New password"),
        validators=[InputRequired(_l("Type a new password.")), Length(max=_LONGEST)],
        render_kw={"autocomplete": "new-password"},
    )
    new_password_confirm = PasswordField(
        _l("New password once more"),
        validators=[
            InputRequired(_l("Type the new password once more.")),
            EqualTo("new_password", _l("The two new passwords are not the same.")),
        ],
        render_kw={"autocomplete": "new-password"},
    )


class SetUpForm(TwoFactorSetupForm):
    """Asks for a new secret; there is one method, an authenticator app."""

    setup = RadioField(
        _l("Second factor"),
        choices=[SelectChoice("authenticator", _l("An authenticator app"))],
        validate_choice=False,
    )


class OneTimePasswordForm(TwoFactorVerifyCodeForm):
    """The six digits of the moment."""

    code = StringField(
        _l("Six-digit code"),
        validators=[InputRequired(_l("Type the six digits that your app shows.")), Length(max=20)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )


class RescueForm(TwoFactorRescueForm):
    """Not shown: Flask-Security makes one to see whether there are recovery codes."""

    help_setup = RadioField(choices=[SelectChoice("help", _l("Recovery code"))])


class RecoveryForm(MfRecoveryForm):
    """One of the codes that were written down."""

    code = StringField(
        _l("Recovery code"),
        validators=[InputRequired(_l("Type one of your recovery codes.")), Length(max=40)],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )


class NewCodesForm(MfRecoveryCodesForm):
    """Asks for new recovery codes."""
