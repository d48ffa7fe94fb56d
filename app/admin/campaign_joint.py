"""Joint letters of a campaign: begun, the order of their names, a name taken off, sent."""

from __future__ import annotations

import uuid

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from app import clock
from app.admin.acting import me, my_email
from app.admin.campaign_forms import JointForm
from app.admin.campaigns import EDIT, VIEW, bp, to_campaign
from app.admin.fields import accepted
from app.i18n import page_language
from app.letters import campaign_desk
from app.letters.joint import desk
from app.letters.joint.dispatch import dispatch
from app.security.guard import audience

JOINT = "/<uuid:campaign_id>/joint"
ONE = f"{JOINT}/<uuid:joint_id>"
NAMES = f"{ONE}/names"
NAME = f"{NAMES}/<uuid:signature_id>"


@bp.get(f"{JOINT}/new")
@audience(EDIT)
def ask_new_joint(campaign_id: uuid.UUID) -> str:
    """Ask which letter is to be signed by many, and to whom it goes."""
    form, whole = _form(campaign_id)
    form.reply_to.data = my_email()
    return render_template("admin/campaigns/joint_new.html", form=form, whole=whole)


@bp.post(f"{JOINT}/new")
@audience(EDIT)
def open_joint(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Begin a joint letter."""
    form, whole = _form(campaign_id)
    if form.validate_on_submit() and accepted(
        form,
        lambda: desk.open_joint(
            campaign_id,
            uuid.UUID(form.letter.data),
            [uuid.UUID(one) for one in form.offices.data or ()],
            row_id=form.new_id,
            reply_to=form.reply_to.data,
            closes_on=form.closes_on.data,
            actor=me(),
            now=clock.now(),
        ),
    ):
        flash(_("The joint letter can be signed."), "success")
        return _to_joint(campaign_id, form.new_id)
    return make_response(render_template("admin/campaigns/joint_new.html", form=form, whole=whole), 422)


@bp.get(ONE)
@audience(VIEW)
def show_joint(campaign_id: uuid.UUID, joint_id: uuid.UUID) -> str:
    """Show a joint letter: its words, its offices, how many have signed. Names stand elsewhere."""
    return render_template("admin/campaigns/joint.html", whole=_whole(campaign_id, joint_id))


@bp.get(NAMES)
@audience(EDIT)
def show_names(campaign_id: uuid.UUID, joint_id: uuid.UUID) -> str:
    """Show who signs, in order; that somebody looked stands in the audit log."""
    whole = _whole(campaign_id, joint_id)
    lines = desk.signatures(campaign_id, joint_id, page_language(), actor=me(), now=clock.now())
    return render_template("admin/campaigns/joint_names.html", whole=whole, lines=lines)


@bp.post(NAMES)
@audience(EDIT)
def order_names(campaign_id: uuid.UUID, joint_id: uuid.UUID) -> ResponseReturnValue:
    """Move a name (`first`, `up` or `down`: its signature), or list by time again."""
    for way in desk.WAYS:
        if key := request.form.get(way, type=uuid.UUID):
            desk.move(campaign_id, joint_id, key, way)
            return redirect(f"{_names(campaign_id, joint_id)}#name-{key}", 303)
    desk.list_by_time(campaign_id, joint_id)
    return redirect(_names(campaign_id, joint_id), 303)


@bp.get(f"{NAME}/remove")
@audience(EDIT)
def ask_remove_name(campaign_id: uuid.UUID, joint_id: uuid.UUID, signature_id: uuid.UUID) -> str:
    """Ask before a name is taken off."""
    return _remove_page(campaign_id, joint_id, signature_id, FlaskForm())


@bp.post(f"{NAME}/remove")
@audience(EDIT)
def remove_name(campaign_id: uuid.UUID, joint_id: uuid.UUID, signature_id: uuid.UUID) -> ResponseReturnValue:
    """Take a name off."""
    form = FlaskForm()
    if accepted(form, lambda: desk.remove(campaign_id, joint_id, signature_id, actor=me(), now=clock.now())):
        flash(_("The name is off the letter."), "success")
        return redirect(_names(campaign_id, joint_id), 303)
    return make_response(_remove_page(campaign_id, joint_id, signature_id, form), 422)


@bp.get(f"{ONE}/give-up")
@audience(EDIT)
def ask_give_up(campaign_id: uuid.UUID, joint_id: uuid.UUID) -> str:
    """Ask before a joint letter that nobody has signed is deleted."""
    whole = _whole(campaign_id, joint_id)
    return render_template("admin/campaigns/joint_give_up.html", whole=whole, form=FlaskForm())


@bp.post(f"{ONE}/give-up")
@audience(EDIT)
def give_up(campaign_id: uuid.UUID, joint_id: uuid.UUID) -> ResponseReturnValue:
    """Delete a joint letter that nobody has signed."""
    form = FlaskForm()
    if accepted(form, lambda: desk.give_up(campaign_id, joint_id, actor=me(), now=clock.now())):
        flash(_("The joint letter is deleted."), "success")
        return to_campaign(campaign_id)
    whole = _whole(campaign_id, joint_id)
    return make_response(render_template("admin/campaigns/joint_give_up.html", whole=whole, form=form), 422)


@bp.get(f"{ONE}/dispatch")
@audience(EDIT)
def ask_dispatch(campaign_id: uuid.UUID, joint_id: uuid.UUID) -> str:
    """Ask before a joint letter, or its later names, are sent."""
    whole = _whole(campaign_id, joint_id)
    return render_template("admin/campaigns/joint_dispatch.html", whole=whole, form=FlaskForm())


@bp.post(f"{ONE}/dispatch")
@audience(EDIT)
def dispatch_joint(campaign_id: uuid.UUID, joint_id: uuid.UUID) -> ResponseReturnValue:
    """Freeze the list and send the letter to every office."""
    form = FlaskForm()
    after = request.form.get("after", -1, type=int)
    if accepted(form, lambda: dispatch(campaign_id, joint_id, after=after, actor=me(), now=clock.now())):
        flash(_("It is on its way."), "success")
        return _to_joint(campaign_id, joint_id)
    whole = _whole(campaign_id, joint_id)
    return make_response(render_template("admin/campaigns/joint_dispatch.html", whole=whole, form=form), 422)


def _form(campaign_id: uuid.UUID) -> tuple[JointForm, campaign_desk.CampaignWhole]:
    whole = campaign_desk.campaign_whole(campaign_id, page_language(), now=clock.now())
    form = JointForm()
    form.offer(whole)
    return form, whole


def _whole(campaign_id: uuid.UUID, joint_id: uuid.UUID) -> desk.JointWhole:
    return desk.joint_whole(campaign_id, joint_id, page_language(), now=clock.now())


def _remove_page(
    campaign_id: uuid.UUID, joint_id: uuid.UUID, signature_id: uuid.UUID, form: FlaskForm
) -> str:
    line = desk.one_signature(campaign_id, joint_id, signature_id, page_language())
    return render_template(
        "admin/campaigns/joint_remove.html", whole=_whole(campaign_id, joint_id), line=line, form=form
    )


def _names(campaign_id: uuid.UUID, joint_id: uuid.UUID) -> str:
    return url_for("admin_campaigns.show_names", campaign_id=campaign_id, joint_id=joint_id)


def _to_joint(campaign_id: uuid.UUID, joint_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("admin_campaigns.show_joint", campaign_id=campaign_id, joint_id=joint_id), 303)
