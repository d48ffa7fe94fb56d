"""One's own account: password, second factor, sign-ins."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import clock
from app.admin.acting import me, my_id
from app.organizers import accounts
from app.organizers.permissions import ROLE_DESCRIPTIONS, ROLE_NAMES
from app.security.guard import ORGANIZER, audience

bp = Blueprint("admin_account", __name__, url_prefix="/admin/account")


@bp.get("")
@audience(ORGANIZER)
def show() -> str:
    """Show one's own account."""
    organizer = accounts.find(my_id())
    return render_template(
        "admin/account/show.html",
        organizer=organizer,
        role=ROLE_NAMES[organizer.role],
        role_description=ROLE_DESCRIPTIONS[organizer.role],
    )


@bp.post("/sign-out-everywhere")
@audience(ORGANIZER)
def sign_out_everywhere() -> ResponseReturnValue:
    """End one's sign-ins on all devices, this one too."""
    accounts.sign_out_everywhere(my_id(), actor=me(), now=clock.now())
    flash(_("You are signed out on all devices."), "info")
    return redirect(url_for("security.login"), 303)
