"""How an office is reached: adding, editing, verifying, suspending and withdrawing contacts."""

from __future__ import annotations

import uuid

from flask import abort, flash, make_response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from app import clock
from app.admin import words
from app.admin.acting import am_alone, me, my_email
from app.admin.fields import accepted
from app.admin.recipient_forms import ContactForm, VerifyForm
from app.admin.recipients import EDIT, bp, saved, to_office
from app.organizers import accounts
from app.recipients import listing, reaching, second_look
from app.security.guard import audience

NEW = "/<uuid:recipient_id>/contacts/new"
ONE = "/<uuid:recipient_id>/contacts/<uuid:contact_id>"
STATUS_OF = {"suspend": "suspended", "withdraw": "withdrawn", "resume": "active"}


@bp.get(NEW)
@audience(EDIT)
def ask_new_contact(recipient_id: uuid.UUID) -> str:
    """Ask how the office is reached."""
    return _page(ContactForm(), recipient_id)


@bp.post(NEW)
@audience(EDIT)
def add_contact(recipient_id: uuid.UUID) -> ResponseReturnValue:
    """Add a contact."""
    form = ContactForm()
    if form.validate_on_submit() and accepted(
        form,
        lambda: reaching.add_contact(
            recipient_id, form.draft(), row_id=form.new_id, actor=me(), now=clock.now()
        ),
    ):
        return saved(recipient_id)
    return make_response(_page(form, recipient_id), 422)


@bp.get(f"{ONE}/edit")
@audience(EDIT)
def ask_edit_contact(recipient_id: uuid.UUID, contact_id: uuid.UUID) -> str:
    """Show a contact as a form."""
    return _page(ContactForm.of(listing.contact(recipient_id, contact_id)), recipient_id, contact_id)


@bp.post(f"{ONE}/edit")
@audience(EDIT)
def edit_contact(recipient_id: uuid.UUID, contact_id: uuid.UUID) -> ResponseReturnValue:
    """Change a contact, or propose where it is to lead."""
    now = clock.now()
    contact = listing.contact(recipient_id, contact_id)
    form = ContactForm(obj=contact)
    if form.validate_on_submit() and accepted(
        form,
        lambda: reaching.edit_contact(contact_id, form.draft(), seen=form.seen, actor=me(), now=now),
    ):
        if listing.contact(recipient_id, contact_id).proposed_at == now:
            flash(
                _("Saved as a proposal. The old address stays in use until somebody else approves."), "info"
            )
            return to_office(recipient_id)
        return saved(recipient_id)
    return make_response(_page(form, recipient_id, contact_id, theirs=form.compare(contact)), 422)


@bp.get(f"{ONE}/verify")
@audience(EDIT)
def ask_verify(recipient_id: uuid.UUID, contact_id: uuid.UUID) -> str:
    """Ask how the contact was checked."""
    return _verify_page(VerifyForm(), recipient_id, contact_id)


@bp.post(f"{ONE}/verify")
@audience(EDIT)
def verify(recipient_id: uuid.UUID, contact_id: uuid.UUID) -> ResponseReturnValue:
    """Record that the contact was checked."""
    listing.contact(recipient_id, contact_id)
    form = VerifyForm()
    if form.validate_on_submit() and accepted(
        form,
        lambda: reaching.verify_contact(
            contact_id,
            seen=form.seen.data or "",
            by=my_email(),
            how=form.how.data,
            actor=me(),
            now=clock.now(),
        ),
    ):
        return saved(recipient_id)
    return make_response(_verify_page(form, recipient_id, contact_id), 422)


@bp.get(f"{ONE}/<step>")
@audience(EDIT)
def ask_step(recipient_id: uuid.UUID, contact_id: uuid.UUID, step: str) -> str:
    """Ask before a contact is suspended, withdrawn or put to use again."""
    if step not in STATUS_OF:
        abort(404)
    return render_template(
        "admin/recipients/contact_step.html",
        form=FlaskForm(),
        step=step,
        recipient=listing.office(recipient_id),
        contact=listing.contact(recipient_id, contact_id),
        words=words,
    )


@bp.post(f"{ONE}/<step>")
@audience(EDIT)
def take_step(recipient_id: uuid.UUID, contact_id: uuid.UUID, step: str) -> ResponseReturnValue:
    """Suspend a contact, withdraw it, or put it to use again."""
    if step not in STATUS_OF:
        abort(404)
    listing.contact(recipient_id, contact_id)
    reaching.set_contact_status(contact_id, STATUS_OF[step], actor=me(), now=clock.now())
    return saved(recipient_id)


def _page(
    form: ContactForm,
    recipient_id: uuid.UUID,
    contact_id: uuid.UUID | None = None,
    theirs: list[tuple[str, str]] | None = None,
) -> str:
    contact = listing.contact(recipient_id, contact_id) if contact_id else None
    proposal = second_look.proposal_of(contact) if contact else None
    return render_template(
        "admin/recipients/contact.html",
        form=form,
        recipient=listing.office(recipient_id),
        contact_id=contact_id,
        needs_approval=contact is not None and second_look.needs_approval(contact),
        proposal=proposal,
        who=accounts.names_of_actors().get(proposal.by, proposal.by) if proposal else "",
        theirs=theirs or [],
    )


def _verify_page(form: VerifyForm, recipient_id: uuid.UUID, contact_id: uuid.UUID) -> str:
    contact = listing.contact(recipient_id, contact_id)
    return render_template(
        "admin/recipients/contact_verify.html",
        form=form,
        recipient=listing.office(recipient_id),
        contact=contact,
        seen=second_look.seen_of(contact),
        is_for_others=second_look.is_for_others(contact, me()),
        alone=am_alone(),
        words=words,
    )
