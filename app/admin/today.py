"""The desk as one finds it: what needs somebody, what was confirmed, how the offices stand."""

from __future__ import annotations

from babel.dates import format_skeleton
from flask import Blueprint, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import clock
from app.evidence import editing
from app.i18n import page_language
from app.i18n.dates import locale_of
from app.letters import desk
from app.recipients import corrections, listing, second_look
from app.security.guard import ORGANIZER, audience, permission

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.get("/")
@audience(permission("desk.view"))
def today() -> str:
    """Show the desk."""
    day = clock.now().date()
    return render_template(
        "admin/today/show.html",
        heading=format_skeleton("MMMMEEEEd", day, locale=locale_of(page_language())),
        counts=desk.pressing(),
        to_check=listing.to_check(day),
        waiting=second_look.waiting_count(),
        corrections=corrections.count_open(),
        stale_facts=editing.to_check(day),
        days=desk.confirmed_by_day(today=day),
        standing=desk.standing_of_offices(day=day),
    )


@bp.get("/signed-in")
@audience(ORGANIZER)
def signed_in() -> ResponseReturnValue:
    """Lead somebody who has just signed in to where they wanted to go."""
    if not current_user.mf_recovery_codes:
        return redirect(url_for("security.mf_recovery_codes"), 303)
    wanted = str(session.pop("next", ""))
    # The guard put it there; held to our own desk all the same.
    return redirect(wanted if wanted.startswith("/admin/") else url_for("admin.today"), 303)
