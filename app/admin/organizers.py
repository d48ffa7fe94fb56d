"""Who works at the desk: for owners. Each of these asks for the password again."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, RadioField
from wtforms.validators import Length

from app import clock
from app.admin.acting import fresh, me
from app.admin.fields import Needed, accepted, offered
from app.organizers import accounts, invitations
from app.organizers.permissions import ROLE_DESCRIPTIONS, ROLE_NAMES, ROLES
from app.security.guard import audience, permission

bp = Blueprint("admin_organizers", __name__, url_prefix="/admin/organizers")
OWNERS = permission("organizers.manage")


class RoleForm(FlaskForm):
    """One of the roles."""

    role = RadioField(_l("Role"), [Needed(_l("Choose one of the roles."))], default="organizer")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = offered(
            {role: f"{ROLE_NAMES[role]}: {ROLE_DESCRIPTIONS[role]}" for role in ROLES}
        )


class InviteForm(RoleForm):
    """Whom, and as what."""

    email = EmailField(
        _l("E-mail address"), [Needed(_l("Type the e-mail address of the person.")), Length(max=320)]
    )


@bp.get("")
@audience(OWNERS)
def index() -> str:
    """List accounts and open invitations."""
    return render_template(
        "admin/organizers/index.html",
        organizers=accounts.listed(),
        invitations=invitations.open_invitations(now=clock.now()),
        role_names=ROLE_NAMES,
    )


@bp.get("/invite")
@audience(OWNERS)
@fresh
def ask_whom() -> str:
    """Ask whom to invite."""
    return render_template("admin/organizers/invite.html", form=InviteForm())


@bp.post("/invite")
@audience(OWNERS)
@fresh
def invite() -> ResponseReturnValue:
    """Make an invitation and show its link, once."""
    form, links = InviteForm(), list[str]()
    if form.validate_on_submit() and accepted(
        form,
        lambda: links.append(
            invitations.invite(form.email.data, form.role.data, actor=me(), now=clock.now())
        ),
    ):
        return render_template("admin/organizers/invited.html", link=links[0], email=form.email.data)
    return make_response(render_template("admin/organizers/invite.html", form=form), 422)


@bp.get("/<uuid:organizer_id>/role")
@audience(OWNERS)
@fresh
def ask_role(organizer_id: uuid.UUID) -> str:
    """Ask which role somebody is to have."""
    organizer = accounts.find(organizer_id)
    return _role_page(RoleForm(role=organizer.role), organizer_id)


@bp.post("/<uuid:organizer_id>/role")
@audience(OWNERS)
@fresh
def change_role(organizer_id: uuid.UUID) -> ResponseReturnValue:
    """Give somebody another role."""
    form = RoleForm()
    if form.validate_on_submit() and accepted(
        form, lambda: accounts.change_role(organizer_id, form.role.data, actor=me(), now=clock.now())
    ):
        flash(_("The role is changed."), "success")
        return redirect(url_for("admin_organizers.index"), 303)
    return make_response(_role_page(form, organizer_id), 422)


@bp.get("/<uuid:organizer_id>/deactivate")
@audience(OWNERS)
@fresh
def ask_deactivate(organizer_id: uuid.UUID) -> str:
    """Ask before an account is closed."""
    return _close_page(FlaskForm(), organizer_id)


@bp.post("/<uuid:organizer_id>/deactivate")
@audience(OWNERS)
@fresh
def deactivate(organizer_id: uuid.UUID) -> ResponseReturnValue:
    """Close an account."""
    form = FlaskForm()
    if accepted(form, lambda: accounts.deactivate(organizer_id, actor=me(), now=clock.now())):
        flash(_("The account is closed. A new invitation opens it again."), "success")
        return redirect(url_for("admin_organizers.index"), 303)
    return make_response(_close_page(form, organizer_id), 422)


@bp.get("/<uuid:organizer_id>/second-factor")
@audience(OWNERS)
@fresh
def ask_second_factor(organizer_id: uuid.UUID) -> str:
    """Ask before somebody's second factor is reset."""
    return render_template("admin/organizers/second_factor.html", organizer=accounts.find(organizer_id))


@bp.post("/<uuid:organizer_id>/second-factor")
@audience(OWNERS)
@fresh
def reset_second_factor(organizer_id: uuid.UUID) -> ResponseReturnValue:
    """Let somebody set up a new authenticator."""
    accounts.reset_second_factor(organizer_id, actor=me(), now=clock.now())
    flash(_("At the next sign-in a new authenticator is set up."), "success")
    return redirect(url_for("admin_organizers.index"), 303)


def _role_page(form: RoleForm, organizer_id: uuid.UUID) -> str:
    return render_template("admin/organizers/role.html", form=form, organizer=accounts.find(organizer_id))


def _close_page(form: FlaskForm, organizer_id: uuid.UUID) -> str:
    return render_template(
        "admin/organizers/deactivate.html", form=form, organizer=accounts.find(organizer_id)
    )
