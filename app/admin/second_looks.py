"""What waits for a second pair of eyes: the list, and one proposed change of a contact."""

from __future__ import annotations

import uuid

from flask import flash, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField

from app import clock
from app.admin import words
from app.admin.acting import am_alone, me, my_email
from app.admin.contacts import ONE
from app.admin.fields import accepted, line
from app.admin.recipient_forms import VerifyForm
from app.admin.recipients import EDIT, VIEW, bp, to_office
from app.errors import NotFound
from app.organizers import accounts
from app.recipients import approving, listing, second_look
from app.security.guard import audience
from app.security.options import FOUR_EYES, is_on

PROPOSAL = f"{ONE}/proposal"


class SeenForm(FlaskForm):
    """A yes or no to what a page showed: `seen` is its fingerprint."""

    seen = HiddenField()


class RejectForm(SeenForm):
    """Putting a proposed change aside."""

    reason = line(_l("Why not?"), 300, _l("Say in a sentence why: the proposer reads it in the record."))


@bp.get("/waiting")
@audience(VIEW)
def waiting() -> str:
    """List contacts that wait for a second pair of eyes."""
    return render_template(
        "admin/recipients/waiting.html",
        page=second_look.waiting(number=request.args.get("page", 1, type=int)),
        names=accounts.names_of_actors(),
        is_kept=is_on(FOUR_EYES),
        alone=am_alone(),
    )


@bp.get(PROPOSAL)
@audience(EDIT)
def ask_proposal(recipient_id: uuid.UUID, contact_id: uuid.UUID) -> str:
    """Show a proposed change, old and new."""
    return _page(recipient_id, contact_id)


@bp.post(f"{PROPOSAL}/approve")
@audience(EDIT)
def approve(recipient_id: uuid.UUID, contact_id: uuid.UUID) -> ResponseReturnValue:
    """Approve a proposed change: letters go to the new address."""
    listing.contact(recipient_id, contact_id)
    form = VerifyForm()
    if form.validate_on_submit() and accepted(
        form,
        lambda: approving.approve_proposal(
            contact_id,
            seen=form.seen.data or "",
            by=my_email(),
            how=form.how.data,
            actor=me(),
            now=clock.now(),
        ),
    ):
        flash(_("Approved. Letters go to the new address from now on."), "success")
        return to_office(recipient_id)
    return make_response(_page(recipient_id, contact_id, form), 422)


@bp.post(f"{PROPOSAL}/reject")
@audience(EDIT)
def reject(recipient_id: uuid.UUID, contact_id: uuid.UUID) -> ResponseReturnValue:
    """Reject a proposed change; the contact stays as it is."""
    listing.contact(recipient_id, contact_id)
    form = RejectForm()
    if form.validate_on_submit() and accepted(
        form,
        lambda: approving.reject_proposal(
            contact_id, seen=form.seen.data or "", reason=form.reason.data, actor=me(), now=clock.now()
        ),
    ):
        flash(_("Rejected. The contact stays as it is."), "success")
        return to_office(recipient_id)
    return make_response(_page(recipient_id, contact_id, form), 422)


@bp.post(f"{PROPOSAL}/take-back")
@audience(EDIT)
def take_back(recipient_id: uuid.UUID, contact_id: uuid.UUID) -> ResponseReturnValue:
    """Take one's own proposal back."""
    listing.contact(recipient_id, contact_id)
    form = SeenForm()
    if form.validate_on_submit() and accepted(
        form,
        lambda: approving.take_back_proposal(
            contact_id, seen=form.seen.data or "", actor=me(), now=clock.now()
        ),
    ):
        flash(_("Taken back. The contact stays as it is."), "success")
        return to_office(recipient_id)
    return make_response(_page(recipient_id, contact_id, form), 422)


def _page(recipient_id: uuid.UUID, contact_id: uuid.UUID, refused: FlaskForm | None = None) -> str:
    contact = listing.contact(recipient_id, contact_id)
    proposal = second_look.proposal_of(contact)
    if proposal is None:
        raise NotFound(_("No change of this contact waits for anybody any more."))
    return render_template(
        "admin/recipients/proposal.html",
        refused=refused,
        approving=refused if isinstance(refused, VerifyForm) else VerifyForm(formdata=None),
        rejecting=refused if isinstance(refused, RejectForm) else RejectForm(formdata=None),
        recipient=listing.office(recipient_id),
        contact=contact,
        proposal=proposal,
        rows=words.changes(proposal.old, proposal.new),
        who=accounts.names_of_actors().get(proposal.by, proposal.by),
        is_mine=proposal.by == me(),
        is_for_others=second_look.is_ones_own(proposal, me()),
        alone=am_alone(),
    )
