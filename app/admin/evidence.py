"""The evidence desk: what is known, what should be checked, and what is taken back."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf import FlaskForm

from app import clock
from app.admin.acting import me
from app.admin.evidence_forms import FACT_STATUSES, FactForm, NewFactForm, SupersedeForm, WithdrawForm
from app.admin.fields import accepted
from app.admin.words import CONFIDENCE_SHORT
from app.database import db
from app.errors import Refused
from app.evidence import editing
from app.evidence.models import Fact
from app.evidence.reading import replaces
from app.evidence.standing import is_stale
from app.i18n import page_language
from app.i18n.texts import text
from app.letters import retracting, stating
from app.organizers.accounts import names_of_actors
from app.security.guard import audience, permission

bp = Blueprint("admin_evidence", __name__, url_prefix="/admin/evidence")
VIEW, EDIT = permission("desk.view"), permission("campaigns.edit")
ONE = "/facts/<uuid:fact_id>"


@bp.get("")
@audience(VIEW)
def index() -> str:
    """List the facts, those to look at marked, with the templates that state them."""
    return render_template(
        "admin/evidence/index.html",
        facts=editing.facts(),
        concerned=stating.templates_by_statement(db.session, page_language()),
        statuses=FACT_STATUSES,
        **shared(),
    )


@bp.get("/facts/new")
@audience(EDIT)
def ask_new() -> str:
    """Ask what the new fact is."""
    return render_template("admin/evidence/edit.html", form=NewFactForm(), fact=None)


@bp.post("/facts/new")
@audience(EDIT)
def add() -> ResponseReturnValue:
    """Add a fact."""
    form = NewFactForm()
    if form.validate_on_submit() and accepted(
        form,
        lambda: editing.add_fact(
            form.key.data,
            form.topic.data,
            form.draft(),
            language=page_language(),
            actor=me(),
            now=clock.now(),
        ),
    ):
        flash(_("The fact is added. Letters can state it."), "success")
        return redirect(url_for("admin_evidence.index"), 303)
    return make_response(render_template("admin/evidence/edit.html", form=form, fact=None), 422)


@bp.get(ONE)
@audience(VIEW)
def show(fact_id: uuid.UUID) -> str:
    """Show one fact with everything that concerns it."""
    fact = editing.find(Fact, fact_id)
    name = f"fact.{fact.key}"
    return render_template(
        "admin/evidence/show.html",
        fact=fact,
        form=FlaskForm(),
        templates=stating.templates_by_statement(db.session, page_language()).get(name, []),
        waiting=retracting.waiting_that_state(name),
        replaces=replaces(db.session, fact.key),
        statuses=FACT_STATUSES,
        names=names_of_actors(),
        **shared(),
    )


@bp.get(f"{ONE}/edit")
@audience(EDIT)
def ask_edit(fact_id: uuid.UUID) -> str:
    """Show a fact as a form."""
    fact = editing.find(Fact, fact_id)
    return render_template("admin/evidence/edit.html", form=FactForm.of(fact), fact=fact)


@bp.post(f"{ONE}/edit")
@audience(EDIT)
def edit(fact_id: uuid.UUID) -> ResponseReturnValue:
    """Change a fact."""
    fact = editing.find(Fact, fact_id)
    form = FactForm.of(fact)
    if form.validate_on_submit() and accepted(
        form,
        lambda: editing.edit_fact(
            fact_id,
            form.draft(),
            seen=_moment(form.seen.data),
            language=page_language(),
            actor=me(),
            now=clock.now(),
        ),
    ):
        flash(_("Saved."), "success")
        return _to_fact(fact_id)
    return make_response(render_template("admin/evidence/edit.html", form=form, fact=fact), 422)


@bp.post(f"{ONE}/check")
@audience(EDIT)
def check(fact_id: uuid.UUID) -> ResponseReturnValue:
    """Record that it is still true."""
    try:
        editing.check_fact(fact_id, actor=me(), now=clock.now())
        flash(_("Checked today."), "success")
    except Refused as refusal:
        flash(refusal.sentence, "error")
    return _to_fact(fact_id)


@bp.get(f"{ONE}/withdraw")
@audience(EDIT)
def ask_withdraw(fact_id: uuid.UUID) -> str:
    """Ask before a fact is withdrawn: how many letters will be held, and why it is done."""
    return _withdraw_page(WithdrawForm(), fact_id)


@bp.post(f"{ONE}/withdraw")
@audience(EDIT)
def withdraw(fact_id: uuid.UUID) -> ResponseReturnValue:
    """Withdraw a fact."""
    form, held = WithdrawForm(), [0]

    def act() -> None:
        held[0] = retracting.withdraw_fact(fact_id, form.reason.data, actor=me(), now=clock.now())

    if form.validate_on_submit() and accepted(form, act):
        return _taken_back(fact_id, held[0])
    return make_response(_withdraw_page(form, fact_id), 422)


@bp.get(f"{ONE}/supersede")
@audience(EDIT)
def ask_supersede(fact_id: uuid.UUID) -> str:
    """Ask which fact takes the place of this one."""
    return _supersede_page(SupersedeForm(), fact_id)


@bp.post(f"{ONE}/supersede")
@audience(EDIT)
def supersede(fact_id: uuid.UUID) -> ResponseReturnValue:
    """Put another fact in the place of this one."""
    form, held = SupersedeForm(), [0]

    def act() -> None:
        held[0] = retracting.supersede_fact(
            fact_id, form.by.data, form.reason.data, actor=me(), now=clock.now()
        )

    _offer(form, fact_id)
    if form.validate_on_submit() and accepted(form, act):
        return _taken_back(fact_id, held[0])
    return make_response(_supersede_page(form, fact_id), 422)


def _withdraw_page(form: WithdrawForm, fact_id: uuid.UUID) -> str:
    return _asked(form, fact_id, by_another=False)


def _supersede_page(form: SupersedeForm, fact_id: uuid.UUID) -> str:
    _offer(form, fact_id)
    return _asked(form, fact_id, by_another=True)


def _asked(form: WithdrawForm, fact_id: uuid.UUID, *, by_another: bool) -> str:
    fact = editing.find(Fact, fact_id)
    return render_template(
        "admin/evidence/withdraw.html",
        form=form,
        fact=fact,
        by_another=by_another,
        waiting=retracting.waiting_that_state(f"fact.{fact.key}"),
        **shared(),
    )


def _offer(form: SupersedeForm, fact_id: uuid.UUID) -> None:
    others = [fact for fact in editing.facts() if fact.status == "current" and fact.id != fact_id]
    form.offer({fact.key: f"{fact.key}: {text(fact.statement, page_language())[:80]}" for fact in others})


def _taken_back(fact_id: uuid.UUID, held: int) -> ResponseReturnValue:
    flash(_("It is not stated any more."), "success")
    if held:
        flash(ngettext("%(num)s letter is held.", "%(num)s letters are held.", held), "info")
        return redirect(url_for("admin_held.index"), 303)
    return _to_fact(fact_id)


def _to_fact(fact_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("admin_evidence.show", fact_id=fact_id), 303)


def _moment(typed: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(typed or "")
    except ValueError:
        return None


def shared() -> dict[str, object]:
    """Return what every page of the evidence desk needs."""
    return {
        "today": clock.now().date(),
        "is_stale": is_stale,
        "in_words": lambda texts: text(texts, page_language()),
        "confidences": CONFIDENCE_SHORT,
    }
