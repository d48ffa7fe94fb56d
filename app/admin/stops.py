"""The stop switch at the desk: what is stopped, stopping, lifting."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField

from app import clock
from app.admin.acting import me
from app.admin.fields import Tick, accepted, line, offered
from app.delivery.breaker import resting_domains
from app.errors import NotFound
from app.i18n import page_language
from app.letters import stopping
from app.organizers import accounts
from app.security.guard import audience, permission

bp = Blueprint("admin_stops", __name__, url_prefix="/admin/stops")
VIEW, STOP = permission("letters.view"), permission("letters.manage")


class StopForm(FlaskForm):
    """What is stopped, and why."""

    what = SelectField(_l("What is stopped"))
    reason = line(_l("Why"), 300, _l("Say why in a few words: whoever comes next reads it."))
    notices = Tick(_l("Also the mails in our own name, such as those that ask supporters to confirm"))

    def offer(self, office: str) -> None:
        """Offer the site, the campaigns, and an office if the page is about one."""
        subjects = [stopping.whole_site(), *stopping.campaigns(page_language())]
        if office:
            subjects.append(stopping.subject_of(office, page_language()))
        self.what.choices = offered({subject.key: subject.name for subject in subjects})


@bp.get("")
@audience(VIEW)
def index() -> str:
    """Show what is stopped, and which mail servers are given a rest."""
    now = clock.now()
    return render_template(
        "admin/stops/index.html",
        stops=stopping.stops_on(page_language()),
        names=accounts.names_of_actors(),
        resting=resting_domains(now=now),
    )


@bp.get("/new")
@audience(STOP)
def ask() -> ResponseReturnValue:
    """Ask what is to be stopped, and why, before it is."""
    return make_response(_page(StopForm(what=_preset())))


@bp.post("/new")
@audience(STOP)
def stop() -> ResponseReturnValue:
    """Stop it."""
    form = StopForm()
    form.offer(_office(form.what.data or ""))
    if form.validate_on_submit() and accepted(
        form,
        lambda: stopping.stop(
            stopping.subject_of(form.what.data, page_language()),
            reason=form.reason.data,
            notices=bool(form.notices.data),
            actor=me(),
            now=clock.now(),
        ),
    ):
        flash(_("Stopped. What waits stays in the queue."), "success")
        return redirect(url_for("admin_stops.index"), 303)
    return make_response(_page(form), 422)


@bp.get("/<uuid:stop_id>/lift")
@audience(STOP)
def ask_lift(stop_id: uuid.UUID) -> str:
    """Ask before a stop is lifted."""
    line = stopping.stop_line(stop_id, page_language())
    return render_template("admin/stops/lift.html", form=FlaskForm(), stop=line)


@bp.post("/<uuid:stop_id>/lift")
@audience(STOP)
def lift(stop_id: uuid.UUID) -> ResponseReturnValue:
    """Lift a stop."""
    stopping.resume(stopping.stop_line(stop_id, page_language()).subject, actor=me(), now=clock.now())
    flash(_("Letters leave again, each in its turn."), "success")
    return redirect(url_for("admin_stops.index"), 303)


def _preset() -> str:
    """Return what the page was opened for: `?campaign=` or `?office=` with an id."""
    for scope in ("office", "campaign"):
        if request.args.get(scope):
            return f"{scope}:{request.args[scope]}"
    return "site"


def _office(key: str) -> str:
    """Return the office that a form names, if it names one that there is."""
    try:
        return stopping.subject_of(key, page_language()).key if key.startswith("office:") else ""
    except NotFound:
        return ""


def _page(form: StopForm) -> str:
    form.offer(_office(form.what.data or ""))
    return render_template("admin/stops/new.html", form=form)
