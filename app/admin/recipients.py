"""Offices: the list, one office, adding, editing, closing."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm

from app import clock
from app.admin import words
from app.admin.acting import me
from app.admin.fields import accepted
from app.admin.recipient_forms import CloseForm, OfficeForm
from app.campaigns.audience import memberships
from app.i18n import country_name, page_language
from app.letters.desk import states_of_office
from app.letters.replies.counting import replies_of
from app.organizers import accounts, audit
from app.recipients import corrections, editing, listing, second_look
from app.recipients.handover import handover
from app.rendering.typography import visible
from app.security.guard import audience, permission

bp = Blueprint("admin_recipients", __name__, url_prefix="/admin/recipients")
VIEW, EDIT = permission("recipients.view"), permission("recipients.edit")
HISTORY = 20


@bp.get("")
@audience(VIEW)
def index() -> str:
    """List offices, searched and filtered."""
    chosen = {name: visible(request.args.get(name, "")).strip() for name in ("q", "status", "level", "check")}
    page = listing.offices(
        day=clock.now().date(),
        query=chosen["q"],
        status=chosen["status"],
        level=chosen["level"],
        check=chosen["check"],
        number=request.args.get("page", 1, type=int),
    )
    return render_template("admin/recipients/index.html", page=page, chosen=chosen, words=words)


@bp.get("/<uuid:recipient_id>")
@audience(VIEW)
def show(recipient_id: uuid.UUID) -> str:
    """Show an office whole."""
    today = clock.now().date()
    recipient = listing.office(recipient_id)
    copies = states_of_office(recipient_id)
    may_audit = current_user.has_permission("audit.view")
    found = {contact.id: second_look.proposal_of(contact) for contact in recipient.contacts}
    proposals = {contact_id: proposal for contact_id, proposal in found.items() if proposal}
    return render_template(
        "admin/recipients/show.html",
        line=listing.line_of(recipient, today),
        copies=copies,
        replies=replies_of(recipient_id),
        handover=handover(recipient, day=today, copies=copies),
        corrections=corrections.count_open(recipient_id),
        campaigns=memberships(recipient_id, page_language()),
        country=country_name(recipient.country or "", page_language()),
        history=audit.lines(about=recipient_id, limit=HISTORY) if may_audit else [],
        proposals=proposals,
        names=accounts.names_of_actors() if proposals else {},
        for_others={row.id for row in recipient.contacts if second_look.is_for_others(row, me())},
        today=today,
        words=words,
    )


@bp.get("/new")
@audience(EDIT)
def ask_new() -> str:
    """Ask what the new office is."""
    return render_template("admin/recipients/edit.html", form=OfficeForm(), recipient=None)


@bp.post("/new")
@audience(EDIT)
def add() -> ResponseReturnValue:
    """Add an office."""
    form = OfficeForm()
    if form.validate_on_submit() and accepted(
        form,
        lambda: editing.add_recipient(form.draft(), row_id=form.new_id, actor=me(), now=clock.now()),
    ):
        flash(_("The office is added. Next, say who holds it and how it is reached."), "success")
        return to_office(form.new_id)
    return make_response(render_template("admin/recipients/edit.html", form=form, recipient=None), 422)


@bp.get("/<uuid:recipient_id>/edit")
@audience(EDIT)
def ask_edit(recipient_id: uuid.UUID) -> str:
    """Show an office as a form."""
    recipient = listing.office(recipient_id)
    return render_template("admin/recipients/edit.html", form=OfficeForm.of(recipient), recipient=recipient)


@bp.post("/<uuid:recipient_id>/edit")
@audience(EDIT)
def edit(recipient_id: uuid.UUID) -> ResponseReturnValue:
    """Change an office."""
    recipient = listing.office(recipient_id)
    form = OfficeForm(obj=recipient)
    if form.validate_on_submit() and accepted(
        form,
        lambda: editing.edit_recipient(
            recipient_id, form.draft(), seen=form.seen, actor=me(), now=clock.now()
        ),
    ):
        return saved(recipient_id)
    page = render_template(
        "admin/recipients/edit.html", form=form, recipient=recipient, theirs=form.compare(recipient)
    )
    return make_response(page, 422)


@bp.get("/<uuid:recipient_id>/close")
@audience(EDIT)
def ask_close(recipient_id: uuid.UUID) -> str:
    """Ask when and why an office closed, before it is closed."""
    return _close_page(CloseForm(closed_on=clock.now().date()), recipient_id)


@bp.post("/<uuid:recipient_id>/close")
@audience(EDIT)
def close(recipient_id: uuid.UUID) -> ResponseReturnValue:
    """Close an office."""
    form = CloseForm()
    form.offer(listing.open_offices(but=recipient_id))
    if form.validate_on_submit() and accepted(
        form,
        lambda: editing.close_recipient(
            recipient_id,
            on=form.day,
            reason=form.closed_reason.data,
            successor_id=form.successor_id,
            actor=me(),
            now=clock.now(),
        ),
    ):
        flash(_("The office is closed. It can be reopened."), "success")
        return to_office(recipient_id)
    return make_response(_close_page(form, recipient_id), 422)


@bp.get("/<uuid:recipient_id>/reopen")
@audience(EDIT)
def ask_reopen(recipient_id: uuid.UUID) -> str:
    """Ask before an office is reopened."""
    return render_template(
        "admin/recipients/reopen.html", form=FlaskForm(), recipient=listing.office(recipient_id)
    )


@bp.post("/<uuid:recipient_id>/reopen")
@audience(EDIT)
def reopen(recipient_id: uuid.UUID) -> ResponseReturnValue:
    """Reopen an office."""
    editing.reopen_recipient(recipient_id, actor=me(), now=clock.now())
    flash(_("The office is open again."), "success")
    return to_office(recipient_id)


def saved(recipient_id: uuid.UUID) -> ResponseReturnValue:
    """Say that it is saved, and lead back to the office."""
    flash(_("Saved."), "success")
    return to_office(recipient_id)


def to_office(recipient_id: uuid.UUID) -> ResponseReturnValue:
    """Lead to the page of an office."""
    return redirect(url_for("admin_recipients.show", recipient_id=recipient_id), 303)


def _close_page(form: CloseForm, recipient_id: uuid.UUID) -> str:
    form.offer(listing.open_offices(but=recipient_id))
    return render_template("admin/recipients/close.html", form=form, recipient=listing.office(recipient_id))
