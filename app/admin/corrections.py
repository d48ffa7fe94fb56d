"""Corrections that readers of an office's page proposed: the list, and what is decided about one."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField

from app import clock
from app.admin.acting import me
from app.admin.fields import Needed, accepted, offered, text
from app.organizers.accounts import names_of_actors
from app.recipients import corrections, listing
from app.recipients.corrections import LONGEST_NOTE, Correction
from app.recipients.models import Recipient
from app.rendering.links import pieces
from app.security.guard import audience, permission

bp = Blueprint("admin_corrections", __name__, url_prefix="/admin/corrections")
VIEW, EDIT = permission("recipients.view"), permission("recipients.edit")
ONE = "/<uuid:correction_id>"

DECISIONS = {
    "taken_over": _l("Taken over: the office’s page says it now"),
    "not_taken_over": _l("Not taken over"),
}


class DecisionForm(FlaskForm):
    """What becomes of a correction."""

    decision = RadioField(
        _l("What becomes of it?"),
        [Needed(_l("Say what becomes of the correction."))],
        choices=offered(DECISIONS),
        validate_choice=False,
    )
    note = text(
        _l("Note for colleagues"),
        LONGEST_NOTE,
        _l("Say in a line what was changed, or why it was not."),
    )


@bp.get("")
@audience(VIEW)
def index() -> str:
    """List corrections, open ones first."""
    office = _office(request.args.get("office", ""))
    page = corrections.listed(
        recipient_id=office.id if office else None, number=request.args.get("page", 1, type=int)
    )
    return render_template(
        "admin/corrections/index.html",
        page=page,
        office=office,
        chosen={"office": office.id} if office else {},
        today=clock.now().date(),
        pieces=pieces,
    )


@bp.get(ONE)
@audience(VIEW)
def show(correction_id: uuid.UUID) -> str:
    """Show a correction, and ask what becomes of it."""
    return _page(DecisionForm(), corrections.find(correction_id))


@bp.post(ONE)
@audience(EDIT)
def decide(correction_id: uuid.UUID) -> ResponseReturnValue:
    """Decide about a correction."""
    corrections.find(correction_id)
    form = DecisionForm()
    if form.validate_on_submit() and accepted(
        form,
        lambda: corrections.decide(
            correction_id, form.decision.data or "", form.note.data, actor=me(), now=clock.now()
        ),
    ):
        flash(_("Decided. It is deleted in a year."), "success")
        return redirect(url_for("admin_corrections.index"), 303)
    row = corrections.find(correction_id)
    if not row.is_open:  # somebody else was faster: there is no form any more that could say so
        flash(_("Somebody has decided about this correction already."), "error")
        return redirect(url_for("admin_corrections.show", correction_id=correction_id), 303)
    return make_response(_page(form, row), 422)


def _page(form: DecisionForm, row: Correction) -> str:
    return render_template(
        "admin/corrections/show.html", form=form, row=row, names=names_of_actors(), pieces=pieces
    )


def _office(typed: str) -> Recipient | None:
    try:
        found = listing.named([uuid.UUID(typed)])
    except ValueError:
        return None
    return next(iter(found), None)
