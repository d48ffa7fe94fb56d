"""Who holds an office: adding, editing and ending terms."""

from __future__ import annotations

import uuid

from flask import make_response, render_template
from flask.typing import ResponseReturnValue

from app import clock
from app.admin.acting import me
from app.admin.fields import accepted
from app.admin.recipient_forms import EndForm, HolderForm
from app.admin.recipients import EDIT, bp, saved
from app.recipients import holding, listing
from app.security.guard import audience

NEW = "/<uuid:recipient_id>/holders/new"
ONE = "/<uuid:recipient_id>/holders/<uuid:holder_id>"


@bp.get(NEW)
@audience(EDIT)
def ask_new_holder(recipient_id: uuid.UUID) -> str:
    """Ask who holds the office, and when."""
    return _page(HolderForm(), recipient_id)


@bp.post(NEW)
@audience(EDIT)
def add_holder(recipient_id: uuid.UUID) -> ResponseReturnValue:
    """Add a term."""
    form = HolderForm()
    if form.validate_on_submit() and accepted(
        form,
        lambda: holding.add_holder(
            recipient_id, form.draft(), row_id=form.new_id, actor=me(), now=clock.now()
        ),
    ):
        return saved(recipient_id)
    return make_response(_page(form, recipient_id), 422)


@bp.get(f"{ONE}/edit")
@audience(EDIT)
def ask_edit_holder(recipient_id: uuid.UUID, holder_id: uuid.UUID) -> str:
    """Show a term as a form."""
    return _page(HolderForm.of(listing.holder(recipient_id, holder_id)), recipient_id, holder_id)


@bp.post(f"{ONE}/edit")
@audience(EDIT)
def edit_holder(recipient_id: uuid.UUID, holder_id: uuid.UUID) -> ResponseReturnValue:
    """Change a term."""
    holder = listing.holder(recipient_id, holder_id)
    form = HolderForm(obj=holder)
    if form.validate_on_submit() and accepted(
        form,
        lambda: holding.edit_holder(holder_id, form.draft(), seen=form.seen, actor=me(), now=clock.now()),
    ):
        return saved(recipient_id)
    return make_response(_page(form, recipient_id, holder_id, theirs=form.compare(holder)), 422)


@bp.get(f"{ONE}/end")
@audience(EDIT)
def ask_end_holder(recipient_id: uuid.UUID, holder_id: uuid.UUID) -> str:
    """Ask for the last day of a term."""
    holder = listing.holder(recipient_id, holder_id)
    return _end_page(EndForm(ends_on=holder.ends_on or clock.now().date()), recipient_id, holder_id)


@bp.post(f"{ONE}/end")
@audience(EDIT)
def end_holder(recipient_id: uuid.UUID, holder_id: uuid.UUID) -> ResponseReturnValue:
    """End a term."""
    listing.holder(recipient_id, holder_id)
    form = EndForm()
    if form.validate_on_submit() and accepted(
        form, lambda: holding.end_holder(holder_id, on=form.day, actor=me(), now=clock.now())
    ):
        return saved(recipient_id)
    return make_response(_end_page(form, recipient_id, holder_id), 422)


def _page(
    form: HolderForm,
    recipient_id: uuid.UUID,
    holder_id: uuid.UUID | None = None,
    theirs: list[tuple[str, str]] | None = None,
) -> str:
    return render_template(
        "admin/recipients/holder.html",
        form=form,
        recipient=listing.office(recipient_id),
        holder_id=holder_id,
        theirs=theirs or [],
    )


def _end_page(form: EndForm, recipient_id: uuid.UUID, holder_id: uuid.UUID) -> str:
    return render_template(
        "admin/recipients/holder_end.html",
        form=form,
        recipient=listing.office(recipient_id),
        holder=listing.holder(recipient_id, holder_id),
    )
