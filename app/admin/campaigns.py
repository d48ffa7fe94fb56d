"""Campaigns: the list, one campaign, its texts and facts, launching and ending it."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from app import clock
from app.admin.acting import me
from app.admin.campaign_forms import LANGUAGES, CampaignForm, FactsForm
from app.admin.fields import accepted
from app.admin.words import group_words
from app.campaigns import editing
from app.campaigns.rules import in_order
from app.i18n import page_language
from app.letters import campaign_desk, launching
from app.security.guard import audience, permission

bp = Blueprint("admin_campaigns", __name__, url_prefix="/admin/campaigns")
VIEW, EDIT = permission("desk.view"), permission("campaigns.edit")


@bp.get("")
@audience(VIEW)
def index() -> str:
    """List campaigns."""
    return render_template("admin/campaigns/index.html", lines=campaign_desk.campaigns(page_language()))


@bp.get("/new")
@audience(EDIT)
def ask_new() -> str:
    """Ask what the new campaign says."""
    return render_template("admin/campaigns/edit.html", form=CampaignForm.fresh(), whole=None)


@bp.post("/new")
@audience(EDIT)
def start() -> ResponseReturnValue:
    """Make a campaign, as a draft."""
    form = CampaignForm.fresh()
    if form.validate_on_submit() and accepted(
        form,
        lambda: editing.start_campaign(
            form.texts(), row_id=form.new_id, language=page_language(), actor=me(), now=clock.now()
        ),
    ):
        flash(_("The campaign is there as a draft. Next: its first letter."), "success")
        return to_campaign(form.new_id)
    return make_response(render_template("admin/campaigns/edit.html", form=form, whole=None), 422)


@bp.get("/<uuid:campaign_id>")
@audience(VIEW)
def show(campaign_id: uuid.UUID) -> str:
    """Show a campaign whole, with what it lacks."""
    return _show(campaign_id, FlaskForm())


def _show(campaign_id: uuid.UUID, form: FlaskForm) -> str:
    whole = _whole(campaign_id)
    missing = campaign_desk.lacking(whole, page_language(), now=clock.now())
    return render_template(
        "admin/campaigns/show.html",
        whole=whole,
        missing=missing,
        form=form,
        languages=LANGUAGES,
        places={rule.id: place for place, rule in enumerate(in_order(whole.campaign), 1)},
        group_words=group_words,
    )


@bp.get("/<uuid:campaign_id>/edit")
@audience(EDIT)
def ask_edit(campaign_id: uuid.UUID) -> str:
    """Show a campaign's texts as a form."""
    whole = _whole(campaign_id)
    form = CampaignForm.of(whole.campaign, page_language())
    return render_template("admin/campaigns/edit.html", form=form, whole=whole)


@bp.post("/<uuid:campaign_id>/edit")
@audience(EDIT)
def edit(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Change a campaign's texts."""
    whole = _whole(campaign_id)
    form = CampaignForm.of(whole.campaign, page_language())
    if form.validate_on_submit() and accepted(
        form,
        lambda: editing.edit_campaign(
            campaign_id, form.texts(), language=page_language(), seen=form.seen, actor=me(), now=clock.now()
        ),
    ):
        flash(_("Saved."), "success")
        return to_campaign(campaign_id)
    return make_response(render_template("admin/campaigns/edit.html", form=form, whole=whole), 422)


@bp.get("/<uuid:campaign_id>/facts")
@audience(EDIT)
def ask_facts(campaign_id: uuid.UUID) -> str:
    """Ask which facts the campaign's page states."""
    form, whole = FactsForm(), _whole(campaign_id)
    _offer(form)
    form.facts.data = list(whole.campaign.facts)
    return render_template("admin/campaigns/facts.html", form=form, whole=whole)


@bp.post("/<uuid:campaign_id>/facts")
@audience(EDIT)
def choose_facts(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Say which facts the campaign's page states."""
    form, whole = FactsForm(), _whole(campaign_id)
    _offer(form)
    if form.validate_on_submit() and accepted(
        form,
        lambda: editing.choose_facts(campaign_id, form.facts.data or [], actor=me(), now=clock.now()),
    ):
        flash(_("Saved."), "success")
        return to_campaign(campaign_id)
    return make_response(render_template("admin/campaigns/facts.html", form=form, whole=whole), 422)


@bp.post("/<uuid:campaign_id>/launch")
@audience(EDIT)
def launch(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Put a campaign before the public."""
    form = FlaskForm()
    if accepted(
        form,
        lambda: launching.launch(campaign_id, language=page_language(), actor=me(), now=clock.now()),
    ):
        flash(_("The campaign is before the public."), "success")
        return to_campaign(campaign_id)
    return make_response(_show(campaign_id, form), 422)


@bp.get("/<uuid:campaign_id>/end")
@audience(EDIT)
def ask_end(campaign_id: uuid.UUID) -> str:
    """Ask whether a campaign is to end."""
    return render_template("admin/campaigns/end.html", whole=_whole(campaign_id), form=FlaskForm())


@bp.post("/<uuid:campaign_id>/end")
@audience(EDIT)
def end(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """End a campaign."""
    form = FlaskForm()
    if accepted(form, lambda: launching.end(campaign_id, actor=me(), now=clock.now())):
        flash(_("The campaign has ended: nobody can write any more."), "success")
        return to_campaign(campaign_id)
    page = render_template("admin/campaigns/end.html", whole=_whole(campaign_id), form=form)
    return make_response(page, 422)


def to_campaign(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Return the way to a campaign's page."""
    return redirect(url_for("admin_campaigns.show", campaign_id=campaign_id), 303)


def _whole(campaign_id: uuid.UUID) -> campaign_desk.CampaignWhole:
    return campaign_desk.campaign_whole(campaign_id, page_language(), now=clock.now())


def _offer(form: FactsForm) -> None:
    form.offer([(key, statement) for key, statement, _day in campaign_desk.all_facts(page_language())])
