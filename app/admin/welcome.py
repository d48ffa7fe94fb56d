"""Accepting an invitation: the one page of the desk that is for somebody without an account."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import EqualTo, Length

from app import clock
from app.admin.fields import Needed, accepted
from app.organizers import invitations
from app.organizers.permissions import ROLE_DESCRIPTIONS, ROLE_NAMES
from app.organizers.sign_in_forms import WELCOMED
from app.security.guard import TOKEN, audience

bp = Blueprint("admin_welcome", __name__, url_prefix="/admin/welcome")


class WelcomeForm(FlaskForm):
    """The password, twice; and the address, where the invitation does not know it."""

    email = EmailField(
        _l("Your e-mail address"),
        [Needed(_l("Type your e-mail address.")), Length(max=320)],
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        _l("A password of your own"),
        [Needed(_l("Choose a password.")), Length(max=400)],
        render_kw={"autocomplete": "new-password"},
    )
    password_confirm = PasswordField(
        _l("The same password once more"),
        [
            Needed(_l("Type the same password once more.")),
            EqualTo("password", _l("The two passwords are not the same.")),
        ],
        render_kw={"autocomplete": "new-password"},
    )


@bp.get("/<token>")
@audience(TOKEN)
def show(token: str) -> ResponseReturnValue:
    """Show for whom the invitation is, and ask for a password. Changes nothing."""
    invitation = invitations.look(token, now=clock.now())
    return _page(WelcomeForm(email=invitation.email), token)


@bp.post("/<token>")
@audience(TOKEN)
def accept(token: str) -> ResponseReturnValue:
    """Open the account and lead to signing in."""
    now = clock.now()
    form = WelcomeForm()
    invitation = invitations.look(token, now=now)
    if invitation.email:
        form.email.data = invitation.email
    if form.validate_on_submit() and accepted(
        form, lambda: invitations.accept(token, form.email.data, form.password.data, now=now)
    ):
        session[WELCOMED] = form.email.data
        flash(_("Your account is open. Sign in with the password that you chose."), "success")
        return redirect(url_for("security.login"), 303)
    return make_response(_page(form, token), 422)


def _page(form: WelcomeForm, token: str) -> str:
    invitation = invitations.look(token, now=clock.now())
    return render_template(
        "admin/welcome/show.html",
        form=form,
        invitation=invitation,
        role=ROLE_NAMES[invitation.role],
        role_description=ROLE_DESCRIPTIONS[invitation.role],
    )
